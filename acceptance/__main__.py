"""`python -m acceptance [--only CHAPTER,... | --bench] [--keep]`: Kasugai on a real Keystone, Placement and Nova.

Exit 1 when a case failed. Everything that was started is ended by its process id, also after Ctrl-C and on failure.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, MappingProxyType

from bench import figures

from acceptance import race
from acceptance.cases import bridge, conformance, instances, masakari, outages, pipeline, rights, whatif
from acceptance.ours import Ours
from acceptance.progress import say
from acceptance.results import Result, collected, failed, show
from acceptance.stack.descendants import adopt_orphans
from acceptance.stack.layout import ADMIN
from acceptance.stack.stack import Stack
from kasugai.sim.child import ServerFailedError

Chapter = Callable[[Stack, Ours], Iterator[Result]]
CHAPTERS: Mapping[str, Chapter] = MappingProxyType(
    {
        "masakari": masakari.run,
        "pipeline": pipeline.run,
        "outages": outages.run,
        "bridge": bridge.run,
        "instances": instances.run,
        "whatif": whatif.run,
        "rights": rights.run,
        "conformance": conformance.run,
    }
)
"""In the order in which they run."""


def main() -> int:
    """Bring everything up, judge, take everything down, and return the exit code."""
    arguments = _arguments()
    adopt_orphans()
    signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="ka-"))
    tempfile.tempdir = str(folder)  # so that all that is started keeps its data below it
    say(f"folder {folder}")
    results: list[Result] = []
    try:
        _run(arguments, folder, results)
    except KeyboardInterrupt:
        say("ended, as asked")
        return 130
    except (ServerFailedError, TimeoutError) as error:
        say(f"{error}\nlogs are in {folder}")
        return 1
    finally:
        if results:
            show(results)
    if failed(results):
        say(f"logs are in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m acceptance", description=__doc__)
    parser.add_argument("--only", help=f"some of {', '.join(CHAPTERS)}, separated by commas")
    parser.add_argument(
        "--bench",
        nargs="?",
        type=int,
        const=3,
        metavar="ROUNDS",
        help="instead: let Kasugai, bare calls and Masakari take so many turns (3 unless said, 5 min each)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="go on running until Ctrl-C, and say how to use it"
    )
    arguments = parser.parse_args()
    arguments.chapters = arguments.only.split(",") if arguments.only else list(CHAPTERS)
    if arguments.bench:
        arguments.chapters = []
    if unknown := set(arguments.chapters) - set(CHAPTERS):
        parser.error(f"no chapter {', '.join(sorted(unknown))}; there are: {', '.join(CHAPTERS)}")
    return arguments


def _run(arguments: argparse.Namespace, folder: Path, results: list[Result]) -> None:
    with (
        Stack(folder) as stack,
        Ours(stack.layout, stack.wires.transport_url, with_devices=bool(arguments.bench)) as ours,
    ):
        for name in arguments.chapters:
            say(f"{name} begins")
            results += collected(name, lambda name=name: CHAPTERS[name](stack, ours))  # type: ignore[misc]
        if arguments.bench:
            figures.show(list(race.run(stack, ours, arguments.bench)), "table")
        if arguments.keep:
            _keep(stack, ours)


def _keep(stack: Stack, ours: Ours) -> None:
    """Say how to use what runs, and wait for Ctrl-C."""
    lines = [f"export {name}={value}" for name, value in stack.layout.environment(ADMIN).items()]
    (stack.layout.folder / "openrc").write_text("\n".join(lines) + "\n")
    say(
        f"the stack stays until Ctrl-C: . {stack.layout.folder}/openrc; kasugai ... --config-file {ours.config}"
    )
    while True:
        ours.processes.tend()
        time.sleep(0.5)


def _end(_: int, __: FrameType | None) -> None:
    """A supervisor's SIGTERM is Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
