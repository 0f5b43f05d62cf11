"""Changes the inventory: takes the topic, checks the change against everything that is there, and commits it.

Kafka's transactional id is the lock: whoever took it last wins, and the one before is fenced at its next commit and
starts again from what it finds then. So two writers never both make the same version, without any database.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from random import random
from typing import Self, TypeVar
from uuid import uuid4

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from kasugai.adapters.inventory import Description, Inventory, changed, numbered
from kasugai.adapters.kafka.client import FRAME, producer_config
from kasugai.adapters.kafka.complaints import reason
from kasugai.adapters.kafka.errors import is_too_much
from kasugai.adapters.kafka.inventory_reader import EDIT, InventoryReader
from kasugai.adapters.kafka.records import Outgoing, outgoing
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway, LogRefused
from kasugai.schemas.topics import INVENTORY, INVENTORY_WRITER

PATIENCE = 10.0
"""Seconds that each step of a transaction may take."""
FIRST_PATIENCE = 30.0
"""Seconds in which the id must be had: a new cluster first makes the topic of transactions, 50 partitions."""
ATTEMPTS = 8
"""How often a writer that was fenced starts again."""
PAUSE = 0.5
"""Seconds, at most and by chance, before it does: two writers must not fence each other in step."""
LOOK_AGAIN = 0.002
"""Seconds between two questions whether a commit can be seen."""
FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)
UNCLEAR = (KafkaError.UNKNOWN,)
"""What a broker has been seen to answer a commit that met another writer's beginning: its end is unknown."""

T = TypeVar("T")

Edit = Callable[[Inventory], Sequence[Description]]
"""Looks at the inventory and says which records should follow; called again when another writer came between."""

log = logging.getLogger(__name__)


class _StartAgain(Exception):
    """Another writer has taken the topic, or this transaction's end is unknown."""


class InventoryWriter:
    """One writer; several may exist, each takes the topic from the others as it needs it."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        """Connect when first asked."""
        self._kafka = kafka
        self._name = name
        self._reader = InventoryReader(kafka, f"{name}-inventory")
        self._producer: confluent_kafka.Producer | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{name}-inventory")
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Return the writer."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def put(self, *records: Description) -> int:
        """Write these records, all or none; see `edit`."""
        return await self.edit(lambda _: records)

    async def edit(self, edit: Edit) -> int:
        """Write what `edit` says, all or none, and return the offset of the last record (-1: nothing to write).

        Conflict when it does not fit what is there; LogAway when Kafka cannot be reached, LogRefused when no record can
        carry it.
        """
        async with self._turn:
            token: bytes | None = None
            for attempt in range(ATTEMPTS):
                await self._take()
                if token in self._reader.edits:
                    return self._reader.offset - 1
                # By a mark of its own, never by its content: another writer's record may look just the same.
                token = uuid4().bytes
                try:
                    return await self._write(edit(self._reader.inventory), token)
                except _StartAgain as reason:
                    log.info("inventory: starting again (%d): %s", attempt + 1, reason)
                    await asyncio.sleep(random() * PAUSE)
        raise LogAway(f"the inventory was taken by other writers {ATTEMPTS} times in a row; try again")

    async def close(self) -> None:
        """Leave the topic to others."""
        await self._reader.close()
        self._thread.shutdown()

    async def _take(self) -> None:
        """Have a producer under the id, and everything read that was committed before it was taken."""
        if self._producer is None:
            self._producer = await self._taken()
            await self._reader.load()

    async def _taken(self) -> confluent_kafka.Producer:
        """Take the id. A node that has just started looks for a coordinator first and says no meanwhile: ask again."""
        config = producer_config(self._kafka, f"{self._name}-inventory") | {
            "transactional.id": INVENTORY_WRITER,
            "transaction.timeout.ms": int(PATIENCE * 1000),
            "delivery.timeout.ms": int(PATIENCE * 1000),
        }
        loop = asyncio.get_running_loop()
        deadline = loop.time() + FIRST_PATIENCE
        while True:
            producer = confluent_kafka.Producer(config)
            try:
                await self._run(partial(producer.init_transactions, PATIENCE))
                return producer
            except _StartAgain as reason:
                if loop.time() >= deadline:
                    raise LogAway(f"{INVENTORY} cannot be taken: {reason}") from reason
            await asyncio.sleep(random() * PAUSE)

    async def _write(self, records: Sequence[Description], token: bytes) -> int:
        if not records:
            return -1
        records = numbered(self._reader.inventory, records, time.time_ns() // 1_000_000)
        changed(self._reader.inventory, records)
        last = await self._run(lambda: self._commit([_marked(record, token) for record in records]))
        await self._shown(last)
        for record in records:
            self._reader.inventory.put(record)
        return last

    async def _shown(self, offset: int) -> None:
        """Wait until all readers can see what was committed: a broker answers a commit before it writes the marker that
        lets them (KIP-98; Kafka 4.2, measured: one commit in four, up to 24 ms), and who lists what he has just written
        would see what was there before. Committed it is in any case: where the broker is away now, nobody waits."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    if await self._reader.end() > offset:
                        return
                    await asyncio.sleep(LOOK_AGAIN)
        except (LogAway, TimeoutError) as error:
            log.info("inventory: offset %d is committed and not seen yet: %r", offset, error)

    def _commit(self, records: Sequence[Outgoing]) -> int:
        producer = self._producer
        assert producer is not None, "taken before"
        offsets: list[int] = []
        producer.begin_transaction()
        for record in records:
            producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                partition=0,
                on_delivery=lambda _, message: offsets.append(message.offset() or 0),
            )
        producer.commit_transaction(PATIENCE)
        return offsets[-1]

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except KafkaException as error:
            self._producer = None
            raise _meaning(error.args[0]) from error


def _marked(record: Description, token: bytes) -> Outgoing:
    """Return the record with its mark; LogRefused where the mailboxes could not have it."""
    plain = outgoing(INVENTORY, record)
    if plain.size > FRAME:
        raise LogRefused(f"a {type(record).__name__} of {plain.size} bytes, {FRAME} fit into a record")
    return replace(plain, headers=(*plain.headers, (EDIT, token)))


def _meaning(error: KafkaError) -> Exception:
    """Fenced, or an end that nobody knows: start again and look. Anything else is for the caller: Kafka is away, or
    refuses for good."""
    text = f"{error.name()}: {error.str()}"
    if error.fatal() or error.retriable() or error.code() in (*FENCED, *UNCLEAR):
        return _StartAgain(text)
    if is_too_much(error):
        return LogRefused(f"{INVENTORY} does not take the record: {text}")
    return LogAway(f"{INVENTORY}: {error.name()}: {reason(error)}")
