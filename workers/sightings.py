"""What bystanders tell of landings, for the pool that waits for them: read from now on, by no group and without a place
that is kept. Whatever is missed here costs some seconds, and whatever is wrong a look.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from confluent_kafka import OFFSET_END

from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.adapters.trouble import Trouble
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.sighting import Sighting
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import SIGHTINGS

AGAIN = 30.0
"""Seconds until a topic that could not be read is tried again."""

LOG = logging.getLogger(__name__)

See = Callable[[Sighting], None]


async def listen(kafka: KafkaSettings, name: str, see: See) -> None:
    """Give what is told from now on to `see`, for ever; without the topic or Kafka nothing is told, and said once. A
    fault of ours here costs no recovery more than some seconds: it is told, and nothing ends."""
    trouble = Trouble("landings are looked for without what the bridge tells", LOG)
    while True:
        try:
            async with Reader(kafka, f"{name}-sightings") as reader:
                numbers = await reader.partitions(SIGHTINGS)
                await reader.assign([Place(SIGHTINGS, number, OFFSET_END) for number in numbers])
                trouble.over()
                while True:
                    hand_on((await reader.next(wait=1.0)).records, see)
        except LogAway as away:
            trouble.note(str(away))
        except Exception:
            LOG.exception("a bug keeps this worker from hearing what the bridge tells")
        await asyncio.sleep(AGAIN)


def hand_on(records: Sequence[Incoming], see: See) -> None:
    """Give to `see` what can be read and stands under its own host's key; the rest wakes nobody."""
    for record in records:
        try:
            value = decode(record.value or b"")
        except Undecodable as error:
            LOG.debug(
                "a sighting at %d of %s/%d is none: %s", record.offset, record.topic, record.partition, error
            )
            continue
        if isinstance(value, Sighting) and record.key == value.host.encode():
            see(value)
