"""`kasugai policy sample`: every rule of the REST API as a policy file, for operators to change."""

import argparse
from pathlib import Path

from kasugai.cli.exits import Exit
from kasugai.cli.parser import Nouns, command, group


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "policy",
        "Show who may do what over the REST API.",
        ["kasugai policy sample", "kasugai policy sample --output-file /etc/kasugai/policy.yaml"],
    )
    parser = command(
        verbs,
        "sample",
        "Print a policy file with every rule and its default, commented out.",
        ["kasugai policy sample", "kasugai policy sample --output-file policy.yaml"],
        _sample,
    )
    parser.add_argument("--output-file", metavar="FILE", help="write it there instead of printing it")


def _sample(arguments: argparse.Namespace) -> int:
    from kasugai.api.policies import sample
    from kasugai.cli.terminal import data

    if arguments.output_file:
        Path(arguments.output_file).write_text(sample())
    else:
        data(*sample().splitlines())
    return Exit.OK
