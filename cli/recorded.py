"""Reads what incidents are made of back from Kafka: all of it up to now, and then what comes.

Records that cannot be understood are counted and passed over: they show nothing.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open, Resume, Stop
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import INCIDENTS, RECOVERY, VERDICTS

TOPICS = (*INCIDENTS.values(), RECOVERY, VERDICTS)


@dataclass(frozen=True, slots=True)
class Step:
    """What one read brought."""

    seen: tuple[Seen, ...]
    is_current: bool
    """Whether everything that was there at the beginning has been read."""


async def follow(kafka: KafkaSettings) -> AsyncGenerator[Step, None]:
    """Yield what there is from the beginning, and go on for ever; LogAway when Kafka does not answer."""
    async with Reader(kafka, "kasugai-cli") as reader:
        places = [
            Place(topic, partition, OFFSET_BEGINNING)
            for topic in TOPICS
            for partition in await reader.partitions(topic)
        ]
        await reader.assign(places)
        behind = {(place.topic, place.partition) for place in places}
        while True:
            batch = await reader.next()
            behind -= {(end.topic, end.partition) for end in batch.ends}
            found = [seen for record in batch.records if (seen := _seen(record)) is not None]
            yield Step(tuple(found), not behind)


async def replay(kafka: KafkaSettings) -> list[Seen]:
    """Return everything that is there now."""
    seen: list[Seen] = []
    async with aclosing(follow(kafka)) as steps:
        async for step in steps:
            seen += step.seen
            if step.is_current:
                break
    return seen


async def segment_names(kafka: KafkaSettings) -> dict[str, str]:
    """Return the segments' names by id."""
    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        return {segment.segment_id: segment.name for segment in reader.inventory.segments()}


def _seen(record: Incoming) -> Seen | None:
    try:
        value = decode(record.value or b"")
    except Undecodable:
        return None
    if isinstance(value, Open | Stop | Resume | Fact | Verdict):
        return Seen(record.stamp.at, record.offset, value)
    return None
