"""Faust's assignor, which never gives away less than everything.

A leader whose metadata lacks a topic for a moment (its broker has just started) would assign what it sees, down to
nothing at all, with a warning (assignor/partition_assignor.py:179). Static members that come back within their session
are given their old share again without anybody assigning anew: the group stays stable, and nobody owns a partition.
"""

from typing import Any

from faust.assignor.partition_assignor import PartitionAssignor

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.exits import Exit


class CarefulAssignor(PartitionAssignor):
    """Assigns all partitions of all topics, or ends the process: whoever leads next looks again."""

    @classmethod
    def _get_copartitioned_groups(cls, topics: set[str], cluster: Any, subscriptions: Any) -> Any:
        missing = sorted(topic for topic in topics if not cluster.partitions_for_topic(topic))
        if missing:
            exits.leave(
                Exit.STUCK, f"Kafka shows no partitions of {', '.join(missing)} just now: not assigned"
            )
        return super()._get_copartitioned_groups(topics, cluster, subscriptions)
