"""Route's loop under virtual time: nothing is committed before it is published, and what failed is read again."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.kafka.client import ROOMY
from kasugai.adapters.kafka.records import Incoming, Outgoing
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import (
    Command,
    Fault,
    Instruction,
    InventoryChange,
    Letter,
    Source,
    Stamp,
    Tick,
    fault,
)
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.topics import COMMANDS, FAULTS, INVENTORY, REPORTED, SIGNALS
from kasugai.sim.loop import run
from kasugai.streams.route import Route
from kasugai.streams.route_breaker import CONSECUTIVE, WINDOW
from kasugai.streams.route_shell import DAY, INVENTORY_PARTITION, INVENTORY_PATIENCE, PAUSE, RouteShell

RACK = SegmentRecord(segment_id="rack1", name="one")
HOST = HostRecord(host_uuid="uuid-1", name="cmp1", segment_id="rack1")
REPORT = fault(host="cmp1", host_uuid="uuid-1", observer="api", source=Source.REPORTED, episode="e1")


def record(value: object, *, topic: str = REPORTED, offset: int = 0, trace: str = "") -> Incoming:
    """A record as it comes in."""
    raw = value if isinstance(value, bytes | None) else encode(value)
    headers = ((("traceparent", trace.encode()),)) if trace else ()
    return Incoming(topic=topic, partition=0, offset=offset, at=0, key=b"cmp1", value=raw, headers=headers)


@dataclass
class World:
    """Source, sink, grave and inventory in one; `story` is what happened in order."""

    batches: list[list[Incoming]]
    owned: frozenset[tuple[str, int]] = frozenset()
    story: list[str] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    buried: list[tuple[int, str]] = field(default_factory=list)
    away: int = 0
    """How many publications fail."""
    reaches_at: float = 0.0
    asked: list[int] = field(default_factory=list)
    idle: float = 0.2

    async def next(self) -> list[Incoming]:
        """Return a batch, or nothing after a moment."""
        if self.batches:
            return self.batches.pop(0)
        await asyncio.sleep(self.idle)
        return []

    async def commit(self, records: Sequence[Incoming]) -> bool:
        """Tell."""
        self.story.append(f"commit {[record.offset for record in records]}")
        return True

    async def rewind(self, records: Sequence[Incoming]) -> None:
        """Put the batch back."""
        self.story.append("rewind")
        self.batches.insert(0, list(records))

    async def publish_all(self, records: Sequence[Outgoing]) -> list[Stamp]:
        """Take the letters, or refuse."""
        await asyncio.sleep(0.01)
        if self.away:
            self.away -= 1
            raise LogAway("signals: _MSG_TIMED_OUT")
        self.story.append(f"publish {len(records)}")
        self.sent += records
        values = [decode(record.value or b"") for record in records]
        self.letters += [value for value in values if isinstance(value, Letter)]
        return []

    async def bury(self, record: Incoming, error: Exception) -> Stamp:
        """Take a dead letter."""
        await asyncio.sleep(0.01)
        self.story.append("bury")
        self.buried.append((record.offset, str(error)))
        return Stamp(partition=0, offset=0, at=BrokerTime(0))

    async def reached(self, offset: int, patience: float) -> bool:
        """Be there at a certain time."""
        self.asked.append(offset)
        loop = asyncio.get_running_loop()
        wait = max(0.0, self.reaches_at - loop.time())
        await asyncio.sleep(min(wait, patience))
        return wait <= patience


Scene = Callable[[World, RouteShell, Route], Coroutine[Any, Any, None]]


def play(world: World, seconds: float = 1.0, then: Scene | None = None) -> World:
    """Let route run for so long in virtual time."""

    async def main() -> None:
        route = Route()
        for known in (RACK, HOST):
            route.learn(known)
        shell = RouteShell(route, source=world, sink=world, grave=world, inventory=world)
        running = asyncio.create_task(shell.run())
        await asyncio.sleep(seconds)
        if then is not None:
            await then(world, shell, route)
        assert not running.done(), running
        running.cancel()

    run(main())
    return world


def test_a_batch_is_published_as_one_and_committed_after() -> None:
    world = play(World([[record(REPORT, offset=number) for number in range(3)]]))
    assert world.story == ["publish 3", "commit [0, 1, 2]"]
    assert world.letters == [Letter(segment="rack1", signal=REPORT)] * 3
    assert {sent.topic for sent in world.sent} == {SIGNALS}
    assert {sent.key for sent in world.sent} == {b"rack1"}


def test_a_command_carries_when_it_was_said() -> None:
    said = Command(
        command_id=UUID(int=1),
        order=Instruction.ARM,
        segment="rack1",
        author="ann",
        reason="go",
        said_at=BrokerTime(99),
    )
    world = play(World([[replace(record(said, topic=COMMANDS), at=7)]]))
    assert world.letters == [Letter(segment="rack1", signal=replace(said, said_at=BrokerTime(7)))]


def test_an_assertion_carries_when_it_was_made_at_the_latest_and_a_testimony_does_not() -> None:
    vouched = replace(REPORT, asserted=True)
    world = play(World([[replace(record(vouched), at=7), replace(record(REPORT, offset=1), at=8)]]))
    said = [letter.signal.said_at for letter in world.letters if isinstance(letter.signal, Fault)]
    assert said == [BrokerTime(7), BrokerTime(0)]


def test_what_cannot_be_read_is_buried_before_the_commit_and_the_rest_goes_on() -> None:
    stranger = encode(Letter(segment="", signal=Tick(period=Millis(500))))
    batch = [record(REPORT), record(b"rubbish", offset=1), record(stranger, offset=2), record(None, offset=3)]
    world = play(World([batch]))
    assert world.story == ["bury", "bury", "bury", "publish 1", "commit [0, 1, 2, 3]"]
    reasons = dict(world.buried)
    assert "not Confluent framing" in reasons[1]
    assert reasons[2] == f"a Letter does not belong on {REPORTED}"
    assert "short data" in reasons[3]


def test_a_fault_with_an_endless_name_is_put_aside_and_the_batch_goes_on() -> None:
    endless = replace(REPORT, observer="x" * 300)
    world = play(World([[record(endless), record(REPORT, offset=1)]]))
    assert world.story == ["bury", "publish 1", "commit [0, 1]"]
    assert world.buried == [(0, "observer has 300 characters, at most 255 are taken")]


def test_a_letter_that_no_broker_takes_is_put_aside_and_the_batch_goes_on() -> None:
    """Else it would be tried for ever, and everything behind it would wait."""
    command = Command(
        command_id=UUID(int=1), order=Instruction.ARM, segment="rack1", author="me", reason="x" * ROOMY
    )
    world = play(World([[record(command, topic=COMMANDS), record(REPORT, offset=1)]]))
    assert world.story == ["bury", "publish 1", "commit [0, 1]"]
    assert world.buried[0][0] == 0 and "too large" in world.buried[0][1]


def test_a_deleted_key_of_the_inventory_is_no_dead_letter() -> None:
    world = play(World([[record(None, topic=INVENTORY)]]))
    assert world.story == ["publish 0", "commit [0]"]


def test_when_kafka_is_away_the_batch_is_read_again() -> None:
    world = play(World([[record(REPORT)]], away=2), seconds=3 * PAUSE)
    assert world.story == ["rewind", "rewind", "publish 1", "commit [0]"]
    assert world.letters == [Letter(segment="rack1", signal=REPORT)]


def test_the_trace_of_a_record_goes_on_with_its_letter() -> None:
    world = play(World([[record(REPORT, trace="00-1-2-01")]]))
    assert ("traceparent", b"00-1-2-01") in world.sent[0].headers


@pytest.mark.parametrize(("reaches_at", "after"), [(2.0, 2.0), (60.0, INVENTORY_PATIENCE)])
def test_a_report_waits_for_the_inventory_but_not_for_ever(reaches_at: float, after: float) -> None:
    told = replace(REPORT, inventory_offset=41)

    async def early(world: World, shell: RouteShell, route: Route) -> None:
        assert world.story == []
        await asyncio.sleep(0.2)
        assert world.story == ["publish 2", "commit [0, 1]"]

    batch = [record(told), record(REPORT, offset=1)]
    world = play(World([batch], reaches_at=reaches_at), seconds=after - 0.1, then=early)
    assert world.asked == [41]


def test_an_agents_record_waits_for_nothing() -> None:
    told = replace(REPORT, inventory_offset=41)
    world = play(World([[record(told, topic=next(iter(FAULTS.values())))]], reaches_at=60.0))
    assert world.asked == []
    assert world.story == ["publish 1", "commit [0]"]


def test_the_whole_inventory_is_told_by_the_owner_of_its_partition_at_once_and_daily() -> None:
    everything = [InventoryChange(record=RACK), InventoryChange(record=HOST)]
    assert play(World([], idle=600.0), seconds=2 * DAY).letters == []
    world = play(World([], owned=frozenset({INVENTORY_PARTITION}), idle=600.0), seconds=2.5 * DAY)
    assert [letter.signal for letter in world.letters] == everything * 3


def test_who_gets_the_inventory_partition_back_tells_it_again() -> None:
    async def lose_and_get(world: World, shell: RouteShell, route: Route) -> None:
        assert len(world.letters) == 2
        world.owned = frozenset()
        await asyncio.sleep(1.0)
        world.owned = frozenset({INVENTORY_PARTITION})
        await asyncio.sleep(1.0)
        assert len(world.letters) == 4

    play(World([], owned=frozenset({INVENTORY_PARTITION})), then=lose_and_get)


def test_an_inventory_that_kafka_did_not_take_is_told_again() -> None:
    world = play(World([], owned=frozenset({INVENTORY_PARTITION}), away=1), seconds=3 * PAUSE)
    assert len(world.letters) == 2


def test_too_many_dead_letters_make_it_rest(caplog: pytest.LogCaptureFixture) -> None:
    bad = [[record(b"rubbish", offset=number)] for number in range(CONSECUTIVE + 1)]

    async def rested(world: World, shell: RouteShell, route: Route) -> None:
        world.batches.append([record(REPORT, offset=100)])
        await asyncio.sleep(WINDOW / 2)
        assert world.letters == []
        await asyncio.sleep(WINDOW)
        assert len(world.letters) == 1

    play(World(bad), seconds=5.0, then=rested)
    assert any("route rests" in line for line in caplog.messages)
