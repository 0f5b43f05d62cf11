"""`kasugai topics apply|check|remake`: the topics of a deployment, made and held against their contracts, made anew."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group
from kasugai.cli.tables import Column, table

if TYPE_CHECKING:
    from kasugai.adapters.kafka.layout import Report
    from kasugai.adapters.settings import Settings

COLUMNS = (Column("TOPIC"), Column("FINDING"), Column("WHAT DIFFERS"))


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "topics",
        "Make Kasugai's topics in Kafka, or check them.",
        ["kasugai topics apply", "kasugai topics check -o json"],
    )
    for name, summary, examples, run in (
        (
            "apply",
            "Make missing topics and correct their settings; nothing is ever deleted.",
            ["kasugai topics apply", "kasugai topics apply --config-file kasugai.conf"],
            _apply,
        ),
        (
            "check",
            "Check that the topics are as their contracts say (exit 1: they are not).",
            ["kasugai topics check", "kasugai topics check -o json"],
            _check,
        ),
        (
            "remake",
            "Make the topics anew with another number of partitions: their past is lost.",
            ["kasugai topics remake", "kasugai topics remake --forget-history"],
            _remake,
        ),
    ):
        parser = command(verbs, name, summary, examples, run)
        add_output(parser)
        add_config_file(parser)
        if run is _remake:
            parser.add_argument(
                "--forget-history",
                action="store_true",
                help="do it: without, only say what would be forgotten",
            )
            parser.add_argument(
                "--forget-open",
                action="store_true",
                help="also while an incident is open that nobody can end any more, its effects included",
            )


def _apply(arguments: argparse.Namespace) -> int:
    from kasugai.adapters.kafka.layout import wanted
    from kasugai.adapters.kafka.topics import Topics

    settings = settings_of(arguments)
    return _tell(Topics(settings).apply(wanted(settings)), arguments.output)


def _check(arguments: argparse.Namespace) -> int:
    from kasugai.adapters.kafka.layout import wanted
    from kasugai.adapters.kafka.topics import Topics

    settings = settings_of(arguments)
    return _tell(Topics(settings).check(wanted(settings)), arguments.output)


def _remake(arguments: argparse.Namespace) -> int:
    """Make the topics anew, if nothing is under way and nobody reads them."""
    from kasugai.adapters.kafka.remaking import Remaking
    from kasugai.cli.terminal import talk

    settings = settings_of(arguments)
    remaking = Remaking(settings)
    if not arguments.forget_open:
        _refuse_unfinished(settings)
    if busy := remaking.busy():
        raise SaidNo(
            f"{', '.join(busy)} has members: stop every process of Kasugai first (one that was killed counts "
            "for ten seconds more)"
        )
    if not arguments.forget_history:
        talk(
            "Nobody reads. All topics but kasugai.inventory, with every fault, verdict and "
            "incident on them, every disarm and hold by command, and all that Redis keeps would be forgotten: add "
            "--forget-history"
        )
        return Exit.NO
    reports = remaking.remake()
    talk("Made anew. Start the processes again; the segments are as they were.")
    return _tell(reports, arguments.output)


def _refuse_unfinished(settings: "Settings") -> None:
    """What is under way must not be forgotten: SaidNo names it."""
    import asyncio

    from kasugai.cli.recorded import replay
    from kasugai.core.telling.incident_views import fold

    views = fold(asyncio.run(replay(settings.kafka)))
    going = [
        f"{view.subject.title} ({str(view.incident)[:8]})"
        for view in views
        if view.incident and view.until is None
    ]
    if going:
        raise SaidNo(f"not while an incident is open: {', '.join(going)}; see kasugai incident list")


def _tell(reports: "Sequence[Report]", output: str) -> int:
    from kasugai.adapters.kafka.layout import Finding
    from kasugai.cli.terminal import data, data_json, talk, width

    bad = [report for report in reports if report.finding is not Finding.OK]
    if output == "json":
        data_json([as_json(report) for report in reports])
    else:
        data(*listed(reports, width()))
    if bad:
        talk(advice(bad))
    return Exit.NO if bad else Exit.OK


def listed(reports: "Sequence[Report]", width: int | None) -> list[str]:
    """Return the reports as a table."""
    rows = [(report.topic, str(report.finding), ", ".join(report.differences) or "-") for report in reports]
    return table(COLUMNS, rows, width)


def as_json(report: "Report") -> dict[str, Any]:
    """Return the stable form of a report."""
    return {
        "topic": report.topic,
        "finding": str(report.finding),
        "differences": list(report.differences),
        "missing": report.is_missing,
    }


def advice(bad: "Sequence[Report]") -> str:
    """Return what to type next."""
    from kasugai.adapters.kafka.layout import Finding

    fixable = [report for report in bad if report.is_missing or report.changes]
    if all(report.finding is Finding.CANNOT_SAY for report in bad):
        return (
            f"The broker does not say how it keeps {len(bad)} of the topics (busy, just started, or a demo's): ask "
            "again; nothing is known to be wrong"
        )
    if fixable:
        return f"{len(bad)} of the topics are not as they should be. To make them so: kasugai topics apply"
    return (
        f"{len(bad)} of the topics are not as they should be, and apply does not change partitions or replicas: "
        "say what is there in kasugai.conf ([stream] partitions, [kafka] replication), or make new topics with "
        "kasugai topics remake"
    )
