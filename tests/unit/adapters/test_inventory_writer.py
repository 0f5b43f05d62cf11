"""The inventory's writer and a node that has just started, or that does not know how a transaction ended."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.kafka import inventory_writer
from kasugai.adapters.kafka.inventory_reader import EDIT
from kasugai.adapters.kafka.inventory_writer import Edit, InventoryWriter
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway, LogRefused
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.schemas.codec import decode

NOT_YET = KafkaError(KafkaError.NOT_COORDINATOR, "Not coordinator", False, True)
UNCLEAR = KafkaError(KafkaError.UNKNOWN, "EndTxn commit failed: Unknown broker error", False, False)
REFUSED = KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "not yours", False, False)
TOO_LARGE = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, "Message size too large", False, False)

RACK = SegmentRecord(segment_id="s1", name="rack1")


class Topic:
    """What readers find: the records and the marks of their edits."""

    def __init__(self) -> None:
        self.records: list[SegmentRecord] = []
        self.marks: list[bytes] = []
        self.ends: list[int | LogAway] = []
        """What who asks for the end is told, one after the other; then, that everything can be read."""

    def add(self, record: SegmentRecord, mark: bytes) -> None:
        self.records.append(record)
        self.marks.append(mark)

    def reader(self, *_: Any) -> "Reader":
        return Reader(self)


class Reader:
    """Reads a topic."""

    def __init__(self, topic: Topic) -> None:
        self.inventory, self.offset, self.edits = Inventory(), 0, list[bytes]()
        self._topic = topic

    async def load(self) -> None:
        for record in self._topic.records[self.offset :]:
            self.inventory.put(record)
        self.offset, self.edits = len(self._topic.records), self._topic.marks

    async def end(self) -> int:
        told = self._topic.ends.pop(0) if self._topic.ends else 9
        if isinstance(told, LogAway):
            raise told
        return told

    async def close(self) -> None:
        pass


class Node:
    """What producers of this node hear, one answer after the other; then all is well."""

    def __init__(
        self,
        *answers: KafkaError,
        commits: Sequence[KafkaError] = (),
        meanwhile: Callable[[SegmentRecord, bytes], None] = lambda *_: None,
    ) -> None:
        self.answers, self.commits, self.asked = list(answers), list(commits), 0
        self.meanwhile = meanwhile
        """What happens in the topic while a commit is answered with trouble: given what it would write."""

    def __call__(self, _config: object) -> "Node":
        return self

    def init_transactions(self, _patience: float) -> None:
        self.asked += 1
        if self.answers:
            raise KafkaException(self.answers.pop(0))

    def begin_transaction(self) -> None:
        pass

    def produce(
        self,
        _topic: str,
        *,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        on_delivery: Callable[[None, "Node"], None],
        **_: object,
    ) -> None:
        record = decode(value)
        assert isinstance(record, SegmentRecord)
        self.sent = record, dict(headers)[EDIT]
        on_delivery(None, self)

    def offset(self) -> int:
        return 7

    def commit_transaction(self, _patience: float) -> None:
        if self.commits:
            self.meanwhile(*self.sent)
            raise KafkaException(self.commits.pop(0))


def take(
    monkeypatch: pytest.MonkeyPatch,
    node: Node,
    patience: float = 10.0,
    edit: Edit = lambda _: (),
    topic: Topic | None = None,
) -> int:
    """Take the inventory, look at it, and change what is wanted."""
    monkeypatch.setattr(inventory_writer, "InventoryReader", (topic or Topic()).reader)
    monkeypatch.setattr("confluent_kafka.Producer", node)
    monkeypatch.setattr(inventory_writer, "PAUSE", 0.001)
    monkeypatch.setattr(inventory_writer, "FIRST_PATIENCE", patience)

    async def put() -> int:
        async with InventoryWriter(KafkaSettings(bootstrap_servers="-"), "test") as writer:
            return await writer.edit(edit)

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


def test_what_no_record_can_carry_is_refused_and_kafka_is_not_away(monkeypatch: pytest.MonkeyPatch) -> None:
    words = tuple(f"{number:03d}{'国' * 250}" for number in range(256))
    policy = Policy(exclude_names=words, exclude_tags=words, exclude_projects=words, exclude_images=words)
    policy = replace(policy, exclude_flavors=words, exclude_image_tags=words)
    with pytest.raises(LogRefused, match=r"a SegmentRecord of \d+ bytes"):
        take(monkeypatch, Node(), edit=lambda _: [replace(RACK, policy=policy)])
    with pytest.raises(LogRefused, match="does not take the record"):
        take(monkeypatch, Node(commits=[TOO_LARGE]), edit=lambda _: [RACK])


def bump(inventory: Inventory) -> list[SegmentRecord]:
    found = inventory.segment("s1")
    assert found is not None
    return [replace(found, version=found.version + 1)]


def test_a_transaction_whose_end_is_unknown_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(commits=[UNCLEAR])
    assert take(monkeypatch, node, edit=lambda _: [RACK]) == 7
    assert node.asked == 2


def test_one_that_was_written_all_the_same_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when another writer has already changed the record once more."""
    topic = Topic()
    topic.add(RACK, b"")

    def it_landed_and_another_followed(mine: SegmentRecord, mark: bytes) -> None:
        topic.add(mine, mark)
        topic.add(replace(mine, version=3), b"other")

    node = Node(commits=[UNCLEAR], meanwhile=it_landed_and_another_followed)
    assert take(monkeypatch, node, edit=bump, topic=topic) == 2
    assert node.sent[0].version == 2


def test_another_writers_equal_record_is_not_taken_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that count up from the same version write the same record: only one of them has been written."""
    topic = Topic()
    topic.add(RACK, b"")
    node = Node(commits=[UNCLEAR], meanwhile=lambda mine, _: topic.add(mine, b"other"))
    assert take(monkeypatch, node, edit=bump, topic=topic) == 7
    assert node.sent[0].version == 3


def test_it_is_written_when_it_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    topic = Topic()
    topic.ends = [7, 7, 8]
    assert take(monkeypatch, Node(), edit=lambda _: [RACK], topic=topic) == 7
    assert topic.ends == [], "it has waited for its own record"


def test_what_is_committed_is_written_also_when_nobody_can_say_who_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = Topic()
    topic.ends = [LogAway("gone")]
    assert take(monkeypatch, Node(), edit=lambda _: [RACK], topic=topic) == 7
    topic.ends = [7] * 1000
    monkeypatch.setattr(inventory_writer, "PATIENCE", 0.05)
    assert take(monkeypatch, Node(), edit=lambda _: [RACK], topic=topic) == 7
