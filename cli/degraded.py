"""`kasugai degraded begin|end HOST`: a person says that a host's hardware is degraded, and takes that back.

What becomes of it is the segment's policy (`degraded`). It is one mark, whoever sets it here: what an alert says of the
host stands beside it, and ends by itself.
"""

import argparse
import asyncio
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit
from kasugai.cli.fault import carried_name, publish_about
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group

if TYPE_CHECKING:
    from kasugai.core.words.signals import Fault, Symptom

OBSERVER = "cli"
"""As whom persons speak here: whoever ends a mark need not be the one who began it."""


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "degraded",
        "Say that a host's hardware is degraded while the host lives.",
        ["kasugai degraded begin cmp1", "kasugai degraded end cmp1"],
    )
    for verb, summary in (
        ("begin", "Mark a host as degraded: its segment's policy says what is done."),
        ("end", "Take the mark back: what was done because of it is undone."),
    ):
        parser = command(
            verbs,
            verb,
            summary,
            [f"kasugai degraded {verb} cmp1", f"kasugai degraded {verb} cmp1 --id 7b1c"],
            _say(verb),
        )
        _add_words(parser)


def _add_words(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "host",
        metavar="HOST",
        type=carried_name,
        help="Nova's name of the compute service's host, byte for byte",
    )
    parser.add_argument(
        "--id", type=carried_name, metavar="EPISODE", help="repeat the word of that id: it counts once"
    )
    parser.add_argument(
        "--force", action="store_true", help="publish about a host that the inventory does not know"
    )
    add_output(parser)
    add_config_file(parser)


def _say(verb: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from kasugai.core.words.signals import Symptom

        symptom = Symptom.DOWN if verb == "begin" else Symptom.CLEAR
        make = _maker(arguments, symptom)
        kafka = settings_of(arguments).kafka
        fault, _ = asyncio.run(publish_about(kafka, arguments.host, make, force=arguments.force))
        return _tell(arguments, verb, fault)

    return run


def _maker(arguments: argparse.Namespace, symptom: "Symptom") -> "Callable[[str, int], Fault]":
    """Return what makes the word of the host's uuid and the inventory's offset."""
    from kasugai.cli.clock import now
    from kasugai.core.words.hardware import HARDWARE
    from kasugai.core.words.signals import Source, fault
    from kasugai.core.words.subject import Kind

    episode = arguments.id or str(uuid.uuid4())  # noqa: TID251 - a person's word is a new one each time, and printed

    def make(host_uuid: str, inventory_offset: int) -> "Fault":
        return fault(
            kind=Kind.PROCESS,
            detail=HARDWARE,
            host=arguments.host,
            host_uuid=host_uuid,
            observer=OBSERVER,
            source=Source.REPORTED,
            symptom=symptom,
            episode=episode,
            observed_at=now(),
            inventory_offset=inventory_offset,
        )

    return make


def _tell(arguments: argparse.Namespace, verb: str, fault: "Fault") -> int:
    from shlex import join, quote

    from kasugai.cli.terminal import data, data_json, talk

    if arguments.output == "json":
        data_json({"event_id": str(fault.event_id), "host": fault.host, "degraded": verb == "begin"})
    else:
        state = "is marked as degraded" if verb == "begin" else "is marked as degraded no more"
        data(f"{fault.host} {state} (id {fault.episode})")
    force = ["--force"] if arguments.force else []
    again = join(["kasugai", "degraded", verb, fault.host, *force, "--id", fault.episode])
    talk(f"To say the same again: {again}")
    talk(f"What comes of it: kasugai explain {quote(fault.subject.name)}")
    return Exit.OK
