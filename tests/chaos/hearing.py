"""What agents and those who watch have published: who beats still, and every fault that they have told."""

import json
import time
from collections.abc import Iterable, Mapping
from uuid import UUID

from kasugai.adapters.kafka.tap import tap
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.words.subject import Kind
from kasugai.schemas.topics import FAULTS, HEARTBEATS, PEERS, POWER
from tests.chaos.spoiled import HEADER

FRESH = 5.0
"""Seconds that the last beat of a host that is heard may be old."""


async def heard(kafka: KafkaSettings) -> dict[str, float]:
    """Return how many seconds ago the last beat of each host was taken; LogAway."""
    now, found = time.time(), dict[str, float]()
    async for line in tap(kafka, HEARTBEATS):
        record = json.loads(line)
        value = record.get("value")
        if HEADER not in record["headers"] and isinstance(value, dict) and value["type"] == "Beat":
            found[value["host"]] = now - record["at"] / 1000
    return found


def mute(heard_of: Mapping[str, float], hosts: Iterable[str]) -> list[str]:
    """Return which of these hosts are not heard."""
    return [host for host in hosts if heard_of.get(host, FRESH) >= FRESH]


async def told(kafka: KafkaSettings) -> dict[UUID, str]:
    """Return every fault that was told by agents, by liveness and by who reads the power, with its host; LogAway."""
    found: dict[UUID, str] = {}
    for topic in (FAULTS[Kind.HOST], PEERS, POWER):
        async for line in tap(kafka, topic):
            record = json.loads(line)
            value = record.get("value")
            if HEADER not in record["headers"] and isinstance(value, dict) and value["type"] == "Fault":
                found[UUID(value["event_id"])] = str(record["key"])
    return found
