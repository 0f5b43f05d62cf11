"""Reads all dead letters: which records they are of, and which of these nobody has spoiled on purpose."""

import json
from collections import Counter

from kasugai.adapters.kafka.tap import tap
from kasugai.adapters.settings import KafkaSettings
from kasugai.schemas.topics import DEAD_LETTERS, contracts
from tests.chaos.judge import Spot
from tests.chaos.spoiled import HEADER


async def graves(kafka: KafkaSettings) -> tuple[frozenset[Spot], Counter[str]]:
    """Return where the records stood that are dead letters, and how many by topic without a bad neighbour's mark;
    LogAway."""
    buried, unmarked = set[Spot](), Counter[str]()
    for topic in [name for name in contracts() if name.endswith(DEAD_LETTERS)]:
        async for line in tap(kafka, topic):
            headers = json.loads(line)["headers"]
            spot = headers["dlq-topic"], int(headers["dlq-partition"]), int(headers["dlq-offset"])
            buried.add(spot)
            if HEADER not in headers:
                unmarked[f"{spot[0]}: {headers['dlq-error']}"] += 1
    return frozenset(buried), unmarked
