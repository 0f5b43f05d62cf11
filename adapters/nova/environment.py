"""The environment's proxies and CA files for requests to OpenStack, read once per server.

requests 2.x looks through all of the environment for every request, and for a ~/.netrc besides: a fifth of what a
request costs a processor. An environment that changes while the process runs is not noticed.
"""

from collections.abc import Hashable
from typing import Any
from urllib.parse import urlsplit

import requests


class SteadySession(requests.Session):
    """A session of requests', whose environment is read at the first request to a server. From any thread."""

    def __init__(self) -> None:
        """Nothing has been read. A ~/.netrc is never read: keystoneauth logs in."""
        super().__init__()
        self.trust_env = False
        self._reading = requests.Session()
        self._known: dict[Hashable, dict[str, Any]] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """As requests', but read once: proxies by the server's name, and the CA file."""
        if proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        key = (urlsplit(url)[:2], stream, verify, cert)
        if key not in self._known:
            read = self._reading.merge_environment_settings(url, {}, None, verify, cert)
            self._known[key] = super().merge_environment_settings(
                url, read["proxies"], stream, read["verify"], read["cert"]
            )
        return dict(self._known[key])
