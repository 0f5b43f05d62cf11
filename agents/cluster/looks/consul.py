"""Asks this host's Consul agents, one per network, whom they see and whether they know a leader."""

import asyncio

from kasugai.agents.cluster.looks.web import NoAnswer, Web, url_of
from kasugai.agents.cluster.options import ConsulOptions
from kasugai.agents.cluster.picture import Picture, Unreadable, blind
from kasugai.agents.cluster.reading.consul import has_leader, open_columns, picture_of, read_members

PORT = 8500
"""Where a Consul agent answers unless told otherwise."""


class ConsulLook:
    """A `Look` at Consul's gossip pools."""

    name = "consul"

    def __init__(self, web: Web, options: ConsulOptions, *, host: str) -> None:
        """`host` is this host's own name; ValueError when an address is none."""
        self._web, self._options, self._host = web, options, host
        self._urls = {network: url_of(address, PORT) for network, address in options.agents.named().items()}
        self._headers = {"X-Consul-Token": options.token} if options.token else {}

    async def look(self, closely: bool) -> Picture:
        """Return the picture of all pools; it costs the same closely or not."""
        remarks = open_columns(self._options.matrix, self._urls)
        try:
            pools = await asyncio.gather(*(self._pool(network, url) for network, url in self._urls.items()))
        except (NoAnswer, Unreadable) as error:
            return blind(f"Consul does not tell ({error}): look at it with consul members", *remarks)
        found = dict(zip(self._urls, pools, strict=True))
        return picture_of(found, self._options.matrix, own=self._host, remarks=remarks)

    async def _pool(self, network: str, url: str) -> dict[str, int]:
        leader = await self._web.get(f"{url}/v1/status/leader", self._headers)
        if not has_leader(leader.data):
            raise Unreadable(
                f"the agent for {network} knows no leader: this host is cut off from its servers"
            )
        members = await self._web.get(f"{url}/v1/agent/members", self._headers)
        try:
            return read_members(members.data)
        except Unreadable as error:
            raise Unreadable(f"the agent for {network}: {error}") from error
