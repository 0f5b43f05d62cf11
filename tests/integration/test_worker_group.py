"""No partition of the workers' group is left to nobody, whenever a member dies."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from kasugai.sim.child import Child
from tests.support.kafka import KafkaServer

PARTITIONS = {0, 1, 2, 3}


def owners(kafka: KafkaServer, group: str) -> dict[str, set[int]]:
    """Return which partitions the broker says that each member has; nothing while it cannot say."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    try:
        found = admin.describe_consumer_groups([group], request_timeout=5)[group].result()
    except KafkaException:
        return {}
    return {
        str(member.group_instance_id): {place.partition for place in member.assignment.topic_partitions}
        for member in found.members
        if member.assignment is not None
    }


def until(so: Callable[[], bool], within: float = 90.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + within
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.chaos
def test_a_member_that_dies_while_it_hands_partitions_over_leaves_none_to_nobody(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    topic = group = f"group-{uuid4().hex[:8]}"
    kafka.create_topics({topic: len(PARTITIONS)})
    with ExitStack() as stack:

        def start(instance: str, *words: str) -> Child:
            program = [sys.executable, "-m", "tests.support.group_member", kafka.bootstrap, topic, group]
            child = Child([*program, instance, *words], log=tmp_path / instance)
            child.start(lambda: True)
            stack.callback(child.stop)
            return child

        first = start("one", "die")
        until(lambda: owners(kafka, group) == {"one": PARTITIONS})
        start("two")
        until(lambda: first.exit_code is not None)
        start("one")
        until(lambda: set().union(*owners(kafka, group).values()) == PARTITIONS)
