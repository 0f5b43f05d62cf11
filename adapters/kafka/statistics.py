"""Reads librdkafka's statistics: how far a consumer is behind in each of its partitions, without asking the broker.

`INTERVAL` is how often they come; they cost about a millisecond each, so nobody who serves no metrics asks for them.
"""

import json
from collections.abc import Mapping
from typing import Any

from kasugai.adapters.kafka.client import Config
from kasugai.adapters.telemetry.lags import Lags, Place

INTERVAL = 1_000
"""Milliseconds."""


def statistics_config(lags: Lags | None, delivered: Mapping[Place, int], *, commits: bool = True) -> Config:
    """Return what lets a consumer tell `lags` how far it is behind; nothing for None.

    `delivered` is what the consumer keeps: by partition, the offset after the last record that it was handed.
    `commits`: whether a record is done when it is committed, and not when it was handed over.
    """
    if lags is None:
        return {}

    teller = object()

    def take(text: str) -> None:
        lags.set(behind(text, delivered, commits=commits), teller)

    return {"stats_cb": take, "statistics.interval.ms": INTERVAL}


def behind(text: str, delivered: Mapping[Place, int], *, commits: bool = True) -> dict[Place, int]:
    """Return how many records of each partition that is being fetched are not committed; without `commits`, not
    delivered."""
    return {
        (topic, int(number)): _uncommitted(
            partition if commits else partition | {"committed_offset": -1},
            delivered.get((topic, int(number)), 0),
        )
        for topic, about in json.loads(text)["topics"].items()
        for number, partition in about["partitions"].items()
        if number != "-1" and partition["fetch_state"] == "active"
    }


def _uncommitted(partition: dict[str, Any], delivered: int) -> int:
    """The end less what is committed. Where nothing is (yet), less what was delivered, or where fetching stands.

    What stands before the end and is no record (a transaction's marker) counts as nothing; librdkafka's own
    `app_offset` moves past it, so that only we can tell it from a record in hand.
    """
    end = max(partition["hi_offset"], partition["ls_offset"], 0)
    committed, following = partition["committed_offset"], partition["next_offset"]
    is_drained = following >= end and partition["fetchq_cnt"] == 0
    if is_drained and delivered <= max(committed, 0):
        return 0
    place: int = next((offset for offset in (committed, delivered or -1, following) if offset >= 0), end)
    return max(0, int(end) - place)
