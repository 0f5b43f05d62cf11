"""Which of Pacemaker's tools is asked when, and what is concluded when one has no answer.

The tools are scripts of this test's own that print what the real ones printed; the real ones are asked in
`tests/integration/agents/test_ha_cluster.py`.
"""

import asyncio
from pathlib import Path

import pytest

from kasugai.agents.cluster.looks.commands import Commands
from kasugai.agents.cluster.looks.corosync import CorosyncLook
from kasugai.agents.cluster.looks.pacemaker import PacemakerLook
from kasugai.agents.cluster.options import NodeType, PacemakerOptions
from kasugai.agents.cluster.picture import Picture, Standing

CAPTURED = Path(__file__).parent / "captured"
QUORUM, CIB, MONITOR, NODES = "corosync-quorumtool", "cibadmin", "crm_mon", "corosync-cmapctl"
HANGS, NO_COROSYNC = "sleep 60", "echo Cannot initialize CMAP service >&2; exit 1"


class Tools:
    """A folder of scripts, each of which notes that it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, body: str, code: int = 0) -> "Tools":
        """Add one that prints a captured file, or does what `body` says."""
        does = f"cat {CAPTURED / body}" if (CAPTURED / body).is_file() else body
        script = self.folder / name
        script.write_text(f"#!/bin/sh\necho {name} >>{self.folder}/asked\n{does}\nexit {code}\n")
        script.chmod(0o755)
        return self

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().split()

    @property
    def commands(self) -> Commands:
        return Commands(within=("env", f"PATH={self.folder}:/usr/bin:/bin"), patience=2.0)

    def look(
        self,
        host: str = "n1",
        *,
        closely: bool = False,
        kind: NodeType = NodeType.AUTODETECT,
        remotes: bool = False,
    ) -> Picture:
        options = PacemakerOptions(node_type=kind, restrict_to_remotes=remotes)
        return asyncio.run(PacemakerLook(self.commands, options, host=host).look(closely))


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return (
        Tools(tmp_path).add(QUORUM, "all-well.quorum").add(CIB, "all-well.cib").add(MONITOR, "all-well.mon")
    )


def down(picture: Picture) -> list[str]:
    assert picture.trouble == ""
    return [member.name for member in picture.members if member.standing is Standing.DOWN]


def test_while_all_is_well_two_commands_are_enough(tools: Tools) -> None:
    assert down(tools.look()) == []
    assert tools.asked == [QUORUM, CIB]
    tools.look(closely=True)
    assert tools.asked[2:] == [QUORUM, CIB, MONITOR]


def test_a_node_that_was_already_fenced_at_the_first_look_is_down(tools: Tools) -> None:
    tools.add(CIB, "node-fenced.cib").add(MONITOR, "node-fenced.mon")
    assert "n3" in down(tools.look())


def test_pacemakerd_alone_gone_blinds_nobody(tools: Tools) -> None:
    tools.add(CIB, "node-lost.cib").add(MONITOR, "no-pacemakerd.mon", code=102)
    assert "n3" in down(tools.look())


def test_a_hung_corosync_with_a_healthy_local_view_says_nothing(tools: Tools) -> None:
    tools.add(QUORUM, HANGS)
    assert "Corosync hangs" in tools.look().trouble


def test_without_quorum_pacemakers_view_is_not_read(tools: Tools) -> None:
    tools.add(QUORUM, "cut-off.quorum", code=2).add(CIB, "node-lost.cib")
    assert "no quorum" in tools.look("n3").trouble


def test_a_full_node_without_its_corosync_says_nothing_and_a_remote_node_needs_none(tools: Tools) -> None:
    tools.add(QUORUM, NO_COROSYNC)
    assert "pacemaker_node_type to remote" in tools.look("n1").trouble
    assert down(tools.look("r1")) == []
    assert "does not tell" in tools.look("r1", kind=NodeType.CLUSTER).trouble
    (tools.folder / QUORUM).unlink()
    assert down(tools.look("r1")) == []


def test_who_is_set_to_be_a_remote_node_asks_no_corosync(tools: Tools) -> None:
    assert down(tools.look("r1", kind=NodeType.REMOTE)) == []
    assert QUORUM not in tools.asked


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        ("echo Transport endpoint is not connected >&2", 107, "Transport endpoint is not connected"),
        ("echo nothing of use", 0, "no XML"),
        (HANGS, 0, "gave no answer"),
    ],
)
def test_a_cib_that_cannot_be_had_is_told(tools: Tools, body: str, code: int, why: str) -> None:
    assert why in tools.add(CIB, body, code=code).look().trouble


def test_restrict_to_remotes_works_without_any_word_about_ipmi(tools: Tools) -> None:
    tools.add(CIB, "remote-dead.cib").add(MONITOR, "remote-dead.mon")
    assert [member.name for member in tools.look(remotes=True).members] == ["r1"]


def test_corosync_alone_is_looked_at_by_its_own_tools(tools: Tools) -> None:
    tools.add(QUORUM, "node-lost.quorum").add(NODES, "nodes.cmap")
    assert down(asyncio.run(CorosyncLook(tools.commands, host="n1").look(False))) == ["n3"]
    tools.add(QUORUM, NO_COROSYNC)
    assert "Cannot initialize" in asyncio.run(CorosyncLook(tools.commands, host="n1").look(False)).trouble
