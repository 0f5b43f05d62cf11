"""`python -m tests.chaos [--seed 7 | --seeds 1-20 --parallel 2] [--minutes 3]`: exit 1 when anything is lost, twice
or shot. Needs what `make services kafka-libs` brings.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Any

from tests.chaos.mutants import MUTANTS
from tests.chaos.run import Run
from tests.chaos.table import SUMS, out, row_of, show
from tests.support.machines import apart, is_apart, make_hub


def main() -> int:
    """Run one seed or several, print the table, and return the exit code."""
    arguments = _arguments()
    rows = [_one(arguments)] if arguments.seeds is None else _many(arguments)
    show(rows)
    bad = [row for row in rows if _wrong(row)]
    for row in bad:
        again = f"--seed {row['SEED']} --minutes {arguments.minutes:g}{' --agents' * arguments.agents}"
        out(f"\nseed {row['SEED']}: replay its schedule with: make chaos ARGS='{again}'")
        out(f"logs, records and Nova's state are in {row['folder']}")
        for line in _wrong(row):
            out(f"  {line}")
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seed", type=int, default=1, help="replays the schedule of that seed (default: 1)")
    which.add_argument("--seeds", help="several, each in processes of its own: 1-20 or 3,5,8")
    parser.add_argument("--parallel", type=int, default=1, help="with --seeds: so many side by side")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long blows fall (default: 3)")
    parser.add_argument(
        "--mutant", choices=sorted(MUTANTS), help="build a mistake into all processes: it must be found"
    )
    parser.add_argument(
        "--agents", action="store_true", help="an agent on a machine of its own for each host (needs root)"
    )
    parser.add_argument("--folder", type=Path, help="keep logs and configuration there, whatever comes of it")
    parser.add_argument("--result", type=Path, help="write the row there as JSON, and print no table")
    return parser.parse_args()


def _one(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.agents:
        if not is_apart():
            apart("tests.chaos", sys.argv[1:])
        make_hub()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="kc-"))
    folder.mkdir(parents=True, exist_ok=True)
    log = (folder / "story.log").open("w", buffering=1)

    def say(line: str) -> None:
        log.write(line + "\n")
        out(line)

    say(f"chaos: seed {arguments.seed}, {arguments.minutes:g} minutes, folder {folder}")
    with log:
        row = row_of(
            Run(
                arguments.seed,
                arguments.minutes * 60,
                folder,
                say,
                arguments.mutant or "",
                agents=arguments.agents,
            ).play()
        ) | {"folder": str(folder)}
        say(f"longest pause: {row['detail']['paused']}")
    if arguments.result:
        arguments.result.write_text(json.dumps(row, default=str))
    if not _wrong(row) and not row["HELD"] and arguments.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return row


def _wrong(row: dict[str, Any]) -> list[str]:
    detail = row["detail"]
    return [line for kind in ("lost", "doubled", "shot", "other") for line in detail[kind]]


def _seeds(text: str) -> list[int]:
    """Return the numbers of `1-20` or `3,5,8`."""
    parts = [part.partition("-") for part in text.split(",")]
    return [n for first, _, last in parts for n in range(int(first), int(last or first) + 1)]


def _many(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Run several seeds, each as this program for one, and tell of them by line as they go on."""
    waiting, rows, lock = deque(_seeds(arguments.seeds)), [], threading.Lock()
    base = Path(tempfile.mkdtemp(prefix="kc-"))

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                seed = waiting.popleft()
            row = _child(seed, arguments, base)
            with lock:
                rows.append(row)
                show([row])
                out(f"longest pause: {row['detail'].get('paused', '')}")
                for line in [*_wrong(row), *map(str, row["detail"].get("holds", {}).items())]:
                    out(f"  {line}")

    threads = [threading.Thread(target=work) for _ in range(arguments.parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(rows, key=lambda row: row["SEED"])


def _child(seed: int, arguments: argparse.Namespace, base: Path) -> dict[str, Any]:
    folder, result = base / str(seed), base / f"{seed}.json"
    command = [sys.executable, "-m", "tests.chaos", "--seed", str(seed), "--minutes", str(arguments.minutes)]
    if arguments.agents:
        command.append("--agents")
    if arguments.mutant:
        command += ["--mutant", arguments.mutant]
    done = subprocess.Popen(
        [*command, "--folder", str(folder), "--result", str(result)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.stdout is not None
    last: deque[str] = deque(maxlen=15)
    for line in done.stdout:
        last.append(line.rstrip())
        if "..." in line or "settles" in line:
            out(f"seed {seed:>3}  {line.rstrip()}")
    done.wait()
    if result.exists():
        row: dict[str, Any] = json.loads(result.read_text())
        if not _wrong(row) and not row["HELD"]:
            shutil.rmtree(folder, ignore_errors=True)
        return row
    return _broken(seed, folder, last)


def _broken(seed: int, folder: Path, last: "deque[str]") -> dict[str, Any]:
    """Return the row of a run that ended before its end: the laboratory itself failed, which proves nothing."""
    numbers = dict.fromkeys(("SECONDS", *SUMS), 0)
    detail = {"lost": [], "doubled": [], "shot": [], "other": ["the run broke off:", *last]}
    return {
        "SEED": seed,
        **numbers,
        "OTHER": 1,
        "LONGEST PAUSE": 0.0,
        "detail": detail,
        "folder": str(folder),
    }


if __name__ == "__main__":
    sys.exit(main())
