"""Standings of Kubernetes' nodes."""

import pytest

from kasugai.agents.cluster.picture import Standing, Unreadable
from kasugai.agents.cluster.reading.kubernetes import (
    Lease,
    NodeWord,
    doubted,
    member_of,
    read_lease,
    read_nodes,
)

NOW = "Mon, 30 Nov 2026 16:00:00 GMT"


def node(name: str, ready: object = "True", **metadata: str) -> dict[str, object]:
    conditions = [{"type": "MemoryPressure", "status": "True"}, {"type": "Ready", "status": ready}]
    return {"metadata": {"name": name, **metadata}, "status": {"conditions": conditions if ready else []}}


def test_a_page_is_read() -> None:
    items = [
        node("a"),
        node("b", "Unknown"),
        node("c", None),
        node("d", deletionTimestamp="2026-11-30T16:00:00Z"),
    ]
    nodes, following = read_nodes({"metadata": {"continue": "more"}, "items": items})
    assert [(each.name, each.ready, each.going) for each in nodes] == [
        ("a", "True", False),
        ("b", "Unknown", False),
        ("c", "", False),
        ("d", "True", True),
    ]
    assert following == "more"
    assert doubted(nodes) == ["b"]


@pytest.mark.parametrize(
    ("ready", "lease", "standing"),
    [
        ("True", None, Standing.UP),
        ("False", None, Standing.UNTOLD),
        ("Unknown", None, Standing.UNTOLD),
        ("Unknown", Lease(age=5), Standing.UNTOLD),
        ("Unknown", Lease(age=41), Standing.DOWN),
        ("", None, Standing.UNTOLD),
        ("true", None, Standing.UNTOLD),
    ],
)
def test_only_who_is_unheard_of_and_whose_lease_has_ended_is_down(
    ready: str, lease: Lease | None, standing: Standing
) -> None:
    leases = {} if lease is None else {"cmp2": lease}
    assert member_of(NodeWord(name="cmp2", ready=ready), leases).standing is standing


def test_a_node_that_is_being_deleted_is_not_spoken_of() -> None:
    word = NodeWord(name="cmp2", ready="Unknown", going=True)
    assert member_of(word, {"cmp2": Lease(age=99)}).standing is Standing.UNTOLD


def test_a_lease_is_as_old_as_the_server_that_shows_it_says() -> None:
    spec = {"renewTime": "2026-11-30T15:59:18.000000Z", "leaseDurationSeconds": 60}
    assert read_lease({"spec": spec}, NOW) == Lease(age=42, lasts=60)
    assert read_lease({"spec": {"renewTime": "2026-11-30T15:59:18Z"}}, NOW) == Lease(age=42)


@pytest.mark.parametrize(
    ("data", "date"),
    [({}, NOW), ({"spec": {"renewTime": None}}, NOW), ({"spec": {"renewTime": "2026-11-30T15:59:18Z"}}, "")],
)
def test_a_lease_without_times_cannot_be_told(data: object, date: str) -> None:
    assert read_lease(data, date) is None


@pytest.mark.parametrize(
    "data", [None, [], {}, {"items": {}}, {"items": [{}]}, {"items": [{"metadata": {"name": 5}}]}]
)
def test_what_is_no_list_of_nodes_is_unreadable(data: object) -> None:
    with pytest.raises(Unreadable):
        read_nodes(data)
