"""`kasugai replay`: what was decided, decided again by today's rules or under other policies, and what differs."""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kasugai.cli.configured import policy_of
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.parser import Nouns, add_config_file, command
from kasugai.cli.spans import add_span

if TYPE_CHECKING:
    from kasugai.cli.replaying.policies import Policies
    from kasugai.cli.replaying.run import Replayed


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "replay",
        "Decide anew what was decided, or under other policies; exit 1 if any differs.",
        ["kasugai replay storm.recording --policy stricter.yaml --diff", "kasugai replay --from 7d"],
        _replay,
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=Path,
        help="a recording (kasugai record); without one: what Kafka holds from --from to --to",
    )
    add_span(parser)
    parser.add_argument(
        "--policy",
        metavar="FILE.yaml",
        help="a segment file: under its policies instead of the recorded ones, as kasugai segment apply would take it",
    )
    parser.add_argument("--diff", action="store_true", help="every decision that differs, beside the other")
    add_config_file(parser)


def _replay(arguments: argparse.Namespace) -> int:
    from kasugai.cli.replaying.text import page
    from kasugai.cli.terminal import data, talk
    from kasugai.schemas.recordings import BadRecording

    try:
        replayed = _of_file(arguments) if arguments.file is not None else _of_kafka(arguments)
    except BadRecording as error:
        raise Misused(str(error)) from error
    except OSError as error:
        raise Misused(f"{arguments.file}: cannot be read: {error.strerror}") from error
    data(*page(replayed, diff=arguments.diff))
    if not replayed.comparison.differs:
        return Exit.OK
    if replayed.comparison.decisions and not arguments.diff:
        talk("Each decision that differs: the same with --diff")
    return Exit.NO


def _of_file(arguments: argparse.Namespace) -> "Replayed":
    from kasugai.cli.replaying.run import replay

    if arguments.begin is not None or arguments.end is not None:
        raise Misused("a FILE is replayed whole: leave out --from and --to, or leave out the FILE")
    return replay(arguments.file, policies_of(arguments))


def _of_kafka(arguments: argparse.Namespace) -> "Replayed":
    """A recording of that time, which nobody keeps."""
    from kasugai.cli.record import cut_into, span_of
    from kasugai.cli.replaying.run import replay

    begin, end = span_of(arguments)
    policies = policies_of(arguments)
    with tempfile.NamedTemporaryFile(prefix="kasugai-", suffix=".recording") as file:
        cut_into(arguments, begin, end, file)
        file.flush()
        return replay(Path(file.name), policies)


def policies_of(arguments: argparse.Namespace) -> "Policies":
    """Return the policies that the command line names; those that act where it names none."""
    from kasugai.cli.replaying.policies import Policies
    from kasugai.cli.segment_file import parse

    if arguments.policy is None:
        return Policies()
    try:
        text = Path(arguments.policy).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{arguments.policy}: cannot be read: {error}") from error
    return Policies(parse(arguments.policy, text, policy_of(arguments)))
