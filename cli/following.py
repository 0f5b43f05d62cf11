"""Follows the mailbox with a shadow over each of its partitions. It only reads, and joins no group."""

from collections.abc import AsyncGenerator

from confluent_kafka import OFFSET_BEGINNING

from kasugai.adapters.faust.port import Poison
from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.settings import KafkaSettings
from kasugai.cli.replaying.policies import Policies
from kasugai.cli.replaying.shadow import Otherwise, Shadow
from kasugai.core.words.timing import Timing
from kasugai.schemas.topics import SIGNALS
from kasugai.streams.correlate_shell import letter_in


async def follow(
    kafka: KafkaSettings, timing: Timing, policies: Policies
) -> AsyncGenerator[Otherwise | None, None]:
    """Yield None when all that is there now has been read, then each difference as it comes, for ever; LogAway."""
    async with Reader(kafka, "kasugai-shadow") as reader:
        partitions = await reader.partitions(SIGNALS)
        shadows = {each: Shadow(each, timing, policies) for each in partitions}
        await reader.assign([Place(SIGNALS, each, OFFSET_BEGINNING) for each in partitions])
        behind = set(partitions)
        while True:
            batch = await reader.next()
            for record in batch.records:
                try:
                    otherwise = shadows[record.partition].take(letter_in(record.value), record.stamp)
                except Poison:
                    continue
                if otherwise is not None and not behind:
                    yield otherwise
            was_behind = bool(behind)
            behind -= {end.partition for end in batch.ends}
            if was_behind and not behind:
                yield None
