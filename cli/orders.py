"""What a person tells a segment, a host or an incident to do: published to kasugai.commands, and no other way.

It looks up whom the command concerns and says what to type next. Whether the command fits is correlate's to decide;
its answer is a verdict, with the person's reason in it.
"""

import argparse
import asyncio
import getpass
import os
import uuid
from collections.abc import Awaitable, Callable
from shlex import quote
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, Run, add_config_file, add_output, command

if TYPE_CHECKING:
    from kasugai.adapters.inventory import Inventory
    from kasugai.adapters.settings import KafkaSettings
    from kasugai.core.words.signals import Command, Stamp

LIMITS = ("storm", "hold", "fence", "quarantine")

About = Callable[["KafkaSettings", "Inventory", argparse.Namespace], Awaitable[dict[str, Any]]]
"""Looks up whom a command concerns, as fields of `Command`."""

SEGMENT_ORDERS = (
    ("arm", "Let a segment act again after a disarm (also after `undecidable`).", ""),
    ("disarm", "Let a segment do nothing: what is under way begins nothing further.", ""),
    ("approve", "Let a segment go on beyond the limit that holds it.", " --limit storm --up-to 5"),
)
INCIDENT_ORDERS = (
    ("hold", "Do nothing (further) about a host, instance or process until that is approved.", ""),
    (
        "approve",
        "Let one host pass the limit that holds it (fence: you vouch that it is off).",
        " --limit fence",
    ),
    ("cancel", "Give an incident up: withdrawn before any effect, held after one.", ""),
    ("retry", "Try a held or failed incident again now.", ""),
    (
        "retire",
        "Give a host up that does not come back: its compute service is deleted in Nova.",
        "",
    ),
)


def add_segment_orders(verbs: Nouns) -> None:
    """Add arm, disarm and approve."""
    for order, summary, words in SEGMENT_ORDERS:
        example = f"kasugai segment {order} rack1{words} --reason ann"
        parser = _command(verbs, order, summary, example, _order_segment)
        parser.add_argument("segment", metavar="SEGMENT", help="its name, or its id")


def add_incident_orders(verbs: Nouns) -> None:
    """Add hold, approve, cancel, retry and retire."""
    for order, summary, words in INCIDENT_ORDERS:
        example = f'kasugai incident {order} cmp1{words} --reason "by ann"'
        parser = _command(verbs, order, summary, example, _order_incident)
        parser.add_argument(
            "incident",
            metavar="INCIDENT",
            help="a host by its exact name, the beginning of an incident's id, an instance's uuid or "
            "process/HOST/NAME with an incident",
        )


def _command(verbs: Nouns, order: str, summary: str, example: str, run: Run) -> argparse.ArgumentParser:
    parser = command(verbs, order, summary, [example, f"{example} -o json"], run)
    parser.set_defaults(order=order, limit=None, up_to=0)
    parser.add_argument(
        "--reason", required=True, help="why: it stands in every verdict that follows from it"
    )
    if order == "approve":
        parser.add_argument(
            "--limit", choices=LIMITS, required=True, help="what may be passed; nothing that is not named"
        )
        parser.add_argument(
            "--up-to",
            type=int,
            default=0,
            metavar="N",
            help="a storm of at most N unhealthy hosts; a segment's approval must say it, one host's need not",
        )
    parser.add_argument("--id", metavar="ID", help="repeat the command of that id: it counts once")
    parser.add_argument("--author", default="", metavar="NAME", help="who says so (default: your login)")
    add_output(parser)
    add_config_file(parser)
    return parser


def _order_segment(arguments: argparse.Namespace) -> int:
    return _order(arguments, _about_segment, f"kasugai explain {quote(f'segment/{arguments.segment}')}")


def _order_incident(arguments: argparse.Namespace) -> int:
    return _order(arguments, _about_incident, f"kasugai explain {quote(arguments.incident)}")


def _order(arguments: argparse.Namespace, about: About, follow: str) -> int:
    from kasugai.cli.terminal import data, data_json, talk

    _check(arguments)
    order, stamp = asyncio.run(_publish(settings_of(arguments).kafka, arguments, about))
    if arguments.output == "json":
        data_json(as_json(order, stamp))
    else:
        data(sentence(order, getattr(arguments, "segment", "")))
    talk(f"What comes of it: {follow}")
    return Exit.OK


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.reason.strip():
        raise Misused('--reason is empty: say why, for example --reason "switch replaced"')
    if arguments.up_to < 0:
        raise Misused(f"--up-to {arguments.up_to}: a number of hosts, for example --up-to 5")
    if arguments.up_to and arguments.limit != "storm":
        raise Misused("--up-to goes with --limit storm")
    if arguments.limit == "storm" and not arguments.up_to and "segment" in arguments:
        raise Misused(
            "--limit storm needs --up-to N: how many unhealthy hosts you have seen (kasugai incident list), "
            "so that whoever dies meanwhile is not approved too"
        )
    try:
        arguments.id = uuid.UUID(arguments.id) if arguments.id else None
    except ValueError as error:
        raise Misused(f"--id {arguments.id}: is no id that a command has printed") from error


async def _publish(
    kafka: "KafkaSettings", arguments: argparse.Namespace, about: About
) -> "tuple[Command, Stamp]":
    from kasugai.adapters.kafka.inventory_reader import InventoryReader
    from kasugai.adapters.kafka.producer import Producer
    from kasugai.schemas.topics import COMMANDS

    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        found = await about(kafka, reader.inventory, arguments)
    order = compose(arguments, found, login_at=kafka.sasl_username)
    async with Producer(kafka, "kasugai-cli") as producer:
        return order, await producer.send(COMMANDS, order)


async def _about_segment(
    _kafka: "KafkaSettings", inventory: "Inventory", arguments: argparse.Namespace
) -> dict[str, Any]:
    segments = list(inventory.segments())
    for segment in segments:
        if arguments.segment in (segment.name, segment.segment_id):
            return {"segment": segment.segment_id}
    known = ", ".join(sorted(segment.name for segment in segments)[:5]) or "none"
    raise SaidNo(
        f"the inventory does not know the segment {arguments.segment} (it knows {known}): kasugai segment list"
    )


async def _about_incident(
    kafka: "KafkaSettings", inventory: "Inventory", arguments: argparse.Namespace
) -> dict[str, Any]:
    from kasugai.cli.finding import find
    from kasugai.cli.recorded import replay
    from kasugai.core.telling.incident_views import fold
    from kasugai.core.words.subject import host_subject

    host = inventory.host_named(arguments.incident)
    if host is not None:
        return {"segment": host.segment_id, "subject": host_subject(host.name)}
    view = find(list(fold(await replay(kafka))), arguments.incident)
    return {"segment": view.segment, "subject": view.subject, "incident": view.incident}


def compose(arguments: argparse.Namespace, about: dict[str, Any], login_at: str = "") -> "Command":
    """Return the command that the command line describes, about what was looked up. `login_at`: as whom it goes in to
    Kafka. It is told with the author's name, which is what the machine or `--author` says: neither proves anything to
    whoever reads it (docs/operators/access.md)."""
    from kasugai.core.words.signals import Command, Instruction, Limit

    return Command(
        command_id=arguments.id or uuid.uuid4(),  # noqa: TID251 - a person's word is new each time, and printed
        order=Instruction(arguments.order),
        limit=Limit(arguments.limit) if arguments.limit else None,
        up_to=arguments.up_to,
        at_once=getattr(arguments, "now", False),
        author=_signed(arguments.author or login(), login_at),
        reason=arguments.reason.strip(),
        **about,
    )


def _signed(author: str, login_at: str) -> str:
    return f"{author} as {login_at}" if login_at else author


def login() -> str:
    """Return who is typing; the number of the user where the machine has no name for it, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def sentence(order: "Command", segment: str = "") -> str:
    """Return what was published as a sentence; `segment` is what its segment was called by who ordered it."""
    whom = order.subject.title if order.subject is not None else f"segment {segment or order.segment}"
    limit = (
        f" the {order.limit}" + (f" of up to {order.up_to} hosts" if order.up_to else "")
        if order.limit
        else ""
    )
    return f"told {whom} to {order.order}{limit}: {order.reason} (by {order.author}, id {order.command_id})"


def as_json(order: "Command", stamp: "Stamp") -> dict[str, Any]:
    """Return the stable form of what was published, with where it stands."""
    from kasugai.schemas.plain import to_json

    return to_json(order) | {"partition": stamp.partition, "offset": stamp.offset}
