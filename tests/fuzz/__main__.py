"""`python -m tests.fuzz [--real|--stories] [--minutes N] [--seed N]`: shoot for so long, and say what came of it.

At the shells in virtual time, with `--real` at real processes on a real Kafka and Redis. With `--stories`
small clouds, troubles and commands are drawn, and held to every invariant.
"""

import argparse
import sys
import time
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.ledger import values
from tests.fuzz.play import fired
from tests.fuzz.real import KINDS, Fire, shoot
from tests.fuzz.shots import Answer, Shot, anything
from tests.fuzz.stories import broken, story

SHOTS = 40
"""At most so many in one story."""
SHOWN = 40
"""Lines of what fell."""
texts = st.lists(st.tuples(st.sampled_from(KINDS), values), max_size=3)
AT_ONCE = 25
"""Stories between two looks at the clock."""


def main() -> int:
    """Shoot until the time is over; 1 when something fell, with the shortest story in which it does."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default: 1; 20 for a release)")
    parser.add_argument("--real", action="store_true", help="at real processes, Kafka and Redis")
    parser.add_argument("--stories", action="store_true", help="play stories that nobody wrote")
    parser.add_argument("--seed", type=int, default=None, help="begin with this one (default: by the clock)")
    arguments = parser.parse_args()
    began, stories, shots = time.monotonic(), 0, 0
    number = int(time.time()) if arguments.seed is None else arguments.seed
    if arguments.real:
        return _real(arguments.minutes, number)
    if arguments.stories:
        return _stories(arguments.minutes, number)
    while time.monotonic() - began < arguments.minutes * 60:
        told = _round(number)
        number, stories, shots = number + 1, stories + told[0], shots + told[1]
        _say(f"seed {number - 1}: {stories} stories with {shots} records, nobody fell")
    return 0


def _real(minutes: float, number: int) -> int:
    seeds = count(number)

    def rounds(fire: Fire) -> None:
        @seed(next(seeds))
        @settings(
            max_examples=AT_ONCE,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(st.lists(anything, min_size=20, max_size=SHOTS), texts)
        def play(script: list[Shot | Answer], written: list[tuple[str, str]]) -> None:
            fire(script, written)

        play()

    folder = Path(mkdtemp(prefix="kasugai-fuzz-"))
    fallen = shoot(folder, minutes, rounds, _say)
    _say(f"logs are in {folder}" if fallen else "nobody fell, nobody grew, all was told")
    for each in fallen[:SHOWN]:
        _say(each)
    return 1 if fallen else 0


def _stories(minutes: float, first: int) -> int:
    began, wrong = time.monotonic(), 0
    for number in count(first):
        if time.monotonic() - began > minutes * 60:
            _say(f"{number - first} stories, from seed {first} on: {wrong} broke something")
            return 1 if wrong else 0
        if number > first and (number - first) % AT_ONCE == 0:
            _say(f"{number - first} stories")
        if found := broken(number):
            wrong += 1
            _say(f"{story(number)}\nseed {number} breaks: {'; '.join(found)}")
    return 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _round(number: int) -> tuple[int, int]:
    """Play some stories of one seed; AssertionError, with the story, when somebody falls."""
    counted = [0, 0]

    @seed(number)
    @settings(
        max_examples=AT_ONCE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(st.lists(anything, min_size=5, max_size=SHOTS))
    def play(script: list[Shot | Answer]) -> None:
        counted[0] += 1
        counted[1] += len(script)
        if fallen := fired(script):
            raise AssertionError("; ".join(fallen))

    play()
    return counted[0], counted[1]


if __name__ == "__main__":
    sys.exit(main())
