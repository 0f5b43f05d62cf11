"""One connection to RabbitMQ on a scripted client: what is acknowledged, when it reads, when it takes it for dead."""

from types import SimpleNamespace
from typing import Any

import pytest

from kasugai.adapters.rabbit import consuming
from kasugai.adapters.rabbit.consuming import IN_HAND, Delivery, Life
from kasugai.adapters.rabbit.wire import HEARTBEAT, RabbitAway


class Client:
    """A connection and its channel, which delivers what is put into it."""

    def __init__(self) -> None:
        self.waiting: list[bytes | str] = []
        self.bytes_recv = 0
        self.acknowledged: list[tuple[int, bool]] = []
        self.drained = self.beats = 0
        self._tag = 0
        self._callback: Any = None
        self.cancel: Any = None

    def basic_qos(self, size: int, count: int, everywhere: bool) -> None:
        assert (size, count, everywhere) == (0, consuming.PREFETCH, False)

    def basic_consume(self, queue: str, callback: Any, on_cancel: Any) -> None:
        self._callback, self.cancel = callback, on_cancel

    def basic_ack(self, tag: int, multiple: bool) -> None:
        self.acknowledged.append((tag, multiple))

    def drain_events(self, timeout: float) -> None:
        self.drained += 1
        if not self.waiting:
            raise TimeoutError
        self.bytes_recv += 3
        self._tag += 1
        info = {"delivery_tag": self._tag, "routing_key": "versioned_notifications.info"}
        self._callback(SimpleNamespace(body=self.waiting.pop(0), delivery_info=info))

    def send_heartbeat(self) -> None:
        self.beats += 1


class Scene:
    """A life on its client."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        clock = SimpleNamespace(monotonic=lambda: self.now, time_ns=lambda: 0, sleep=lambda _: None)
        monkeypatch.setattr(consuming, "time", clock)
        self.client = Client()
        self.taken: list[Delivery] = []
        self.due = (0, 0)
        self.life = Life(2, self.client, self.client, self.taken.append, lambda: self.due)
        self.life.begin("ours")

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.life.turn()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A connection that has just begun."""
    return Scene(monkeypatch)


def test_messages_are_taken_as_bytes_with_their_tags(scene: Scene) -> None:
    scene.client.waiting = [b"a", "b", b""]
    scene.turn(4)
    assert [(each.life, each.tag, each.body) for each in scene.taken] == [
        (2, 1, b"a"),
        (2, 2, b"b"),
        (2, 3, b""),
    ]


def test_what_is_done_is_acknowledged_once_and_with_all_before_it(scene: Scene) -> None:
    scene.client.waiting = [b"x"] * 5
    scene.turn(5)
    assert scene.client.acknowledged == []
    scene.due = (2, 3)
    scene.turn(3)
    assert scene.client.acknowledged == [(3, True)]
    scene.due = (2, 5)
    scene.turn()
    assert scene.client.acknowledged == [(3, True), (5, True)]


def test_what_an_earlier_connection_brought_is_not_acknowledged_on_this_one(scene: Scene) -> None:
    scene.client.waiting = [b"x"] * 5
    scene.due = (1, 4)
    scene.turn(6)
    assert scene.client.acknowledged == []


def test_nothing_more_is_read_while_too_much_is_in_hand_and_it_goes_on_beating(scene: Scene) -> None:
    scene.client.waiting = [b"x" * (IN_HAND // 2)] * 3
    scene.turn(2)
    read = scene.client.drained
    for _ in range(20):
        scene.now += HEARTBEAT
        scene.turn()
    assert scene.client.drained == read and scene.client.beats == 20
    scene.due = (2, 1)
    scene.turn()
    assert scene.client.drained == read + 1 and len(scene.taken) == 3


def test_a_broker_that_says_nothing_is_gone(scene: Scene) -> None:
    scene.turn()
    scene.now += 2 * HEARTBEAT
    scene.turn()
    scene.now += 1
    with pytest.raises(RabbitAway, match="has said nothing for 40 s"):
        scene.turn()


def test_a_queue_that_is_deleted_is_made_again_on_the_next_connection(scene: Scene) -> None:
    with pytest.raises(RabbitAway, match="our queue has gone"):
        scene.client.cancel("tag")
