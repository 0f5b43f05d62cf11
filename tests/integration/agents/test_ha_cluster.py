"""What agents say of a real Pacemaker and Corosync: three nodes and a remote one, each in namespaces of its own.

Each test starts a cluster for itself (some seconds) and breaks one thing in it. They need root.
"""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from kasugai.agents.cluster.looks.commands import Commands
from kasugai.agents.cluster.looks.corosync import CorosyncLook
from kasugai.agents.cluster.looks.pacemaker import PacemakerLook
from kasugai.agents.cluster.options import Pace, PacemakerOptions
from kasugai.agents.cluster.picture import Look, Picture, Standing
from kasugai.agents.cluster.watch import ClusterWatch
from kasugai.core.words.signals import Symptom
from tests.support.ha_cluster import HaCluster, Node
from tests.support.voices import Heard

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

UNPRIVILEGED = ("setpriv", "--reuid=nobody", "--regid=haclient", "--clear-groups")
"""An agent needs no root here. haclient must be its own group and not one more: Corosync looks at nothing else."""


@pytest.fixture
def cluster() -> Iterator[HaCluster]:
    with HaCluster(remotes=("r1",)) as made:
        yield made


class Eyes:
    """An agent's watch on one node."""

    def __init__(self, node: Node, kind: str = "pacemaker") -> None:
        self.heard = Heard()
        commands = Commands(within=(*node.within, *UNPRIVILEGED))
        look: Look = (
            PacemakerLook(commands, PacemakerOptions(), host=node.name)
            if kind == "pacemaker"
            else CorosyncLook(commands, host=node.name)
        )
        pace = Pace(interval=0.1, samples=2)
        self.watch = ClusterWatch(look, self.heard, host=node.name, pace=pace, clock=time.monotonic)

    def look(self) -> Picture:
        return asyncio.run(self.watch.once())

    def until(self, holds: Callable[[Picture], bool], seconds: float = 30) -> Picture:
        """Look until a picture is as it should be; AssertionError shows the last one."""
        until = time.monotonic() + seconds
        while not holds(picture := self.look()):
            assert time.monotonic() < until, picture
        return picture

    def until_said(self, host: str, symptom: Symptom, seconds: float = 30) -> list[tuple[str, Symptom]]:
        """Look until that has been said, and return all that was said."""
        self.until(
            lambda _: (host, symptom) in [(word.host, word.symptom) for word in self.heard.words], seconds
        )
        return self.heard.take()


def stands(picture: Picture, host: str) -> Standing | None:
    return next((member.standing for member in picture.members if member.name == host), None)


def why(picture: Picture, host: str) -> str:
    return next((member.why for member in picture.members if member.name == host), "")


def all_up(picture: Picture) -> bool:
    return {m.name for m in picture.members if m.standing is Standing.UP} >= {"n1", "n2", "n3"}


def test_a_node_that_dies_is_said_by_all_who_live_and_its_return_as_well(cluster: HaCluster) -> None:
    first, second, third = cluster.nodes
    eyes, bare = Eyes(first), Eyes(second, "corosync")
    eyes.until(all_up)
    third.die()
    assert eyes.until_said("n3", Symptom.DOWN) == [("n3", Symptom.DOWN)]
    assert bare.until_said("n3", Symptom.DOWN) == [("n3", Symptom.DOWN)]
    fresh = Eyes(second)  # whoever begins only now finds it fenced, which looks like an orderly stop
    assert fresh.until_said("n3", Symptom.DOWN) == [("n3", Symptom.DOWN)]
    third.boot_again()
    assert eyes.until_said("n3", Symptom.CLEAR, 60) == [("n3", Symptom.CLEAR)]
    third.signal("TERM", "pacemakerd")  # in order, though the cluster remembers that it once fenced it
    eyes.until(lambda picture: stands(picture, "n3") is Standing.UNTOLD)
    third.signal("TERM", "corosync")
    late = Eyes(second)
    for each in (late, eyes):
        each.until(lambda picture: why(picture, "n3") == "left the cluster in order")
        each.look()
    assert late.heard.words == eyes.heard.words == []


def test_a_node_that_is_cut_off_says_nothing_of_others_and_others_say_it(cluster: HaCluster) -> None:
    first, _, third = cluster.nodes
    eyes, lonely = Eyes(first), Eyes(third)
    eyes.until(all_up)
    lonely.until(all_up)
    third.cut_off()
    assert "no quorum" in lonely.until(lambda picture: picture.trouble != "").trouble
    assert eyes.until_said("n3", Symptom.DOWN) == [("n3", Symptom.DOWN)]
    for _ in range(5):
        assert lonely.look().trouble
    assert lonely.heard.words == []


def test_a_hung_corosync_with_a_healthy_local_view_says_nothing(cluster: HaCluster) -> None:
    first, second, third = cluster.nodes
    eyes, hung = Eyes(first), Eyes(third)
    eyes.until(all_up)
    third.signal("STOP", "corosync")
    assert eyes.until_said("n3", Symptom.DOWN) == [("n3", Symptom.DOWN)]
    assert 'have-quorum="1"' in third.run("cibadmin", "--query")  # so healthy does it look there
    second.die()
    begun = time.monotonic()
    assert "hangs" in hung.look().trouble
    assert time.monotonic() - begun < 15
    assert hung.heard.words == []


def test_who_stops_in_order_is_not_said_to_be_down_and_pacemakerd_alone_blinds_nobody(
    cluster: HaCluster,
) -> None:
    first, second, third = cluster.nodes
    eyes, local = Eyes(first), Eyes(second)
    eyes.until(all_up)
    second.signal("KILL", "pacemakerd")
    assert 'code="102"' in second.says("crm_mon", "--output-as=xml")
    local.until(all_up)
    third.signal("TERM", "pacemakerd")
    eyes.until(lambda picture: stands(picture, "n3") is Standing.UNTOLD)
    assert 'online="true"' in first.says("crm_mon", "--output-as=xml", "--node=n3")  # a word that is not used
    third.signal("TERM", "corosync")
    eyes.until(lambda picture: why(picture, "n3") == "left the cluster in order")
    for _ in range(3):
        eyes.look()
        local.look()
    assert eyes.heard.words == local.heard.words == []


def test_a_dead_remote_node_is_said_once_and_is_not_back_while_its_start_is_pending(
    cluster: HaCluster,
) -> None:
    first, remote = cluster.nodes[0], cluster.remotes[0]
    eyes, theirs = Eyes(first), Eyes(remote)
    eyes.until(all_up)
    theirs.until(all_up)  # a remote node sees the cluster without a Corosync of its own
    remote.die()
    assert eyes.until_said("r1", Symptom.DOWN) == [("r1", Symptom.DOWN)]
    shown = "RemoteOnline: [ r1 ]"
    until = time.monotonic() + 60
    while shown not in first.says("crm_mon", "-1"):
        assert time.monotonic() < until, "it was never shown online again"
        eyes.look()
    assert stands(eyes.look(), "r1") is Standing.DOWN
    assert [word for word in eyes.heard.words if not word.again] == []
