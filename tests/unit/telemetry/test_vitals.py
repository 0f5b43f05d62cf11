"""What /healthz and /readyz stand on: beats, checks, and how far behind a process is."""

import asyncio
import json

import pytest

from kasugai.adapters.kafka.statistics import behind
from kasugai.adapters.telemetry.lags import Lags
from kasugai.adapters.telemetry.vitals import Vitals

PLACE = ("kasugai.signals", 3)


class Clock:
    """Hands that are moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_loop_that_stands_still_is_not_healthy(clock: Clock) -> None:
    vitals = Vitals(clock)
    vitals.expect(lambda: "")
    clock.now += 3600  # it has waited for Kafka before its loop began
    assert vitals.unhealthy() == []
    vitals.beat()
    clock.now += 9
    assert vitals.unhealthy() == vitals.unready() == []
    clock.now += 2
    assert vitals.unhealthy() == vitals.unready() == ["the loop has not turned for 11 s"]
    vitals.beat()
    assert vitals.unhealthy() == []


def test_a_running_loop_beats(clock: Clock) -> None:
    vitals = Vitals(clock)
    vitals.beat()
    clock.now += 60

    async def live() -> None:
        sampled = asyncio.Event()
        beating = asyncio.create_task(vitals.keep_beating(sampled.set))
        await sampled.wait()
        beating.cancel()

    asyncio.run(live())
    assert vitals.age == 0


def test_every_part_that_waits_is_named() -> None:
    vitals = Vitals()
    vitals.expect(lambda: "waiting for the group", lambda: "", lambda: "waiting for Nova")
    assert vitals.unready() == ["waiting for the group", "waiting for Nova"]


def test_a_process_far_behind_is_not_ready(clock: Clock) -> None:
    vitals = Vitals()
    vitals.lags = Lags(clock, clock)
    vitals.expect(lambda: "")
    vitals.lags.set({PLACE: 7})
    vitals.lags.took(PLACE, 1_000_000)
    clock.now += 10
    assert vitals.unready() == []
    clock.now += 2
    assert vitals.unready() == ["7 records behind in kasugai.signals/3, the oldest 12 s old"]


def test_the_age_is_that_of_the_record_in_hand(clock: Clock) -> None:
    lags = Lags(clock, clock)
    lags.set({PLACE: 2})
    lags.took(PLACE, 990_000)
    assert [(lag.records, lag.age) for lag in lags.read()] == [(2, 10.0)]
    lags.done(PLACE)
    lags.set({PLACE: 0})
    assert [(lag.records, lag.age) for lag in lags.read()] == [(0, 0.0)]


def test_records_that_nobody_reads_age_from_when_they_were_seen(clock: Clock) -> None:
    lags = Lags(clock, clock)
    lags.set({PLACE: 1})
    clock.now += 5
    lags.set({PLACE: 4})
    assert [lag.age for lag in lags.read()] == [5.0]
    lags.set({})
    assert lags.read() == []


def test_what_waits_for_a_lane_replaces_what_waited_before(clock: Clock) -> None:
    lags = Lags(clock, clock)
    lags.set({PLACE: 1})
    lags.waiting({PLACE: 997_000})
    assert [lag.age for lag in lags.read()] == [3.0]
    lags.waiting({})
    assert [lag.age for lag in lags.read()] == [0.0]


@pytest.mark.parametrize(
    ("offsets", "delivered", "lag"),
    [
        ({"hi_offset": 10, "committed_offset": 4, "next_offset": 10, "fetchq_cnt": 6}, 4, 6),
        ({"hi_offset": 10, "committed_offset": 4, "next_offset": 10}, 10, 6),
        ({"hi_offset": 10, "committed_offset": 10, "next_offset": 10}, 10, 0),
        # the last record is a transaction's marker, which nobody is ever handed
        ({"hi_offset": 10, "committed_offset": 9, "next_offset": 10}, 9, 0),
        ({"hi_offset": 10, "committed_offset": 9, "next_offset": 10}, 0, 0),
        # nothing was ever committed: of an empty partition, of one that is fetched, of one that was taken
        ({"hi_offset": 0, "next_offset": 0}, 0, 0),
        ({"hi_offset": 7, "next_offset": 2}, 0, 5),
        ({"hi_offset": 7, "next_offset": 7}, 3, 4),
        # nothing is known yet
        ({}, 0, 0),
    ],
)
def test_librdkafkas_statistics_tell_what_is_not_done(
    offsets: dict[str, int], delivered: int, lag: int
) -> None:
    partition = {
        "fetch_state": "active",
        "hi_offset": -1001,
        "ls_offset": -1001,
        "committed_offset": -1001,
        "next_offset": -1001,
        "fetchq_cnt": 0,
    } | offsets
    strange = partition | {"fetch_state": "none"}
    topics = {"t": {"partitions": {"-1": partition, "0": partition, "1": strange}}}
    assert behind(json.dumps({"topics": topics}), {("t", 0): delivered}) == {("t", 0): lag}


def test_who_never_commits_for_its_own_sake_has_done_what_it_was_handed() -> None:
    partition = {
        "fetch_state": "active",
        "hi_offset": 9,
        "ls_offset": 9,
        "committed_offset": 4,
        "next_offset": 9,
        "fetchq_cnt": 0,
    }
    text = json.dumps({"topics": {"t": {"partitions": {"0": partition}}}})
    assert behind(text, {("t", 0): 8}) == {("t", 0): 5}
    assert behind(text, {("t", 0): 8}, commits=False) == {("t", 0): 1}
