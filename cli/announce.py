"""`kasugai announce`: tells of incidents outside, in chats and to pagers.

With `--check` it says who would be told what, and tells nobody.
"""

import argparse
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.parser import Nouns, add_config_file, command
from kasugai.cli.processes import lived

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings
    from kasugai.adapters.telemetry.process import Observed
    from kasugai.announcers.receivers_file import Receiver


def add(nouns: Nouns) -> None:
    """Add the process."""
    parser = command(
        nouns,
        "announce",
        "Run the announcer: tells of incidents in chats and to pagers.",
        ["kasugai announce", "kasugai announce --check"],
        _announce,
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="tell nobody, say who would be told what; exit 2 if a file is wrong",
    )
    parser.add_argument("--demo", action="store_true", help=argparse.SUPPRESS)  # accept the embedded broker
    add_config_file(parser)


def _announce(arguments: argparse.Namespace) -> int:
    receivers = _fit(settings_of(arguments))
    if arguments.check:
        return _checked(receivers)

    def live(settings: "Settings", seen: "Observed") -> int:
        from kasugai.announcers.app import main

        return main(settings, receivers, demo=arguments.demo, vitals=seen.vitals)

    return lived(arguments, "announce", live)


def _fit(settings: "Settings") -> "tuple[Receiver, ...]":
    from kasugai.adapters.links import BadKeys
    from kasugai.announcers.app import fit
    from kasugai.announcers.receivers_file import BadReceivers

    try:
        return fit(settings.announce)[0]
    except (BadReceivers, BadKeys) as error:
        raise Misused(str(error)) from error


def _checked(receivers: "tuple[Receiver, ...]") -> int:
    """Print a line for each."""
    from kasugai.cli.terminal import data

    for receiver in receivers:
        where = ", ".join(sorted(receiver.segments)) or "all segments"
        data(f"{receiver.name}: {', '.join(sorted(receiver.severities))} of {where}")
    return Exit.OK
