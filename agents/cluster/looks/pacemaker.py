"""Asks Pacemaker: Corosync first, whether this host is worth listening to, then the CIB, then what the CIB leaves open.

A hung Corosync leaves Pacemaker's local view healthy, so a full node's view counts only while Corosync answers. The CIB
is asked before crm_mon, which says "not connected" already when pacemakerd alone is gone.
"""

from kasugai.agents.cluster.looks.commands import CannotRun, Commands, NotThere
from kasugai.agents.cluster.looks.corosync import quorum_of
from kasugai.agents.cluster.options import NodeType, PacemakerOptions
from kasugai.agents.cluster.picture import Picture, Unreadable, blind
from kasugai.agents.cluster.reading.cib import Cib, read_cib
from kasugai.agents.cluster.reading.corosync import why_not_heard
from kasugai.agents.cluster.reading.monitor import Monitor, read_monitor
from kasugai.agents.cluster.reading.pacemaker import needs_monitor, picture_of


class PacemakerLook:
    """A `Look` at a Pacemaker cluster, from a full node or from a remote one."""

    name = "pacemaker"

    def __init__(self, commands: Commands, options: PacemakerOptions, *, host: str) -> None:
        """`host` is this host's own name."""
        self._commands, self._options, self._host = commands, options, host

    async def look(self, closely: bool) -> Picture:
        """Return the picture of the cluster; `closely` asks for the connections of remote nodes too."""
        deaf = await self._why_corosync_is_silent()
        if deaf and self._options.node_type is NodeType.CLUSTER:
            return blind(deaf)
        try:
            ended = await self._commands.run("cibadmin", "--query")
            cib = read_cib(ended.said) if ended.code == 0 else None
        except (CannotRun, Unreadable) as error:
            return blind(f"Pacemaker does not tell ({error}): look at it with crm_mon -1")
        if cib is None:
            return blind(
                f"Pacemaker does not tell ({ended.complained or ended.code}): is it started on this host?"
            )
        if deaf and not self._is_remote(cib):
            return blind(deaf)
        return await self._picture(cib, closely)

    async def _picture(self, cib: Cib, closely: bool) -> Picture:
        monitor = await self._monitor() if needs_monitor(cib, closely) else None
        return picture_of(cib, monitor, own=self._host, remotes_only=self._options.restrict_to_remotes)

    async def _why_corosync_is_silent(self) -> str:
        """Return why this host's own view is not to be believed; empty when it is, or where there is no Corosync."""
        if self._options.node_type is NodeType.REMOTE:
            return ""
        try:
            return why_not_heard(await quorum_of(self._commands))
        except (NotThere, Unreadable) as error:
            return f"Corosync does not tell ({error}): start it, or set pacemaker_node_type to remote"
        except CannotRun as error:
            return f"Corosync hangs ({error}): what Pacemaker here says of others is old"

    def _is_remote(self, cib: Cib) -> bool:
        return self._options.node_type is NodeType.REMOTE or self._host in cib.remotes

    async def _monitor(self) -> Monitor | None:
        """What it cannot tell stays open."""
        try:
            ended = await self._commands.run("crm_mon", "--output-as=xml", "--fence-history=2")
            return read_monitor(ended.said)
        except (CannotRun, Unreadable):
            return None
