"""Verbs about people: an operator's hands in Nova and in the inventory, and users with their guests."""

from functools import partial

from kasugai.core.recovering.nova_views import By
from kasugai.sim.lab.grammar import options, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words


def _guest(method: str, sentence: str) -> Verb:
    def act(lab: Lab, words: Words) -> str:
        getattr(lab.cloud, method)(words[0])
        return sentence.format(words[0])

    return act


def _user(lab: Lab, words: Words, said: str) -> str:
    """user stops|starts|... GUEST; user reboots GUEST [hard]"""
    guest, *how = words
    is_hard = "hard" in options(how, *(["hard"] if said == "reboots" else []))
    lab.cloud.user_asks(guest, f"hard {USERS[said]}" if is_hard else USERS[said])
    return f"a user {said} {' '.join(words)}"


def _resize(lab: Lab, words: Words, said: str) -> str:
    """user resizes|moves|confirms|reverts GUEST"""
    (guest,) = words
    nova = lab.cloud.nova
    asked = {"resizes": nova.resize, "confirms": nova.confirm_migration, "reverts": nova.revert}
    asked["moves"] = partial(nova.migrate, target=None)
    asked[said](lab.cloud.uuid(guest), by=By.OTHERS)
    return f"a user {said} {guest}"


def _maintenance(lab: Lab, words: Words) -> str:
    """maintenance begins HOST [for TIME] | ends HOST"""
    on = words[0] == "begins"
    if not on and words[0] != "ends":
        raise ValueError("maintenance begins HOST [for TIME] | ends HOST")
    until = lab.broker.now() + int(seconds(words[3]) * 1000) if "for" in words else 0
    lab.describe_host(words[1], lab.segment_of(words[1]), on_maintenance=on, maintenance_until=until)
    return f"maintenance of {words[1]} {words[0]}{' for ' + words[3] if until else ''}"


def _arm(lab: Lab, words: Words, armed: bool) -> str:
    lab.describe_segment(words[0], armed=armed)
    return f"{words[0]} is {'armed' if armed else 'disarmed'}"


def _move_host(lab: Lab, words: Words) -> str:
    """move HOST to SEGMENT"""
    lab.describe_host(words[0], words[2], segment_id=lab.segments[words[2]].segment_id)
    return f"{words[0]} moves to {words[2]}"


def _create_host(lab: Lab, words: Words) -> str:
    """create HOST in SEGMENT [as reserve]: describe a host that Nova knows already."""
    lab.describe_host(words[0], words[2], reserved="reserve" in words)
    return f"{words[0]} is added to {' '.join(words[2:])}"


def _operator(lab: Lab, words: Words) -> str:
    """operator forces down HOST | lifts HOST | evacuates GUEST | disables HOST"""
    cloud = lab.cloud
    match words:
        case ("forces", "down", host):
            cloud.operator_forces_down(host)
        case ("lifts", host):
            cloud.operator_forces_down(host, False)
        case ("evacuates", guest):
            cloud.operator_evacuates(guest)
        case ("disables", host):
            cloud.operator_disables(host)
        case ("enables", host):
            cloud.operator_enables(host)
        case ("aborts", guest):
            cloud.operator_aborts(guest)
        case ("migrates", guest, "to", host, *rest):
            cloud.operator_live_migrates(guest, host, **_spans(rest))
        case _:
            raise ValueError("operator forces down|lifts|evacuates|disables|enables|migrates|aborts")
    return f"an operator {' '.join(words)}"


def _reset(lab: Lab, words: Words) -> str:
    """operator resets GUEST: sets it to error by hand"""
    (guest,) = words
    lab.cloud.nova.reset_state(lab.cloud.uuid(guest), by=By.OTHERS)
    return f"an operator sets {guest} to error"


def _group(lab: Lab, words: Words) -> str:
    """operator adds HOST to AGGREGATE"""
    host, _, aggregate = words
    number = next(n for n, each in lab.cloud.world.aggregates.items() if each.name == aggregate)
    lab.cloud.nova.add_to_aggregate(number, host)
    return f"an operator adds {' '.join(words)}"


def _spans(rest: list[str]) -> dict[str, float]:
    said = options(rest, "switch-after=", "finish-after=")
    return {key.replace("-", "_"): seconds(value) for key, value in said.items()}


USERS = {said: said.removesuffix("s") for said in ("stops", "starts", "reboots", "suspends", "resumes")}
USERS |= {said: said.removesuffix("s") for said in ("pauses", "unpauses", "rescues", "unrescues")}
USERS |= {said: said.removesuffix("s") for said in ("shelves", "unshelves")}
"""What users do to their guests, by the words of a script: the cloud's own word for each."""

VERBS: dict[str, Verb] = {
    "user deletes": _guest("user_deletes", "a user deletes {}"),
    "user resizes": partial(_resize, said="resizes"),
    "user moves": partial(_resize, said="moves"),
    "user confirms": partial(_resize, said="confirms"),
    "user reverts": partial(_resize, said="reverts"),
    "user locks": _guest("user_locks", "a user locks {}"),
    **{f"user {said}": partial(_user, said=said) for said in USERS},
    "maintenance": _maintenance,
    "arm": partial(_arm, armed=True),
    "disarm": partial(_arm, armed=False),
    "create": _create_host,
    "move": _move_host,
    "operator": _operator,
    "operator resets": _reset,
    "operator adds": _group,
}
