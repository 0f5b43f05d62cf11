"""`kasugai sim list|run|detect`: the scenarios, in virtual time, shown in fast-forward.

A file of one's own is played as well. Ours lie in tests/scenarios/, where people read them and tests prove them; the
link sim/scenarios makes them data of the package too, so that a clone and an installation find the same files in the
same way and no copy can grow old.
"""

import argparse
import difflib
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from kasugai.cli.exits import Exit, Misused
from kasugai.cli.parser import Nouns, command, group

if TYPE_CHECKING:
    from kasugai.sim.lab.grammar import Scenario
    from kasugai.sim.lab.runner import Run

SUFFIX = ".scenario"
FAST = 60.0
"""Virtual seconds per second on a terminal."""
LONGEST_PAUSE = 2.0
"""Seconds between two lines, however long nothing happens."""
NAMED = 34
"""Columns of a scenario's name in the list; what happens is read to its end."""

_CLOCK = re.compile(r"^ *(\d+):(\d\d)  ")


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "sim",
        "Play scenarios on a simulated cloud: the real rules, in virtual time.",
        ["kasugai sim list", "kasugai sim run host-loses-power"],
    )
    command(
        verbs, "list", "List the scenarios.", ["kasugai sim list", "kasugai sim list | grep power"], _list
    )
    run = command(
        verbs,
        "run",
        "Play scenarios; hold them to their invariants, and to their log if there is one.",
        ["kasugai sim run host-loses-power --speed 10", "kasugai sim run ./my-outage.scenario"],
        _run,
    )
    run.add_argument(
        "names",
        nargs="*",
        metavar="NAME|FILE",
        help="which (see kasugai sim list), or files of your own; without one: all, briefly",
    )
    run.add_argument(
        "--speed",
        type=_speed,
        metavar="N",
        help=f"virtual seconds per second, 0 for no pauses (default: {FAST:.0f} on a terminal, 0 when piped)",
    )
    _add_detect(verbs)


def _add_detect(verbs: Nouns) -> None:
    detect = command(
        verbs,
        "detect",
        "Measure how soon dead hosts are confirmed, and that no living one is fenced.",
        ["kasugai sim detect", "kasugai sim detect --seeds 1000 --troubles 10000 --parallel 16"],
        _detect,
    )
    detect.add_argument(
        "--seeds", type=int, default=20, metavar="N", help="power losses with a BMC, and as many without"
    )
    detect.add_argument(
        "--troubles",
        type=int,
        default=8,
        metavar="N",
        help="runs in which networks flap, observers stall, links lose packets and clocks are off",
    )
    detect.add_argument(
        "--parallel",
        type=int,
        default=1,
        metavar="N",
        help="so many processes: one for each core that is idle",
    )
    detect.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed")


def folder() -> Path:
    """Return where the scenarios are."""
    return Path(str(files("kasugai.sim") / "scenarios"))


def _detect(arguments: argparse.Namespace) -> int:
    """Print what was measured; no when a limit is missed."""
    from kasugai.cli.detect_text import confirmed, fenced

    seeds = range(arguments.first, arguments.first + arguments.seeds)
    parallel = arguments.parallel
    misses = [confirmed(seeds, has_bmc=has_bmc, parallel=parallel) for has_bmc in (True, False)]
    troubles = range(arguments.first, arguments.first + arguments.troubles)
    misses.append(fenced(troubles, parallel=parallel))
    return Exit.NO if any(misses) else Exit.OK


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed, for example: --speed 60")
    return value


def _paths() -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder().glob(f"*{SUFFIX}"))}


def _list(_: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, talk
    from kasugai.sim.lab.grammar import read

    data(*(f"{name:<{NAMED}}  {read(path).name}" for name, path in _paths().items()))
    talk("To play one: kasugai sim run NAME")
    return Exit.OK


def _run(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import is_live

    chosen = _chosen(arguments.names)
    if not arguments.names:
        return _brief(chosen)
    speed = arguments.speed if arguments.speed is not None else (FAST if is_live() else 0.0)
    return max(_show(path, speed) for path in chosen)


def _chosen(names: list[str]) -> list[Path]:
    known = _paths()
    return [_found(name, known) for name in names] or list(known.values())


def _found(name: str, known: dict[str, Path]) -> Path:
    """Return the scenario of that name, else the file: what looks like a path is one."""
    if "/" not in name and name.removesuffix(SUFFIX) in known:
        return known[name.removesuffix(SUFFIX)]
    if Path(name).is_file():
        return Path(name)
    if "/" in name:
        raise Misused(f"there is no file {name}; kasugai sim list shows the scenarios that come with Kasugai")
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "kasugai sim list shows all, and a file of yours will do"
    raise Misused(f"there is no scenario {name}; {hint}")


def _brief(paths: list[Path]) -> int:
    """Play all, one line each."""
    from kasugai.cli.terminal import data, talk

    bad = 0
    for path in paths:
        scenario, run = _played(path)
        problems = _problems(scenario, run)
        bad += bool(problems)
        data(f"{'NO' if problems else 'ok':<3} {path.stem}")
        for problem in problems:
            talk(problem)
    talk(
        f"{len(paths)} scenarios, {bad} of them not as they should be"
        if bad
        else f"{len(paths)} scenarios, all well"
    )
    return Exit.NO if bad else Exit.OK


def _played(path: Path) -> "tuple[Scenario, Run]":
    from kasugai.sim.lab.grammar import BadScenario, read
    from kasugai.sim.lab.runner import play

    try:
        scenario = read(path)
        return scenario, play(scenario)
    except BadScenario as error:
        raise Misused(f"{error} (how a file is written: tests/scenarios/README.md)") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{path}: cannot be read: {error}") from error


def _show(path: Path, speed: float) -> int:
    """Play one: its story, its log as fast as asked, and what came of it."""
    from kasugai.cli.terminal import data, talk

    scenario, run = _played(path)
    talk(scenario.name, "", *scenario.story.splitlines(), "")
    for line, pause in paced(run.log, speed):
        _wait(pause)
        data(line)
    problems = _problems(scenario, run)
    for problem in problems:
        talk(problem)
    if not problems:
        talk(_well(scenario))
    return Exit.NO if problems else Exit.OK


def _well(scenario: "Scenario") -> str:
    """Say what was held to what: a file without a log says nothing about what should happen."""
    if not scenario.log:
        return f"Every invariant held. {scenario.path.name} has no log on record to be held to."
    return "Every invariant held, and the log is the one on record. Another one: kasugai sim list"


def paced(log: str, speed: float) -> Iterator[tuple[str, float]]:
    """Yield each line with the seconds to wait before it; 0 is no wait at all."""
    before = None
    for line in log.splitlines():
        match = _CLOCK.match(line)
        moment = int(match[1]) * 60 + int(match[2]) if match else None
        silence = moment - before if moment is not None and before is not None else 0
        before = moment if moment is not None else before
        yield line, min(LONGEST_PAUSE, silence / speed) if speed else 0.0


def _wait(seconds: float) -> None:
    import time

    if seconds:
        time.sleep(seconds)  # noqa: TID251 - a pause for whoever watches


def _problems(scenario: "Scenario", run: "Run") -> list[str]:
    broken = [f"invariant broken: {sentence}" for sentence in run.broken]
    differs = bool(scenario.log) and run.log != scenario.log
    return broken + (difference(scenario, run.log) if differs else [])


def difference(scenario: "Scenario", log: str) -> list[str]:
    """Return how a log differs from the one on record."""
    lines = difflib.unified_diff(
        scenario.log.splitlines(),
        log.splitlines(),
        f"{scenario.path.name} on record",
        "now",
        lineterm="",
        n=2,
    )
    return list(lines)
