"""Nova through openstacksdk, on threads: a request that hangs holds no worker up."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

KEY = "kasugai:last_recovery"
VERSION = "2.59"
"""Of Nova's API: migrations by type and by when they were asked for."""
REQUEST = 9.0
"""Seconds for one request: a thread cannot be broken off, so each ends by itself within the worker's time."""
SKEW = timedelta(seconds=60)
"""So far may Nova's clock be behind Kafka's."""
DONE = ("done", "completed")
"""States of an evacuation whose server is on its new host."""


class Refused(Exception):
    """Nova said no, in its own words."""


class OpenStack:
    """One cloud's Nova. It logs in with the first request."""

    def __init__(self, cloud: str | None = None) -> None:
        """Choose the cloud by its name in clouds.yaml; the environment's KASUGAI_MARK_CLOUD, or OS_ variables."""
        self._cloud = cloud or os.environ.get("KASUGAI_MARK_CLOUD")
        self._compute: Any = None
        self._threads = ThreadPoolExecutor(8, "mark-servers")

    async def evacuated(self, host: str, since: datetime) -> list[str]:
        """Return the ids of servers that evacuations asked for after `since` have brought away from the host."""
        query = {"source_compute": host, "migration_type": "evacuation"}
        rows = (await self._do("GET", "/os-migrations", params=query))["migrations"]
        found = {
            row["instance_uuid"]
            for row in rows
            if row["status"] in DONE and _time(row["created_at"]) >= since - SKEW
        }
        return sorted(found)

    async def restarted(self, server: str, since: datetime) -> bool:
        """Return whether the server was started after `since`."""
        rows = (await self._do("GET", f"/servers/{server}/os-instance-actions"))["instanceActions"]
        return any(row["action"] == "start" and _time(row["start_time"]) >= since - SKEW for row in rows)

    async def mark(self, server: str) -> str:
        """Return the server's mark; empty for none."""
        found = (await self._do("GET", f"/servers/{server}"))["server"]
        return str(found["metadata"].get(KEY, ""))

    async def write(self, server: str, mark: str) -> None:
        """Write the server's mark; its other metadata stay as they are."""
        await self._do("POST", f"/servers/{server}/metadata", json={"metadata": {KEY: mark}})

    async def _do(self, method: str, path: str, **more: Any) -> Any:
        def ask() -> Any:
            answer = self._nova().request(
                path, method, microversion=VERSION, timeout=REQUEST, raise_exc=False, **more
            )
            if answer.status_code >= 400:
                raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return answer.json()

        return await self._on_a_thread(ask)

    def _nova(self) -> Any:
        if self._compute is None:
            import openstack  # noqa: PLC0415 - half a second that only the first request needs

            self._compute = openstack.connect(cloud=self._cloud, api_timeout=REQUEST).compute
        return self._compute

    async def _on_a_thread(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)


def _time(text: str) -> datetime:
    """Read a time as Nova writes it: UTC, often without saying so."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
