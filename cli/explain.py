"""`kasugai explain SUBJECT`: why something was done, or not, and on what evidence, from recorded verdicts and plans; of
a host also how it stands now, and whether it would be recovered."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_output, command

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings
    from kasugai.core.telling.explain import Decided, Planned
    from kasugai.core.telling.incident_views import Seen
    from kasugai.core.telling.numbers import Standing
    from kasugai.core.words.inventory import HostRecord, SegmentRecord
    from kasugai.core.words.timing import Instant


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "explain",
        "Say why something was done or not, and on what evidence.",
        ["kasugai explain host/cmp1 --all", "kasugai explain process/cmp1/nova-compute"],
        _explain,
    )
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        help="a host, instance, segment or failure domain by name, or as host/NAME, instance/UUID, process/HOST/NAME, "
        "segment/NAME, domain/KIND/NAME; "
        "or the beginning of an incident's id",
    )
    parser.add_argument(
        "--all", action="store_true", help="every verdict and plan that is kept (default: the last 10)"
    )
    add_output(parser)
    add_config_file(parser)


def _explain(arguments: argparse.Namespace) -> int:
    from kasugai.cli.clock import now
    from kasugai.cli.explain_text import as_json, page, standing_json, standing_lines
    from kasugai.cli.terminal import data, data_json, talk

    read = asyncio.run(_read(settings_of(arguments).kafka))
    stands = standing(read, arguments.subject, now())
    told = choose(read.decided, read.planned, arguments.subject, stands)
    shown = told if arguments.all else told[-LAST:]
    if arguments.output == "json":
        after = [standing_json(stands)] if stands is not None else []
        data_json([as_json(each, arguments.subject) for each in shown] + after)
        return Exit.OK
    data(*page(shown, arguments.subject))
    if stands is not None:
        data(*([""] if shown else []), *standing_lines(stands, has_words=bool(told)))
    if len(shown) < len(told):
        talk(f"{len(told) - len(shown)} older ones: kasugai explain {quote(arguments.subject)} --all")
    return Exit.OK


LAST = 10
"""Verdicts and plans that are shown unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Read:
    """What the topics hold."""

    seen: "Sequence[Seen]"
    decided: "Sequence[Decided]"
    planned: "Sequence[Planned]"
    segments: "Sequence[SegmentRecord]"
    hosts: "Sequence[HostRecord]"


def choose(
    decided: "Sequence[Decided]",
    planned: "Sequence[Planned]",
    word: str,
    stands: "Standing | None" = None,
) -> "list[Decided | Planned]":
    """Return the verdicts about `word` and the plans that they led to, in the order of time; SaidNo when there are
    none and it is no host of which it is known how it stands."""
    from kasugai.api.words import canonical
    from kasugai.core.telling.explain import about, about_guest, plans_about, subjects

    word = canonical(word)
    verdicts = about(decided, word) or about_guest(decided, planned, word)
    told: list[Decided | Planned] = [*verdicts, *plans_about(planned, verdicts, word)]
    told.sort(key=lambda each: (each.at, each.offset))
    if not told and stands is None:
        known = ", ".join(subjects(decided)[:5])
        but = f" (but about {known})" if known else ""
        raise SaidNo(
            f"nothing was decided about {word}{but}, and no host is called so: kasugai incident list shows what is "
            "going on, kasugai segment show SEGMENT which hosts there are"
        )
    return told


def standing(read: Read, word: str, now: "Instant") -> "Standing | None":
    """Return how the host stands that `word` names; None where it names none."""
    from kasugai.core.telling.about import remembered, standing_of
    from kasugai.core.words.subject import host_subject

    names = {host.name for host in read.hosts} | {each.verdict.subject.host for each in read.decided}
    host = next((name for name in sorted(names - {""}) if word in (name, host_subject(name).name)), None)
    if host is None:
        return None
    return standing_of(host, remembered(read.seen, host), read.segments, read.hosts, now)


async def _read(kafka: "KafkaSettings") -> Read:
    from kasugai.adapters.kafka.inventory_reader import InventoryReader
    from kasugai.cli.recorded import replay
    from kasugai.core.telling.explain import Decided, Planned, in_order
    from kasugai.core.words.facts import Fact, FactKind
    from kasugai.core.words.verdicts import Verdict

    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        segments, hosts = list(reader.inventory.segments()), list(reader.inventory.hosts())
    seen = await replay(kafka)
    decided = in_order(
        Decided(each.at, each.offset, each.value) for each in seen if isinstance(each.value, Verdict)
    )
    planned = [
        Planned(each.at, each.offset, each.value, each.value.plan)
        for each in seen
        if isinstance(each.value, Fact) and each.value.kind is FactKind.PLAN and each.value.plan is not None
    ]
    return Read(seen, decided, planned, segments, hosts)
