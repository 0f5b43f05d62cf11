"""Asks Kubernetes' API server for its nodes, page by page, and for the leases of those it has not heard from."""

import asyncio
import os
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from kasugai.agents.cluster.looks.web import NoAnswer, Web, url_of
from kasugai.agents.cluster.options import KubernetesOptions
from kasugai.agents.cluster.picture import Picture, Unreadable, blind, shown, strangers, unless_alone
from kasugai.agents.cluster.reading.kubernetes import (
    Lease,
    NodeWord,
    doubted,
    member_of,
    read_lease,
    read_nodes,
)

PORT = 443
PAGE = 50
"""Nodes per request: each has some 15 KiB, and an agent has little memory."""
MOST_PAGES = 400
PATIENCE = 30.0
"""Seconds that a whole look may take: what is older does not belong into one picture."""
MOST_LEASES = 50
"""Leases that are read in one look; with more nodes unheard of, this host or the API server is doubted anyway."""
NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def server_of(options: KubernetesOptions, environment: Mapping[str, str]) -> str:
    """Return the API server's URL: the one that is set, or a pod's own; ValueError when there is none."""
    if options.server:
        return url_of(options.server, PORT)
    host = environment.get("KUBERNETES_SERVICE_HOST", "")
    if not host:
        raise ValueError("no API server: set [kubernetes] server, or run in a pod")
    name = f"[{host}]" if ":" in host else host
    return f"https://{name}:{environment.get('KUBERNETES_SERVICE_PORT', PORT)}"


class KubernetesLook:
    """A `Look` at a Kubernetes cluster's nodes."""

    name = "kubernetes"

    def __init__(self, web: Web, options: KubernetesOptions, *, host: str) -> None:
        """`host` is this host's own name; ValueError when there is no API server."""
        self._web, self._options, self._host = web, options, host
        self._server = server_of(options, os.environ)

    async def look(self, closely: bool) -> Picture:
        """Return the picture of the nodes; it costs the same closely or not."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._picture()
        except TimeoutError:
            return blind(f"{self._server} is too slow: not all nodes within {PATIENCE:g} s")
        except OSError as error:
            return blind(f"the token cannot be read ({error.strerror}): {self._options.token_file}")
        except (NoAnswer, Unreadable) as error:
            return blind(f"Kubernetes does not tell ({error}): look at it with kubectl get nodes")

    async def _picture(self) -> Picture:
        headers = {"Authorization": f"Bearer {self._options.token_file.read_text().strip()}"}
        nodes = await self._nodes(headers)
        leases = await self._leases(doubted(nodes)[:MOST_LEASES], headers)
        remarks = () if self._options.labels else strangers([node.name for node in nodes], self._host)
        return unless_alone(shown((member_of(node, leases) for node in nodes), *remarks), self._host)

    async def _nodes(self, headers: Mapping[str, str]) -> list[NodeWord]:
        found: list[NodeWord] = []
        following = ""
        for _ in range(MOST_PAGES):
            asked = {"limit": str(PAGE), "labelSelector": self._options.labels, "continue": following}
            query = urlencode({key: value for key, value in asked.items() if value})
            nodes, following = read_nodes(
                (await self._web.get(f"{self._server}{NODES}?{query}", headers)).data
            )
            found += nodes
            if not following:
                return found
        raise Unreadable(f"more than {MOST_PAGES * PAGE} nodes")

    async def _leases(self, names: list[str], headers: Mapping[str, str]) -> dict[str, Lease]:
        found = {}
        for name in names:
            try:
                answer = await self._web.get(f"{self._server}{LEASES}/{quote(name, safe='')}", headers)
            except NoAnswer:  # whose lease cannot be read is left open, the others go on
                continue
            if (lease := read_lease(answer.data, answer.date)) is not None:
                found[name] = lease
        return found
