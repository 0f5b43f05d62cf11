"""Pictures of a Corosync membership, from what its tools really printed."""

from pathlib import Path

import pytest

from kasugai.agents.cluster.picture import Picture, Standing, Unreadable
from kasugai.agents.cluster.reading.corosync import picture_of, read_nodes, read_quorum

CAPTURED = Path(__file__).parent / "captured"
NODES = (CAPTURED / "nodes.cmap").read_text()


def captured(name: str) -> str:
    return (CAPTURED / f"{name}.quorum").read_text()


def standings(picture: Picture) -> dict[str, Standing]:
    assert picture.trouble == ""
    return {member.name: member.standing for member in picture.members}


def test_members_are_up_and_who_is_missing_is_down() -> None:
    all_well = picture_of(read_quorum(captured("all-well")), read_nodes(NODES), own="n1")
    assert set(standings(all_well).values()) == {Standing.UP}
    lost = picture_of(read_quorum(captured("node-lost")), read_nodes(NODES), own="n1")
    assert standings(lost) == {"n1": Standing.UP, "n2": Standing.UP, "n3": Standing.DOWN}


def test_without_quorum_no_word() -> None:
    assert "no quorum" in picture_of(read_quorum(captured("cut-off")), read_nodes(NODES), own="n3").trouble


def test_a_name_beside_an_id_is_decoration() -> None:
    strange = captured("node-lost").replace(" n2", " host-2.example.org")
    assert read_quorum(strange) == read_quorum(captured("node-lost"))


def test_a_node_without_a_name_is_not_watched_and_that_is_said() -> None:
    nameless = "".join(line for line in NODES.splitlines(keepends=True) if "node.2.name" not in line)
    picture = picture_of(read_quorum(captured("node-lost")), read_nodes(nameless), own="n1")
    assert "n3" not in standings(picture)
    assert "192.0.2.3 has no name" in picture.remarks[0]


def test_a_host_that_its_cluster_calls_otherwise_is_told() -> None:
    picture = picture_of(read_quorum(captured("all-well")), read_nodes(NODES), own="n1.example.org")
    assert "n1.example.org is not among the members" in picture.remarks[0]


def test_who_is_not_in_its_own_membership_says_nothing() -> None:
    assert (
        "not in its own membership"
        in picture_of(read_quorum(captured("node-lost")), read_nodes(NODES), own="n3").trouble
    )


@pytest.mark.parametrize("text", ["", "Cannot initialize CMAP service", "Quorate:          Yes\n"])
def test_what_is_no_answer_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read_quorum(text)
    with pytest.raises(Unreadable):
        read_nodes(text)
