"""Taking the inventory from a node that has just started, which has no coordinator for anybody yet."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from kasugai.adapters.inventory import Description, Inventory
from kasugai.adapters.kafka import inventory_writer
from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.doors import LogAway

NOT_YET = KafkaError(KafkaError.NOT_COORDINATOR, "Not coordinator", False, True)
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

    def __init__(self, *answers: KafkaError) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, _config: object) -> "Node":
        return self

    def init_transactions(self, _patience: float) -> None:
        self.asked += 1
        if self.answers:
            raise KafkaException(self.answers.pop(0))


def take(monkeypatch: pytest.MonkeyPatch, node: Node, patience: float = 10.0) -> None:
    """Take the inventory, look at it, and change nothing."""
    monkeypatch.setattr(inventory_writer, "InventoryReader", Reader)
    monkeypatch.setattr("confluent_kafka.Producer", node)
    monkeypatch.setattr(inventory_writer, "PAUSE", 0.001)
    monkeypatch.setattr(inventory_writer, "PATIENCE", patience)

    def nothing(_: Inventory) -> Sequence[Description]:
        return ()

    async def edit() -> None:
        async with InventoryWriter(KafkaSettings(bootstrap_servers="-"), "test") as writer:
            assert await writer.edit(nothing) == -1

    asyncio.run(edit())


def test_it_asks_again_while_there_is_no_coordinator(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(NOT_YET, NOT_YET)
    take(monkeypatch, node)
    assert node.asked == 3


def test_it_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LogAway, match="cannot be taken: NOT_COORDINATOR"):
        take(monkeypatch, Node(*[NOT_YET] * 1000), patience=0.02)


def test_a_clear_no_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(REFUSED)
    with pytest.raises(LogAway, match="not yours"):
        take(monkeypatch, node)
    assert node.asked == 1
