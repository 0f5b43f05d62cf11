"""The verbs of a scenario's script, one small function each, a module per actor. tests/scenarios/README.md is their
grammar.

A verb acts on the laboratory at its time and says so in the log as the world, an operator or a user. A new one goes
into its actor's `VERBS`; two verbs of one name do not start.
"""

from kasugai.sim.cloud.model import Ended, Refused
from kasugai.sim.lab.grammar import BadScenario, Event, Scenario, explained
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs import (
    commands,
    guests,
    hardware,
    machines,
    nova,
    people,
    pipeline,
    servers,
    witnesses,
)
from kasugai.sim.lab.verbs.verb import Verb


def perform(lab: Lab, scenario: Scenario, event: Event) -> None:
    """Carry out one line of the script."""
    for length in (3, 2, 1):
        verb = VERBS.get(" ".join(event.words[:length]))
        if verb is not None:
            try:
                sentence = verb(lab, event.words[length:])
            except Refused as no:
                sentence = f"{' '.join(event.words)}: {no}"
            except Ended:
                sentence = f"{' '.join(event.words)}: Nova's API has died, and does not answer"
            except (KeyError, ValueError, IndexError) as error:
                told = f"{' '.join(event.words)}: {explained(error)}"
                raise BadScenario(f"{scenario.path}:{event.number}: {told}") from error
            if sentence:
                lab.say("world", sentence)
            return
    raise BadScenario(f"{scenario.path}:{event.number}: no verb begins {' '.join(event.words)!r}")


def _all() -> dict[str, Verb]:
    modules = (commands, guests, hardware, machines, nova, people, pipeline, servers, witnesses)
    tables = (module.VERBS for module in modules)
    verbs: dict[str, Verb] = {"end": lambda lab, words: ""}
    for table in tables:
        if twice := verbs.keys() & table.keys():
            raise ValueError(f"two verbs of one name: {', '.join(sorted(twice))}")
        verbs |= table
    return verbs


VERBS = _all()
