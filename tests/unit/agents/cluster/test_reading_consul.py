"""Pictures of Consul's pools."""

import pytest

from kasugai.agents.cluster.matrix import DEFAULT_MATRIX
from kasugai.agents.cluster.picture import Picture, Standing, Unreadable
from kasugai.agents.cluster.reading.consul import (
    ALIVE,
    FAILED,
    LEFT,
    has_leader,
    open_columns,
    picture_of,
    read_members,
)

NETWORKS = ("manage", "tenant", "storage")


def pools(**of_cmp2: int) -> dict[str, dict[str, int]]:
    """Three pools of four hosts in which all are alive but cmp2 as said."""
    others = dict.fromkeys(("cmp1", "cmp3", "cmp4"), ALIVE)
    return {network: others | {"cmp2": of_cmp2.get(network, ALIVE)} for network in NETWORKS}


def standing(picture: Picture, host: str = "cmp2") -> Standing:
    assert picture.trouble == ""
    return next(member.standing for member in picture.members if member.name == host)


def seen(*, without: str = "", **of_cmp2: int) -> Standing:
    found = {network: pool for network, pool in pools(**of_cmp2).items() if network != without}
    return standing(picture_of(found, DEFAULT_MATRIX, own="cmp1"))


def test_the_matrix_says_which_losses_matter() -> None:
    assert seen() is Standing.UP
    assert seen(storage=FAILED) is Standing.DOWN
    assert seen(manage=FAILED, tenant=FAILED) is Standing.UNTOLD


def test_who_left_in_order_is_not_down() -> None:
    assert seen(storage=LEFT) is Standing.UNTOLD
    assert seen(storage=FAILED, manage=LEFT) is Standing.UNTOLD


def test_a_column_without_an_agent_is_left_out_and_that_is_said() -> None:
    assert seen(without="manage", storage=FAILED) is Standing.DOWN
    assert seen(without="storage", manage=FAILED, tenant=FAILED) is Standing.UNTOLD
    assert seen(without="storage") is Standing.UP
    assert "agent_storage" in open_columns(DEFAULT_MATRIX, {"manage": "a", "tenant": "b"})[0]
    assert "set agent_manage" in picture_of({}, DEFAULT_MATRIX, own="cmp1").trouble


def test_who_is_missing_from_a_pool_is_not_known_there() -> None:
    found = pools()
    del found["manage"]["cmp2"]
    assert standing(picture_of(found, DEFAULT_MATRIX, own="cmp1")) is Standing.UNTOLD


def test_whoever_sees_most_others_fail_is_doubted_itself() -> None:
    found = pools()
    found["storage"] |= {"cmp2": FAILED, "cmp3": FAILED}
    assert "2 of 3 other hosts" in picture_of(found, DEFAULT_MATRIX, own="cmp1").trouble


def test_an_agent_that_is_cut_off_knows_no_leader() -> None:
    assert has_leader("192.0.2.1:8300")
    assert not has_leader("")
    assert not has_leader(None)


@pytest.mark.parametrize(
    "data", [{}, [], None, ["cmp1"], [{"Name": "cmp1"}], [{"Name": "cmp1", "Status": "alive"}]]
)
def test_what_is_no_list_of_members_is_unreadable(data: object) -> None:
    with pytest.raises(Unreadable):
        read_members(data)


def test_members_are_read_by_name() -> None:
    assert read_members([{"Name": "cmp1", "Addr": "192.0.2.1", "Status": 4, "Tags": {}}]) == {"cmp1": FAILED}
