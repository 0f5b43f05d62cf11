"""A member of a worker's consumer group as a process: `python -m tests.support.group_member KAFKA TOPIC GROUP INSTANCE
[die]`. With `die` it ends like a killed one as soon as partitions are to be given back.
"""

import asyncio
import os
import sys
from collections.abc import Mapping

from kasugai.adapters.kafka.poll_loop import Membership, PollLoop
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.words.timing import Millis


async def main() -> None:
    """Be a member until the process is killed."""
    bootstrap, topic, group, instance, *rest = sys.argv[1:]

    async def give(_: set[int]) -> Mapping[int, int]:
        if rest == ["die"]:
            os._exit(9)
        return {}

    member = Membership(topic=topic, group=group, instance=instance, session=Millis(6_000))
    kafka = KafkaSettings(bootstrap_servers=bootstrap)
    async with PollLoop(kafka, member, take=lambda _: None, give=give) as loop:
        await loop.failure()


if __name__ == "__main__":
    asyncio.run(main())
