"""Reads again what stands before a place in a partition: a client for as long as that takes, and none else."""

from collections.abc import AsyncIterator, Sequence

from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.settings.values import KafkaSettings

CHUNK = 2_000
"""Records at a time: while they are worked upon, nothing else is."""


class LogPast:
    """The past of any partition."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        """`name` is shown at the broker."""
        self._kafka = kafka
        self._name = name

    async def before(
        self, topic: str, partition: int, offset: int, most: int
    ) -> AsyncIterator[Sequence[Incoming]]:
        """Yield the last `most` records before `offset`, in order; LogAway when they cannot be read."""
        async with Reader(self._kafka, self._name) as reader:
            low, _ = await reader.bounds(topic, partition)
            for start in range(max(low, offset - most), offset, CHUNK):
                end = min(start + CHUNK, offset)
                yield (await reader.read_range(topic, partition, start, end)).records
