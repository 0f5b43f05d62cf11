"""Pictures of a Pacemaker cluster, from what its tools really printed and from forms that other versions write."""

from pathlib import Path

import pytest

from kasugai.agents.cluster.picture import Picture, Standing, Unreadable
from kasugai.agents.cluster.reading.cib import read_cib
from kasugai.agents.cluster.reading.elements import said, since
from kasugai.agents.cluster.reading.monitor import read_monitor
from kasugai.agents.cluster.reading.pacemaker import needs_monitor, picture_of

CAPTURED = Path(__file__).parent / "captured"
UP, DOWN, UNTOLD = Standing


def captured(name: str) -> str:
    return (CAPTURED / name).read_text()


def seen(case: str, monitored: bool = True, own: str = "n1", remotes_only: bool = False) -> Picture:
    monitor = read_monitor(captured(f"{case}.mon")) if monitored else None
    return picture_of(read_cib(captured(f"{case}.cib")), monitor, own=own, remotes_only=remotes_only)


def standings(picture: Picture) -> dict[str, Standing]:
    assert picture.trouble == ""
    return {member.name: member.standing for member in picture.members}


def cib(states: str, quorum: str = "1", leader: str = "1", configuration: str = "") -> str:
    return (
        f'<cib have-quorum="{quorum}" dc-uuid="{leader}"><configuration>{configuration}</configuration>'
        f"<status>{states}</status></cib>"
    )


def node(
    name: str, in_ccm: str, crmd: str, join: str = "member", expected: str = "member", more: str = ""
) -> str:
    return (
        f'<node_state id="{name}" uname="{name}" in_ccm="{in_ccm}" crmd="{crmd}" join="{join}" '
        f'expected="{expected}" {more}/>'
    )


def test_all_well() -> None:
    assert standings(seen("all-well")) == {"n1": UP, "n2": UP, "n3": UP, "r1": UP}


def test_a_node_that_vanished_is_down_before_and_after_its_fence() -> None:
    assert standings(seen("node-lost", monitored=False))["n3"] is DOWN
    fenced = seen("node-fenced")
    assert standings(fenced)["n3"] is DOWN
    assert "fenced by the cluster at 2026-11-30" in next(m.why for m in fenced.members if m.name == "n3")


def test_a_fenced_node_looks_like_one_that_left_until_crm_mon_is_asked() -> None:
    assert needs_monitor(read_cib(captured("node-fenced.cib")), closely=False)
    assert standings(seen("node-fenced", monitored=False))["n3"] is UNTOLD


def test_online_is_not_alive_and_standby_is_not_maintenance() -> None:
    shown = captured("pacemaker-stopped.mon")
    assert 'name="n3" id="3" online="true" standby="true"' in shown
    stopped = seen("pacemaker-stopped")
    assert standings(stopped)["n3"] is UNTOLD
    assert "stopped in order" in next(m.why for m in stopped.members if m.name == "n3")


def test_who_left_in_order_is_not_down() -> None:
    assert standings(seen("node-left"))["n3"] is UNTOLD


def test_who_was_fenced_once_came_back_and_left_in_order_is_not_down() -> None:
    monitor = read_monitor(captured("node-fenced.mon"))
    assert "n3" in monitor.fenced
    assert standings(picture_of(read_cib(captured("node-left.cib")), monitor, own="n1"))["n3"] is UNTOLD


def test_a_remote_node_is_down_though_it_is_shown_online_while_its_start_is_pending() -> None:
    assert standings(seen("remote-dead"))["r1"] is DOWN
    assert 'name="r1" id="r1" online="true"' in captured("remote-shown-online.mon")
    assert standings(seen("remote-shown-online"))["r1"] is DOWN


def test_a_remote_node_is_up_only_with_its_connection_started() -> None:
    assert standings(seen("all-well", monitored=False))["r1"] is UNTOLD
    starting = captured("all-well.mon").replace(
        'pacemaker:remote" role="Started"', 'pacemaker:remote" role="Starting"'
    )
    assert (
        standings(picture_of(read_cib(captured("all-well.cib")), read_monitor(starting), own="n1"))["r1"]
        is UNTOLD
    )


def test_a_remote_node_whose_connection_was_stopped_on_purpose_is_not_down() -> None:
    stopped = captured("all-well.cib").replace('uname="r1" in_ccm="true"', 'uname="r1" in_ccm="false"')
    quiet = captured("all-well.mon").replace(
        'pacemaker:remote" role="Started"', 'pacemaker:remote" role="Stopped"'
    )
    assert standings(picture_of(read_cib(stopped), read_monitor(quiet), own="n1"))["r1"] is UNTOLD
    failed = captured("remote-dead.mon")
    assert standings(picture_of(read_cib(stopped), read_monitor(failed), own="n1"))["r1"] is DOWN


def test_remotes_only_speaks_of_no_full_node_and_needs_no_ipmi() -> None:
    assert standings(seen("remote-dead", remotes_only=True)) == {"r1": DOWN}
    assert (
        "unset it"
        in picture_of(read_cib(cib(node("n1", "true", "online"))), None, own="n1", remotes_only=True).trouble
    )


def test_crm_mon_is_asked_only_where_the_cib_leaves_something_open() -> None:
    well = read_cib(captured("all-well.cib"))
    assert not needs_monitor(well, closely=False)
    assert needs_monitor(well, closely=True)
    assert needs_monitor(read_cib(captured("node-left.cib")), closely=False)
    assert needs_monitor(read_cib(captured("remote-dead.cib")), closely=False)
    lost = cib(node("n1", "true", "online") + node("n2", "false", "offline"))
    assert not needs_monitor(read_cib(lost), closely=True)


def test_without_quorum_no_word() -> None:
    assert "no quorum" in seen("cut-off", own="n3").trouble
    assert (
        "controller"
        in picture_of(read_cib(cib(node("n1", "true", "online"), leader="")), None, own="n1").trouble
    )


def test_who_is_no_member_by_its_own_view_says_nothing() -> None:
    alone = cib(node("n1", "false", "offline") + node("n2", "false", "offline"))
    assert "this host is no member" in picture_of(read_cib(alone), None, own="n1").trouble


@pytest.mark.parametrize(
    ("in_ccm", "crmd", "standing"),
    [
        ("true", "online", UP),
        ("1796055029", "1796055030", UP),
        ("false", "offline", DOWN),
        ("0", "0", DOWN),
        ("1796055029", "0", UNTOLD),
        ("-1", "online", UNTOLD),
        ("soon", "online", UNTOLD),
        ("", "", UNTOLD),
    ],
)
def test_both_forms_of_in_ccm_are_read_and_anything_else_is_unknown(
    in_ccm: str, crmd: str, standing: Standing
) -> None:
    text = cib(node("n1", "true", "online") + node("n2", in_ccm, crmd))
    assert standings(picture_of(read_cib(text), None, own="n1"))["n2"] is standing


def test_times_that_change_are_no_change_of_state() -> None:
    pictures = [
        picture_of(read_cib(cib(node("n1", at, at) + node("n2", at, at))), None, own="n1")
        for at in ("1796055029", "1796059999")
    ]
    assert pictures[0] == pictures[1]


def test_a_controller_that_hangs_or_has_not_joined_is_not_down() -> None:
    text = cib(
        node("n1", "true", "online")
        + node("n2", "true", "offline")
        + node("n3", "true", "online", join="pending")
    )
    assert standings(picture_of(read_cib(text), None, own="n1")) == {"n1": UP, "n2": UNTOLD, "n3": UNTOLD}


def test_maintenance_is_the_nodes_own_attribute() -> None:
    maintained = _attribute("2", "n2", "maintenance", "true")
    standby = _attribute("3", "n3", "standby", "on")
    resource = (
        '<primitive id="x"><meta_attributes><nvpair name="maintenance" value="true"/></meta_attributes>'
    )
    own = f"<nodes>{maintained}{standby}</nodes><resources>{resource}</primitive></resources>"
    states = node("n1", "true", "online") + node("n2", "false", "offline") + node("n3", "false", "offline")
    assert standings(picture_of(read_cib(cib(states, configuration=own)), None, own="n1")) == {
        "n1": UP,
        "n2": UNTOLD,
        "n3": DOWN,
    }


def _attribute(number: str, name: str, attribute: str, value: str) -> str:
    pair = f'<nvpair name="{attribute}" value="{value}"/>'
    return f'<node id="{number}" uname="{name}"><instance_attributes>{pair}</instance_attributes></node>'


def test_guests_that_pacemaker_runs_as_nodes_are_no_hosts() -> None:
    guest = '<node_state remote_node="true" id="vm" uname="vm" in_ccm="false" node_fenced="5"/>'
    assert standings(picture_of(read_cib(cib(node("n1", "true", "online") + guest)), None, own="n1")) == {
        "n1": UP
    }


@pytest.mark.parametrize(
    "text", ["", "Could not connect to the CIB", "<cib have-quorum='1'", "<x/>", "<cib/>"]
)
def test_what_is_no_cib_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read_cib(text)


@pytest.mark.parametrize(
    "text",
    [
        captured("no-pacemakerd.mon"),
        captured("all-well.mon").replace('status code="0"', 'status code="102"'),
        '<crm_mon version="2.1.5"/>',
        '<pacemaker-result><status code="0"/></pacemaker-result>',
        "",
    ],
)
def test_what_shows_no_cluster_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read_monitor(text)


def test_a_fence_that_failed_or_is_under_way_is_none() -> None:
    for status in ("failed", "pending"):
        text = captured("node-fenced.mon").replace('status="success"', f'status="{status}"')
        assert "n3" not in read_monitor(text).fenced


def test_words_of_pacemaker() -> None:
    assert [said(word) for word in ("true", "no", "maybe", None)] == [True, False, None, None]
    assert [since(word) for word in ("online", "offline", "17", "0", "-3", "²", None)] == [
        True,
        False,
        True,
        False,
        None,
        None,
        None,
    ]
