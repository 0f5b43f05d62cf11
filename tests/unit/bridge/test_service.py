"""The bridge on scripted doors: what is published, what is buried, when it is acknowledged."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from kasugai.adapters.kafka.records import Incoming, Outgoing
from kasugai.bridge.envelope import Undecipherable
from kasugai.bridge.notification import Notification
from kasugai.bridge.ports import Standing, Waiting
from kasugai.bridge.reading.conclusions import Conclusion, Landing
from kasugai.bridge.service import Bridge
from kasugai.core.words.log import LogAway, LogRefused
from kasugai.core.words.sighting import Sighting
from kasugai.core.words.signals import Fault, Source, Stamp, Symptom, fault
from kasugai.core.words.timing import BrokerTime, Instant
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import NOVA, SIGHTINGS, dead_letters_of
from tests.support.nova_samples import enveloped, message, on_rabbit

DEAD = dead_letters_of(NOVA)
HOSTS = frozenset({"host1", "host2", "host3"})
DISABLED = "service.update.disabled-False.forced-True"


def incoming(body: bytes, tag: int = 1) -> Incoming:
    return Incoming(
        topic="versioned_notifications.info",
        partition=-1,
        offset=tag,
        at=1_795_305_600_000,
        key=None,
        value=body,
    )


def word(host: str, episode: str) -> Fault:
    return fault(host=host, observer="bridge", source=Source.NOVA, symptom=Symptom.DOWN, episode=episode)


class Reader:
    """Says of each notification's host that it is down; or what a test wants."""

    def __init__(
        self, read: Callable[[Notification], Sequence[Fault]] | None = None, landings: Sequence[Landing] = ()
    ) -> None:
        self._landings = landings
        self._read = read or (lambda said: [word(str(said.payload.get("host")), said.id)])

    def read(self, notification: Notification) -> Conclusion:
        return Conclusion(faults=self._read(notification), landings=self._landings)


class Kafka:
    """Takes records: not at first, and those of one key never."""

    def __init__(self, *, away: int = 0, refused: bytes = b"") -> None:
        self.taken: list[Outgoing] = []
        self._away = away
        self._refused = refused

    async def publish_all(self, records: Sequence[Outgoing]) -> list[Stamp]:
        if self._away:
            self._away -= 1
            raise LogAway("nobody answers")
        if self._refused and any(each.key == self._refused for each in records):
            raise LogRefused("it is too large")
        self.taken += records
        return [Stamp(partition=0, offset=0, at=BrokerTime(0)) for _ in records]


@dataclass
class Bus:
    """Gives what a test puts on it."""

    kafka: Kafka
    name: str = "a bus"
    now: Standing | None = None
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    """By tag: how many records Kafka had then."""

    def unready(self) -> str:
        return ""

    async def next(self) -> Sequence[Incoming]:
        return []

    async def done(self, records: Sequence[Incoming]) -> None:
        self.acknowledged.append((records[-1].offset, len(self.kafka.taken)))

    async def standing(self) -> Standing | None:
        return self.now

    async def failure(self) -> None:
        return


class Scene:
    """A bridge on its doors."""

    def __init__(self, kafka: Kafka | None = None, reader: Reader | None = None) -> None:
        self.kafka = kafka or Kafka()
        self.bus = Bus(self.kafka)
        self.reader = reader or Reader()

    def play(self, *bodies: bytes) -> list[Outgoing]:
        async def carry(bridge: Bridge) -> None:
            await bridge.carry([incoming(body, tag) for tag, body in enumerate(bodies, 1)])

        self.run(carry)
        return self.kafka.taken

    def run(self, work: Callable[[Bridge], Coroutine[Any, Any, None]]) -> None:
        async def play() -> None:
            await work(
                Bridge(
                    feed=self.bus, reader=self.reader, sink=self.kafka, knows=HOSTS.__contains__, silence=60.0
                )
            )

        asyncio.run(play())


def header(record: Outgoing, name: str) -> str:
    return dict(record.headers)[name].decode()


def test_what_follows_is_published_and_then_acknowledged() -> None:
    scene = Scene()
    (out,) = scene.play(on_rabbit(DISABLED))
    assert out.topic == NOVA and isinstance(decode(out.value or b""), Fault)
    assert scene.bus.acknowledged == [(1, 1)]


def test_a_repetition_leads_to_the_same_id() -> None:
    first, second = Scene().play(on_rabbit(DISABLED), on_rabbit(DISABLED))
    assert first == second


def test_what_is_no_notification_is_buried_as_it_came_and_the_next_goes_on() -> None:
    scene = Scene()
    dead, out = scene.play(b"\x00rubbish", on_rabbit(DISABLED))
    assert (dead.topic, dead.value) == (DEAD, b"\x00rubbish") and out.topic == NOVA
    assert header(dead, "dlq-topic") == "versioned_notifications.info"
    assert header(dead, "dlq-error") == "the message is not JSON"
    assert header(dead, "dlq-error-class") == "Undecipherable" and header(dead, "dlq-app") == "kasugai-bridge"
    assert scene.bus.acknowledged == [(2, 2)]


def test_a_megabyte_of_rubbish_is_cut_and_one_that_is_well_formed_is_read() -> None:
    inner = message(DISABLED)
    inner["payload"]["nova_object.data"]["disabled_reason"] = "x" * 1_048_576
    dead, out = Scene().play(b"\xff" * 1_048_576, enveloped(inner))
    assert dead.value == b"\xff" * 65_536 and int(header(dead, "dlq-cut")) > 1_048_576
    assert out.topic == NOVA


def test_a_reader_that_fails_at_one_goes_on_with_the_next(caplog: pytest.LogCaptureFixture) -> None:
    def read(said: Notification) -> Sequence[Fault]:
        if said.event == "instance.evacuate":
            raise KeyError("secret")
        return [word("host1", said.id)]

    bad = on_rabbit("instance.evacuate")
    dead, _, out = Scene(reader=Reader(read)).play(bad, bad, on_rabbit(DISABLED))
    assert header(dead, "dlq-error") == "KeyError while it was read: report this" and out.topic == NOVA
    assert caplog.messages == ["notifications of instance.evacuate cannot be read: report this"]


def test_a_fault_that_has_no_form_is_buried() -> None:
    reader = Reader(lambda said: [word("host1", "x" * 5_000)])
    (dead,) = Scene(reader=reader).play(on_rabbit(DISABLED))
    assert dead.topic == DEAD and "episode" in header(dead, "dlq-error")


def test_hosts_that_the_inventory_does_not_know_are_not_published() -> None:
    scene = Scene(reader=Reader(lambda said: [word("elsewhere", said.id), word("host1", said.id)]))
    (out,) = scene.play(on_rabbit(DISABLED))
    assert out.key == b"host1" and scene.bus.acknowledged == [(1, 1)]


def test_landings_from_hosts_that_the_inventory_knows_are_told() -> None:
    at = datetime(2026, 12, 1, 2, 30, 0, 250_000, tzinfo=UTC)
    landed = [
        Landing(guest=guest, source=source, destination="host2", at=at, request=None)
        for guest, source in (("g1", "host1"), ("g2", "elsewhere"))
    ]
    (out,) = Scene(reader=Reader(lambda _: [], landed)).play(on_rabbit(DISABLED))
    assert (out.topic, out.key) == (SIGHTINGS, b"host1")
    assert decode(out.value or b"") == Sighting(
        host="host1",
        guest="g1",
        destination="host2",
        observer="bridge",
        observed_at=Instant(1_796_092_200_250),
    )


def test_a_payload_that_no_nova_sends_is_buried() -> None:
    def read(_: Notification) -> Sequence[Fault]:
        raise Undecipherable("its host is no name")

    (dead,) = Scene(reader=Reader(read)).play(on_rabbit(DISABLED))
    assert header(dead, "dlq-error") == "its host is no name"


def test_nothing_is_acknowledged_before_kafka_has_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kasugai.bridge.service.PAUSE", 0.0)
    scene = Scene(Kafka(away=3))
    with caplog.at_level(logging.INFO, "kasugai.bridge.service"):
        (out,) = scene.play(on_rabbit(DISABLED))
    assert out.topic == NOVA and scene.bus.acknowledged == [(1, 1)]
    away = "what Nova said is not published yet"
    assert caplog.messages == [f"{away}: nobody answers", f"{away}: it works again"]


def test_a_record_that_no_broker_takes_is_buried_and_the_others_are_published() -> None:
    scene = Scene(Kafka(refused=b"host2"))
    scene.reader = Reader(
        lambda said: [word("host1", said.id), word("host2", said.id), word("host3", said.id)]
    )
    taken = scene.play(on_rabbit(DISABLED))
    assert [(each.topic, each.key) for each in taken] == [(NOVA, b"host1"), (DEAD, None), (NOVA, b"host3")]
    assert header(taken[1], "dlq-error") == "it is too large"


def test_what_an_operator_has_to_know_is_told(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    queue = "versioned_notifications.error"

    async def look(bridge: Bridge) -> None:
        scene.bus.now = Standing(versioned=False, unversioned=True)
        await bridge.look()
        await bridge.look()
        for count in (2_000, 3_000):
            waits = Waiting(queue=queue, messages=count, readers=0, is_ours=False)
            scene.bus.now = Standing(versioned=True, unversioned=True, queues=(waits,))
            await bridge.look()
        scene.bus.now = None
        await bridge.look()
        assert bridge.standing is not None and bridge.standing.queues[0].messages == 3_000

    scene.run(look)
    old, growth = caplog.messages
    assert old.startswith("only notifications of the old form are on this bus")
    assert growth.startswith(f"3000 messages wait in the queue {queue}, which nobody reads")
