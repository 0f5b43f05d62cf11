"""Route's loop under virtual time: nothing is committed before it is published, and what failed is read again."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.kafka.client import MAX_MESSAGE_BYTES
from kasugai.adapters.kafka.records import Incoming, Outgoing
from kasugai.adapters.proving.opening import Unasked
from kasugai.core.recovering.doors import LogAway, LogRefused
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import (
    REPORT_LASTS,
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
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.keys import key_of
from kasugai.schemas.topics import COMMANDS, FAULTS, INVENTORY, PEERS, RECOVERY, REPORTED, SIGNALS
from kasugai.sim.lab.broker import Broker
from kasugai.sim.lab.proving import BrokerPast
from kasugai.sim.loop import run
from kasugai.streams.route import Route
from kasugai.streams.route_breaker import CONSECUTIVE, WINDOW
from kasugai.streams.route_shell import DAY, INVENTORY_PARTITION, INVENTORY_PATIENCE, PAUSE, RouteShell
from kasugai.streams.speakers import Speakers
from tests.support.unbounded import frame
from tests.unit.core.makers import fact

RACK = SegmentRecord(segment_id="rack1", name="one")
HOST = HostRecord(host_uuid="uuid-1", name="cmp1", segment_id="rack1")
REPORT = fault(host="cmp1", host_uuid="uuid-1", observer="api", source=Source.REPORTED, episode="e1")


def record(value: object, *, topic: str = REPORTED, offset: int = 0, trace: str = "") -> Incoming:
    """A record as it comes in."""
    raw = value if isinstance(value, bytes | None) else encode(value)
    headers = ((("traceparent", trace.encode()),)) if trace else ()
    key = (key_of(value) or "").encode() if isinstance(value, Fault | Command) else b"cmp1"
    return Incoming(topic=topic, partition=0, offset=offset, at=0, key=key, value=raw, headers=headers)


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
    ends_at: int = 42
    asked: list[int] = field(default_factory=list)
    idle: float = 0.2
    resting: frozenset[str] = frozenset()
    speakers: Speakers | None = None
    """None: nobody asks who speaks."""

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

    async def rest(self, topics: frozenset[str]) -> None:
        """Take note."""
        self.resting = topics

    async def publish_all(self, records: Sequence[Outgoing]) -> list[Stamp]:
        """Take the letters, or refuse."""
        await asyncio.sleep(0.01)
        if self.away:
            self.away -= 1
            raise LogAway("signals: _MSG_TIMED_OUT")
        if any(record.size > MAX_MESSAGE_BYTES for record in records):
            raise LogRefused("signals: MSG_SIZE_TOO_LARGE")
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
        if patience:
            self.asked.append(offset)
        loop = asyncio.get_running_loop()
        wait = max(0.0, self.reaches_at - loop.time())
        await asyncio.sleep(min(wait, patience))
        return wait <= patience

    async def end(self) -> int:
        """Tell where it ends."""
        return self.ends_at


Scene = Callable[[World, RouteShell, Route], Coroutine[Any, Any, None]]


def play(world: World, seconds: float = 1.0, then: Scene | None = None) -> World:
    """Let route run for so long in virtual time."""

    async def main() -> None:
        route = Route()
        for known in (RACK, HOST):
            route.learn(known)
        speakers = world.speakers or Speakers(Unasked(), BrokerPast(Broker()))
        shell = RouteShell(route, source=world, sink=world, grave=world, inventory=world, speakers=speakers)
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


def test_a_fault_carries_when_it_was_made_at_the_latest() -> None:
    vouched = replace(REPORT, asserted=True)
    world = play(World([[replace(record(vouched), at=7), replace(record(REPORT, offset=1), at=8)]]))
    said = [letter.signal.said_at for letter in world.letters if isinstance(letter.signal, Fault)]
    assert said == [BrokerTime(7), BrokerTime(8)]


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
    endless = frame(replace(REPORT, observer="x" * 300))
    world = play(World([[record(endless), record(REPORT, offset=1)]]))
    assert world.story == ["bury", "publish 1", "commit [0, 1]"]
    assert world.buried == [(0, "Fault: Fault.observer has 300 bytes, at most 255 are taken")]


def test_a_record_under_another_key_than_its_hosts_is_put_aside() -> None:
    """It lies in another partition than what else is said of the host, and would overtake it."""
    elsewhere = replace(record(REPORT), key=b"cmp9")
    keyless = replace(record(REPORT, offset=1), key=None)
    order = Command(
        command_id=UUID(int=1), order=Instruction.ARM, segment="rack1", author="me", reason="drill"
    )
    stray = replace(record(order, topic=COMMANDS, offset=2), key=b"rack2")
    world = play(World([[elsewhere, keyless, stray]]))
    assert world.letters == []
    assert [why.partition(",")[0] for _, why in world.buried] == [
        "it is about cmp1",
        "it is about cmp1",
        "it is about rack1",
    ]


def test_a_word_is_as_old_as_its_record_whatever_its_sender_wrote() -> None:
    said = replace(REPORT, said_at=BrokerTime(9_000), observed_at=3)
    world = play(World([[replace(record(said), at=1_234)]]))
    (letter,) = world.letters
    assert isinstance(letter.signal, Fault)
    assert (letter.signal.said_at, letter.signal.observed_at) == (1_234, 3)


@pytest.mark.parametrize(("ahead", "is_taken"), [(REPORT_LASTS, True), (REPORT_LASTS + 1, False)])
def test_an_assertion_out_of_the_future_is_put_aside(ahead: int, is_taken: bool) -> None:
    said = replace(REPORT, asserted=True, observed_at=1_000 + ahead)
    world = play(World([[replace(record(said), at=1_000)]]))
    assert (len(world.letters), len(world.buried)) == ((1, 0) if is_taken else (0, 1))
    if not is_taken:
        assert "600 s after the broker took it" in world.buried[0][1]


def test_a_letter_that_no_broker_takes_is_put_aside_and_the_batch_goes_on() -> None:
    """Else it would be tried for ever, and everything behind it would wait."""
    steps = tuple(
        StepRecord(action="evacuate", subject="x" * 4_000, state=StepState.DONE, epoch=1) for _ in range(260)
    )
    long = replace(fact(FactKind.FINISHED), steps=steps)
    assert len(encode(long)) <= MAX_MESSAGE_BYTES
    world = play(World([[record(long, topic=RECOVERY), record(REPORT, offset=1)]]))
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
    trace = f"00-{1:032x}-{2:016x}-01"
    world = play(World([[record(REPORT, trace=trace)]]))
    assert ("traceparent", trace.encode()) in world.sent[0].headers


def test_a_trace_without_its_form_goes_no_further() -> None:
    """A header of a megabyte behind a good fault once ended correlate on every process that took it over."""
    world = play(World([[record(REPORT, trace="00-" + "1" * 900_000)]]))
    assert world.story == ["publish 1", "commit [0]"]
    assert [name for name, _ in world.sent[0].headers if name == "traceparent"] == []


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


def test_a_report_does_not_wait_for_what_there_is_not_and_others_wait_for_what_there_is() -> None:
    """One sender's number cannot hold up everybody for five seconds a batch."""
    beyond = replace(REPORT, inventory_offset=10**12)
    world = play(World([[record(beyond)]], reaches_at=60.0))
    assert (world.asked, world.story) == ([], ["publish 1", "commit [0]"])
    batch = [record(beyond), record(replace(REPORT, inventory_offset=41), offset=1)]
    world = play(World([batch], reaches_at=2.0), seconds=2.5)
    assert (world.asked, world.story) == ([41], ["publish 2", "commit [0, 1]"])


def test_an_agents_record_waits_for_nothing() -> None:
    told = fault(host="cmp1", observer="host/cmp2", source=Source.PEER, episode="e1", inventory_offset=41)
    world = play(World([[record(told, topic=PEERS)]], reaches_at=60.0))
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


def test_a_description_that_no_letter_can_carry_keeps_no_other_from_being_told() -> None:
    words = tuple(f"{number:03d}{'国' * 250}" for number in range(256))
    policy = Policy(exclude_names=words, exclude_tags=words, exclude_projects=words, exclude_images=words)
    large = SegmentRecord(
        segment_id="s" * 255,
        name="large",
        policy=replace(policy, exclude_flavors=words, exclude_image_tags=words),
    )

    async def own(world: World, _: RouteShell, route: Route) -> None:
        route._inventory.put(large)
        world.owned = frozenset({INVENTORY_PARTITION})
        await asyncio.sleep(1.0)
        assert {letter.segment for letter in world.letters} == {"rack1"}

    play(World([]), then=own)


def test_an_inventory_that_kafka_did_not_take_is_told_again() -> None:
    world = play(World([], owned=frozenset({INVENTORY_PARTITION}), away=1), seconds=3 * PAUSE)
    assert len(world.letters) == 2


def rubbish(topic: str, number: int) -> Incoming:
    """What cannot be read, about one of many hosts."""
    return replace(record(b"rubbish", topic=topic, offset=number), key=f"cmp{number}".encode())


def test_too_many_dead_letters_make_their_topic_rest_and_hold_up_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hosts = FAULTS[Kind.HOST]

    async def rested(world: World, shell: RouteShell, route: Route) -> None:
        assert world.resting == {hosts}
        world.batches.append([record(REPORT, offset=100)])
        await asyncio.sleep(1.0)
        assert len(world.letters) == 1, "a report waited"
        await asyncio.sleep(WINDOW)
        assert world.resting == frozenset()

    play(World([[rubbish(hosts, number)] for number in range(CONSECUTIVE + 1)]), seconds=5.0, then=rested)
    assert any(f"{hosts} rests" in line for line in caplog.messages)


@pytest.mark.parametrize("topic", [COMMANDS, REPORTED, INVENTORY, RECOVERY])
def test_whatever_comes_there_these_never_rest(topic: str) -> None:
    async def rested(world: World, shell: RouteShell, route: Route) -> None:
        assert world.resting == frozenset()
        world.batches.append([record(REPORT, offset=100)])
        await asyncio.sleep(1.0)
        assert len(world.letters) == 1

    play(World([[rubbish(topic, number)] for number in range(3 * CONSECUTIVE)]), seconds=15.0, then=rested)


def test_one_host_s_rubbish_holds_up_nobody() -> None:
    async def rested(world: World, shell: RouteShell, route: Route) -> None:
        assert world.resting == frozenset()

    bad = [[record(b"rubbish", topic=FAULTS[Kind.HOST], offset=n)] for n in range(3 * CONSECUTIVE)]
    play(World(bad), seconds=15.0, then=rested)
