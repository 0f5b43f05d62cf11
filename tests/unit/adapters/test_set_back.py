"""A process whose machine's clock is set back ends: librdkafka waits by that clock."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kasugai.adapters.kafka.set_back import HARMLESS, Clocks
from tests.support.machines import Clock, clock_library

HOUR = 3600.0


class Time:
    """Two clocks, and how long passes from one reading to the next."""

    def __init__(self) -> None:
        self.now, self.offset, self.pause = 1000.0, 0.0, 0.0

    def wall(self) -> float:
        self.now += self.pause
        return self.now + self.offset

    def steady(self) -> float:
        self.now += self.pause
        return self.now


def clocks_of(time: Time) -> Clocks:
    return Clocks(time.wall, time.steady)


def test_a_clock_that_goes_on_or_is_set_forth_was_not_set_back() -> None:
    time = Time()
    clocks = clocks_of(time)
    time.now += 5
    assert clocks.set_back() == 0
    time.offset += HOUR
    assert clocks.set_back() == 0


def test_a_clock_that_is_set_back_is_noticed_once() -> None:
    time = Time()
    clocks = clocks_of(time)
    time.offset -= HOUR
    assert clocks.set_back() == pytest.approx(HOUR)
    assert clocks.set_back() == 0


def test_a_clock_that_is_right_again_after_it_was_fast_has_been_set_back() -> None:
    time = Time()
    clocks = clocks_of(time)
    time.offset += HOUR
    clocks.set_back()
    time.offset = 0
    assert clocks.set_back() == pytest.approx(HOUR)


@pytest.mark.parametrize("pause", [0.5, 30.0])
def test_a_process_that_stands_still_between_two_readings_sees_no_clock_set_back(pause: float) -> None:
    time = Time()
    clocks = clocks_of(time)
    time.pause = pause
    assert [clocks.set_back() for _ in range(3)] == [0, 0, 0]
    time.pause = 0.0
    assert clocks.set_back() < HARMLESS


@pytest.mark.parametrize(("offset", "code"), [(-HOUR, 75), (HOUR, 0), (-HARMLESS / 2, 0)])
def test_a_process_that_lives_for_long_ends_with_75(tmp_path: Path, offset: float, code: int) -> None:
    """By the clock that a preloaded library sets: the machine's own is left alone."""
    library, clock = clock_library(tmp_path), Clock(tmp_path / "clock")
    program = (
        "import sys, time\n"
        "from kasugai.adapters.kafka.stranded import end_when_stranded\n"
        "end_when_stranded()\n"
        "print('at work', flush=True)\n"
        "sys.stdin.readline()\n"
        "time.sleep(4)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "LD_PRELOAD": str(library), "CLOCK_OFFSET": str(clock.file)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "at work\n"
    clock.jump(offset)
    _, said = process.communicate("\n", timeout=30)
    assert process.returncode == code
    assert ("clock was set back by" in said) == (code != 0)
