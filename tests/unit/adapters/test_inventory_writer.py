"""The inventory's writer and a node that has just started, or that does not know how a transaction ended."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from kasugai.adapters.inventory import Description, Inventory
from kasugai.adapters.kafka import inventory_writer
from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.doors import LogAway
from kasugai.core.inventory import SegmentRecord

NOT_YET = KafkaError(KafkaError.NOT_COORDINATOR, "Not coordinator", False, True)
UNCLEAR = KafkaError(KafkaError.UNKNOWN, "EndTxn commit failed: Unknown broker error", False, False)
REFUSED = KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "not yours", False, False)


class Reader:
    """An inventory with nothing in it."""

    def __init__(self, *_: Any) -> None:
        self.inventory, self.offset, self.loaded = Inventory(), 0, 0

    async def load(self) -> None:
        self.loaded += 1

    async def close(self) -> None:
        pass


class Node:
    """What producers of this node hear, one answer after the other; then all is well."""

    def __init__(self, *answers: KafkaError, commits: Sequence[KafkaError] = ()) -> None:
        self.answers, self.commits, self.asked = list(answers), list(commits), 0

    def __call__(self, _config: object) -> "Node":
        return self

    def init_transactions(self, _patience: float) -> None:
        self.asked += 1
        if self.answers:
            raise KafkaException(self.answers.pop(0))

    def begin_transaction(self) -> None:
        pass

    def produce(self, _topic: str, *, on_delivery: Callable[[None, "Node"], None], **_: object) -> None:
        on_delivery(None, self)

    def offset(self) -> int:
        return 7

    def commit_transaction(self, _patience: float) -> None:
        if self.commits:
            raise KafkaException(self.commits.pop(0))


def take(
    monkeypatch: pytest.MonkeyPatch, node: Node, patience: float = 10.0, wanted: Sequence[Description] = ()
) -> int:
    """Take the inventory, look at it, and change what is wanted."""
    monkeypatch.setattr(inventory_writer, "InventoryReader", Reader)
    monkeypatch.setattr("confluent_kafka.Producer", node)
    monkeypatch.setattr(inventory_writer, "PAUSE", 0.001)
    monkeypatch.setattr(inventory_writer, "PATIENCE", patience)

    async def put() -> int:
        async with InventoryWriter(KafkaSettings(bootstrap_servers="-"), "test") as writer:
            return await writer.put(*wanted)

    return asyncio.run(put())


def test_it_asks_again_while_there_is_no_coordinator(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(NOT_YET, NOT_YET)
    assert take(monkeypatch, node) == -1
    assert node.asked == 3


def test_it_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LogAway, match="cannot be taken: NOT_COORDINATOR"):
        take(monkeypatch, Node(*[NOT_YET] * 1000), patience=0.02)


def test_a_clear_no_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(REFUSED)
    with pytest.raises(LogAway, match="not yours"):
        take(monkeypatch, node)
    assert node.asked == 1


def test_a_transaction_whose_end_is_unknown_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(commits=[UNCLEAR])
    assert take(monkeypatch, node, wanted=[SegmentRecord(segment_id="s1", name="rack1")]) == 7
    assert node.asked == 2
