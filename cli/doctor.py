"""`kasugai doctor`: looks at all that a deployment stands on, changes nothing, and says in each line what to type."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit
from kasugai.cli.parser import Nouns, add_config_file, add_output, command

if TYPE_CHECKING:
    from kasugai.cli.checking.finding import Finding, Word


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "doctor",
        "Check what a deployment stands on, and say what to type (exit 1: a NO).",
        ["kasugai doctor", "kasugai doctor --config-file kasugai.conf -o json"],
        _doctor,
    )
    add_output(parser)
    add_config_file(parser)


def _doctor(arguments: argparse.Namespace) -> int:
    from kasugai.cli.checking.finding import Word
    from kasugai.cli.checks import found
    from kasugai.cli.terminal import data, data_json, talk

    told: list[Finding] = []
    for finding in found(settings_of(arguments)):
        told.append(finding)
        if arguments.output == "table":
            data(finding.line)
    if arguments.output == "json":
        data_json([{"part": each.part, "finding": str(each.word), "text": each.text} for each in told])
    counts = {word: sum(each.word is word for each in told) for word in Word}
    talk(_summary(counts))
    return Exit.NO if counts[Word.NO] else Exit.OK


def _summary(counts: "Mapping[Word, int]") -> str:
    from kasugai.cli.checking.finding import Word

    if counts[Word.NO]:
        return f"{counts[Word.NO]} to be mended (NO) before this can be relied upon: each line says what to type."
    said = []
    if counts[Word.OPEN]:
        said.append(f"{counts[Word.OPEN]} marked !! can be reached, read or done by more than need it.")
    if counts[Word.ODD]:
        said.append(f"{counts[Word.ODD]} marked ?? may not do what was meant.")
    return " ".join(["It works.", *said]) if said else "Nothing is wrong."
