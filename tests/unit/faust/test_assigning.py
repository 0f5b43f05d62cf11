"""A leader that does not see every topic assigns nothing; Faust's own would assign what it sees."""

from types import SimpleNamespace
from typing import cast

import pytest
from faust.assignor.partition_assignor import PartitionAssignor

from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.faust.assigning import CarefulAssignor
from kasugai.adapters.faust.care import Care
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Handler
from kasugai.adapters.faust.settings import ProcessorSettings
from tests.support.shell import Left

TOPICS = {"signals", "rows"}
MEMBERS = {"a": [*TOPICS]}


def seeing(**topics: int) -> SimpleNamespace:
    """What a client knows of the cluster."""
    return SimpleNamespace(partitions_for_topic=lambda name: set(range(topics.get(name, 0))) or None)


@pytest.mark.parametrize("seen", [{"signals": 4}, {"rows": 4}, {}])
def test_a_leader_without_all_topics_ends_instead_of_assigning(seen: dict[str, int]) -> None:
    with pytest.raises(Left, match="just now") as left:
        CarefulAssignor._get_copartitioned_groups(TOPICS, seeing(**seen), MEMBERS)
    assert left.value.code is Exit.STUCK
    groups = PartitionAssignor._get_copartitioned_groups(TOPICS, seeing(**seen), MEMBERS)
    assert [topic for group in groups.values() for each in group for topic in each] == [*seen], "Faust's own"


def test_with_all_topics_it_assigns_as_faust_does() -> None:
    cluster = seeing(signals=4, rows=4)
    ours = CarefulAssignor._get_copartitioned_groups(TOPICS, cluster, MEMBERS)
    assert [set(group) for group in ours[4]] == [TOPICS]


def test_the_app_assigns_by_it() -> None:
    settings = ProcessorSettings(app_id="a", bootstrap="b:1", topic="t", table="rows", instance_id="i")
    care = Care(settings=settings, membership=Membership(1.0), handler=cast("Handler", None))
    assigned_by: object = CarefulApp(care).conf.PartitionAssignor
    assert assigned_by is CarefulAssignor
