"""Records scenarios as they go now: tests/recordings/NAME.recording, with what is told of each when it is replayed.

    .venv/bin/python tools/record_scenarios.py NAME ...      # records, and writes what is told
    .venv/bin/python tools/record_scenarios.py --told        # writes what is told of those that are there

A recording that is there stays as it is, whatever the rules become: that is what it is for. Where a NAME.yaml lies
beside it, its policies are tried on it too (NAME.policy.told).
"""

import contextlib
import io
import sys
from pathlib import Path

from kasugai.cli.main import main
from kasugai.sim.lab.grammar import read
from kasugai.sim.lab.runner import record

REPO = Path(__file__).resolve().parents[1]
SCENARIOS, RECORDINGS = REPO / "tests" / "scenarios", REPO / "tests" / "recordings"


def told(*words: str) -> str:
    """Return what the command line prints of a replay, with its exit code."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main(["replay", *words])
    return f"{out.getvalue()}exit {code}\n"


def write(recording: Path) -> None:
    """Write what is told of a recording."""
    recording.with_suffix(".told").write_text(told(str(recording), "--diff"))
    policy = recording.with_suffix(".yaml")
    if policy.exists():
        text = told(str(recording), "--policy", str(policy), "--diff")
        recording.with_suffix(".policy.told").write_text(text)


if __name__ == "__main__":
    if sys.argv[1:] == ["--told"]:
        for each in sorted(RECORDINGS.glob("*.recording")):
            write(each)
    else:
        for name in sys.argv[1:]:
            target = RECORDINGS / f"{name}.recording"
            with target.open("xb") as file:
                record(read(SCENARIOS / f"{name}.scenario"), file)
            write(target)
