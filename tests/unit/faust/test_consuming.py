"""Remedies 1 and 3 beside what they replace: each test asks Faust's own method the same question."""

import asyncio
from collections import defaultdict
from contextlib import nullcontext
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer
from faust.types import TP

from kasugai.adapters.faust.consuming import CarefulConsumer, CarefulThread
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.progress import Progress
from tests.support.shell import Hands

ZERO, ONE = TP("signals", 0), TP("signals", 1)


class FakeFetcher:
    """Fetched records of both partitions, handed out as aiokafka does (fetcher.py:1221): empty means all."""

    _closed = False

    def __init__(self, live: set[TP] | None = None) -> None:
        """`live` is emptied while the fetch waits, as a recovery does."""
        self._live = live if live is not None else set()
        self._subscriptions = SimpleNamespace(fetch_context=nullcontext)
        self.waits: list[float] = []

    async def fetched_records(
        self,
        partitions: Any,
        timeout: float,  # noqa: ASYNC109 - aiokafka's signature
        max_records: int | None,
    ) -> dict[TP, str]:
        """Return what lies there."""
        self.waits.append(timeout)
        self._live.clear()
        return {tp: "records" for tp in (ZERO, ONE) if not partitions or tp in partitions}


def fetch(method: Any, active: set[TP], *, parked: Exception | None = None, fetcher: Any = None) -> Any:
    """Ask a `_fetch_records` for the records of `active`."""
    thread = object.__new__(CarefulThread)
    thread.consumer = cast("Any", SimpleNamespace(flow_active=True))
    consumer = SimpleNamespace(
        _closed=False,
        _fetcher=fetcher or FakeFetcher(active),
        _coordinator=SimpleNamespace(_pending_exception=parked),
    )
    return asyncio.run(method(thread, consumer, active, timeout=1.0, max_records=None))


def test_no_active_partition_means_no_record() -> None:
    assert fetch(CarefulThread._fetch_records, set()) == {}
    assert set(fetch(AIOKafkaConsumerThread._fetch_records, set())) == {ZERO, ONE}, "Faust gets all of them"


def test_the_partitions_that_were_asked_for_are_those_that_were_active_then() -> None:
    assert set(fetch(CarefulThread._fetch_records, {ZERO})) == {ZERO}
    assert set(fetch(AIOKafkaConsumerThread._fetch_records, {ZERO})) == {ZERO, ONE}, (
        "Faust's set is a living one"
    )


def test_a_fetch_waits_briefly_so_that_others_may_be_added() -> None:
    fetcher = FakeFetcher()
    fetch(CarefulThread._fetch_records, {ZERO}, fetcher=fetcher)
    assert fetcher.waits == [0.2]


class Broken(FakeFetcher):
    """Raises what the coordinator tells everybody who waits."""

    async def fetched_records(
        self,
        partitions: Any,
        timeout: float,  # noqa: ASYNC109 - aiokafka's signature
        max_records: int | None,
    ) -> dict[TP, str]:
        """Fail."""
        raise OSError("told by the coordinator")


def test_a_coordinators_error_is_left_to_the_watchdog_and_any_other_is_not() -> None:
    assert fetch(CarefulThread._fetch_records, {ZERO}, parked=OSError(), fetcher=Broken()) == {}
    with pytest.raises(OSError, match="told by"):
        fetch(CarefulThread._fetch_records, {ZERO}, fetcher=Broken())


def consumer_with(acked: list[int], committed: int, progress: Progress) -> Any:
    """A consumer whose streams have acked some offsets of partition 0."""
    consumer: Any = object.__new__(CarefulConsumer)
    consumer._acked = defaultdict(list, {ZERO: list(acked)})
    consumer._acked_index = defaultdict(set, {ZERO: set(acked)})
    consumer._gap = defaultdict(import_module("intervaltree").IntervalTree)
    consumer._committed_offset = defaultdict(lambda: None, {ZERO: committed})
    consumer.app = SimpleNamespace(care=SimpleNamespace(progress=progress))
    return consumer


def test_what_was_not_handled_is_not_committed() -> None:
    progress = Progress()
    progress.begin(0, 2)
    assert CarefulConsumer._new_offset(consumer_with([3, 4], 2, progress), ZERO) == 2
    assert Consumer._new_offset(consumer_with([3, 4], 2, progress), ZERO) == 5, (
        "Faust forgives one at the head"
    )


def test_what_was_never_delivered_is_not_committed() -> None:
    progress = Progress()
    progress.begin(0, 2)
    progress.begun(0, 2)
    progress.handled(0, 2, [])
    for kind, expected in ((CarefulConsumer, 3), (Consumer, 8)):  # Faust fills the gap that nobody saw
        consumer = consumer_with([2, 7], 2, progress)
        asyncio.run(kind._add_gap(consumer, ZERO, 3, 7))
        assert bool(consumer._gap[ZERO]) is (kind is Consumer), "what is remembered of it grows for ever"
        assert kind._new_offset(consumer, ZERO) == expected


def test_what_faust_remembers_of_acks_does_not_grow() -> None:
    progress = Progress()
    progress.begin(0, 2)
    consumer = consumer_with([2, 3, 4], 2, progress)
    CarefulConsumer._new_offset(consumer, ZERO)
    assert (consumer._acked[ZERO], consumer._acked_index[ZERO]) == ([], set())


class Seeking(SimpleNamespace):
    """As much of a consumer as seeking needs."""

    moved: dict[TP, int]

    async def perform_seek(self) -> None:
        """The committed offsets are there."""

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        """The log of partition 1 begins at 10."""
        return {ZERO: 0, ONE: 10}

    async def seek_wait(self, moved: dict[TP, int]) -> None:
        """Remember where to."""
        self.moved = moved


@pytest.mark.parametrize(
    ("committed", "starts", "moved", "told"),
    [
        pytest.param({ZERO: 5, ONE: 12}, {ZERO: 5, ONE: 12}, {}, 0, id="both committed"),
        pytest.param({ZERO: None, ONE: None}, {ZERO: 0, ONE: 10}, {ZERO: 0, ONE: 10}, 0, id="a new group"),
        pytest.param({ZERO: 5, ONE: 7}, {ZERO: 5, ONE: 10}, {ONE: 10}, 1, id="the log has moved on"),
    ],
)
def test_a_partition_starts_where_it_was_committed_or_where_its_log_begins(
    committed: dict[TP, int | None], starts: dict[TP, int], moved: dict[TP, int], told: int
) -> None:
    lines: list[Any] = []
    consumer = Seeking(
        _committed_offset=committed, moved={}, log=SimpleNamespace(error=lambda *words: lines.append(words))
    )
    consumer._warn_of_expired = lambda tp, start: CarefulConsumer._warn_of_expired(
        cast("Any", consumer), tp, start
    )
    assert asyncio.run(CarefulConsumer.seek_to_start(cast("Any", consumer), [ZERO, ONE])) == starts
    assert consumer.moved == moved
    assert len(lines) == told


class Coordinator:
    """Answers heartbeats."""

    def __init__(self, *, confirms: bool = True, generation: int | None = None) -> None:
        """`generation` is what it has after the heartbeat, if another one."""
        self.generation, self._after, self._confirms = 1, generation, confirms

    async def heartbeat(self) -> bool:
        """Answer."""
        self.generation = self._after or self.generation
        return self._confirms


@pytest.mark.parametrize(
    ("coordinator", "is_fresh"),
    [
        pytest.param(Coordinator(), True, id="confirmed"),
        pytest.param(Coordinator(confirms=False), False, id="no answer"),
        pytest.param(Coordinator(confirms=False, generation=-1), False, id="unknown member"),
        pytest.param(Coordinator(generation=2), False, id="confirmed for another generation"),
    ],
)
def test_a_heartbeat_counts_only_when_confirmed_for_its_generation(
    coordinator: Coordinator, is_fresh: bool, clock: Hands
) -> None:
    membership = Membership(10.0, clock)
    thread: Any = object.__new__(CarefulThread)
    thread.app = SimpleNamespace(care=SimpleNamespace(membership=membership))
    asyncio.run(thread._overheard(coordinator, coordinator.heartbeat)())
    assert membership.is_fresh is is_fresh
