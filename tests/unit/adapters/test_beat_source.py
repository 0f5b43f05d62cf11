"""Since when a partition of heartbeats is read again, by what its last owner has left."""

import subprocess
import sys

import pytest

from kasugai.adapters.kafka.beat_source import DIGITS, is_time, since_when
from kasugai.sim.embedded import EmbeddedKafka

NOW = 1_800_000_000_000
MEMORY = 60_000


@pytest.mark.parametrize(
    ("left", "since"),
    [
        ({}, NOW - MEMORY),
        ({0: NOW - 4_000}, NOW - 4_000),
        ({0: NOW - 90_000}, NOW - MEMORY),
        ({0: NOW + 3_600_000}, NOW),
        ({1: NOW - 4_000}, NOW - MEMORY),
    ],
)
def test_it_is_read_since_the_time_that_was_left_and_never_more_than_memory(
    left: dict[int, int], since: int
) -> None:
    assert since_when(left, NOW, MEMORY)(0) == since


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("1800000000000", True),
        ("", False),
        (None, False),
        ("-1", False),
        ("1e9", False),
        ("\u0663", False),
        ("9" * (DIGITS + 1), False),
    ],
)
def test_what_is_no_time_is_none(text: str | None, is_one: bool) -> None:
    assert is_time(text) is is_one


SLOW_TO_BEGIN = """
import sys, time
from kasugai.adapters.kafka.beat_source import BeatSource
from kasugai.adapters.kafka.statistics import INTERVAL
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.adapters.telemetry.lags import Lags

class Owner:
    def begin(self, numbers, roads):
        time.sleep(2 * INTERVAL / 1000)
        print(sorted(numbers), sorted(roads), flush=True)
    def end(self):
        pass

source = BeatSource(
    KafkaSettings(bootstrap_servers=sys.argv[1]), group="g", instance="1", topic="beats", memory=60_000, owner=Owner(),
    wall=lambda: int(time.time() * 1000), lags=Lags(),
)
until = time.monotonic() + 60
while not source.has_joined and time.monotonic() < until:
    source.next()
source.next()
source.close()
print("goes on")
"""


def test_one_that_is_slow_to_begin_goes_on() -> None:
    """While it begins, statistics come due: confluent-kafka ended the whole process then, in some starts on a
    busy machine (2.16.1)."""
    with EmbeddedKafka({"beats": 2}) as kafka:
        told = subprocess.run(
            [sys.executable, "-c", SLOW_TO_BEGIN, kafka.bootstrap],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert told.stdout.splitlines() == ["[0, 1] [0, 1]", "goes on"], told.stderr
