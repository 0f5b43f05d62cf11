"""`kasugai topics apply|check`: the topics of a deployment, made and held against their contracts."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group
from kasugai.cli.tables import Column, table

if TYPE_CHECKING:
    from kasugai.adapters.kafka.layout import Report

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
    ):
        parser = command(verbs, name, summary, examples, run)
        add_output(parser)
        add_config_file(parser)


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


def _tell(reports: "Sequence[Report]", output: str) -> int:
    from kasugai.adapters.kafka.layout import Finding
    from kasugai.cli.terminal import data, data_json, talk, width

    bad = [report for report in reports if report.finding is not Finding.OK]
    if output == "json":
        data_json([as_json(report) for report in reports])
    else:
        data(listed(reports, width()))
    if bad:
        talk(advice(bad))
    return Exit.NO if bad else Exit.OK


def listed(reports: "Sequence[Report]", width: int | None) -> str:
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
    fixable = [report for report in bad if report.is_missing or report.changes]
    if fixable:
        return f"{len(bad)} of the topics are not as they should be. To make them so: kasugai topics apply"
    return (
        f"{len(bad)} of the topics are not as they should be, and apply does not change partitions or replicas: "
        "say what is there in kasugai.conf ([stream] partitions, [kafka] replication), or make new topics"
    )
