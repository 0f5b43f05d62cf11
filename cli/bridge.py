"""`kasugai bridge`: what Nova notifies, as evidence.

With `--check` it says how Nova's notifications stand on the bus, and takes none.
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
    from kasugai.bridge.ports import Reads


def add(nouns: Nouns) -> None:
    """Add the process."""
    parser = command(
        nouns,
        "bridge",
        "Run the bridge: makes evidence of what Nova notifies, on RabbitMQ or Kafka.",
        ["kasugai bridge", "kasugai bridge --check --config-file kasugai.conf"],
        _bridge,
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="take and publish nothing, say how Nova's notifications stand on the bus; exit 1 if something is to be "
        "mended",
    )
    parser.add_argument("--demo", action="store_true", help=argparse.SUPPRESS)  # accept the embedded broker
    add_config_file(parser)


def _bridge(arguments: argparse.Namespace) -> int:
    if arguments.check:
        return _checked(settings_of(arguments, "bridge"))

    from kasugai.bridge.reading.reader import Reader

    return live(arguments, Reader())


def live(arguments: argparse.Namespace, reader: "Reads") -> int:
    """Run the process with who knows what a notification means, and return its exit code."""

    def carry(settings: "Settings", seen: "Observed") -> int:
        from kasugai.bridge.app import main
        from kasugai.bridge.ports import Unfit

        try:
            return main(settings, reader, demo=arguments.demo, vitals=seen.vitals)
        except Unfit as error:
            raise Misused(str(error)) from error

    return lived(arguments, "bridge", carry, "bridge")


def _checked(settings: "Settings") -> int:
    """Print a line for each thing as it is found, and return the exit code."""
    from kasugai.bridge.transports.opening import check
    from kasugai.cli.terminal import data

    bad = 0
    for line in check(settings.bridge):
        bad += not line.is_well
        data(f"{'ok' if line.is_well else 'NO'}  {line.text}")
    return Exit.NO if bad else Exit.OK
