"""Rewrites the logs of scenarios by what happens now: all of them, or those named. The reviewer reads the diff."""

import sys
from pathlib import Path

from kasugai.sim.lab.grammar import read
from kasugai.sim.lab.runner import rewrite

FOLDER = Path(__file__).parent.parent / "tests" / "scenarios"


def main(names: list[str]) -> int:
    """Rewrite and say which files changed."""
    for path in sorted(FOLDER.glob("*.scenario")):
        if names and path.stem not in names:
            continue
        text = rewrite(read(path))
        if text != path.read_text():
            path.write_text(text)
            sys.stdout.write(f"rewritten: {path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
