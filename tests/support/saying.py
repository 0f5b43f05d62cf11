"""Lines on stdout, each there once it is said: whoever says them may be killed the next moment."""

import sys


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
