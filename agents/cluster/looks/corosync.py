"""Asks Corosync's own tools: its quorum, its members, the names of its nodes."""

from kasugai.agents.cluster.looks.commands import CannotRun, Commands
from kasugai.agents.cluster.picture import Picture, Unreadable, blind
from kasugai.agents.cluster.reading.corosync import Quorum, picture_of, read_nodes, read_quorum


async def quorum_of(commands: Commands) -> Quorum:
    """Return the membership that this host is in; CannotRun or Unreadable where Corosync does not tell."""
    ended = await commands.run(
        "corosync-quorumtool", "-s", "-i"
    )  # addresses: it would look up names in the DNS
    try:
        return read_quorum(ended.said)
    except Unreadable as error:
        raise Unreadable(ended.complained or str(error)) from error


class CorosyncLook:
    """A `Look` at a membership without Pacemaker."""

    name = "corosync"

    def __init__(self, commands: Commands, *, host: str) -> None:
        """`host` is this host's own name."""
        self._commands, self._host = commands, host

    async def look(self, closely: bool) -> Picture:
        """Return the picture of the membership; it costs the same closely or not."""
        try:
            quorum = await quorum_of(self._commands)
            listed = await self._commands.run("corosync-cmapctl", "nodelist")
            return picture_of(quorum, read_nodes(listed.said), own=self._host)
        except (CannotRun, Unreadable) as error:
            return blind(f"Corosync does not tell ({error}): look at it with corosync-quorumtool -s")
