"""How the agent is: one value, told to systemd in a line and on 127.0.0.1 as JSON.

Started means that the loop turns, for a host starts without Kafka too; ready, that Kafka has had a beat. A watch that
sees nothing or a Kafka that is away does not become better by a restart, so these are told and end nothing.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from kasugai.adapters.systemd.notify import notify
from kasugai.agents.beating import Heart
from kasugai.agents.sending import Sender
from kasugai.agents.store import Store
from kasugai.agents.tending import Tending

LOOPBACK = "127.0.0.1"
LONGEST_REQUEST = 4_096
PATIENCE = 5.0
"""Seconds that a client has for its request."""


class Health:
    """Looks at the parts of an agent when asked."""

    def __init__(self, heart: Heart, store: Store, sender: Sender, tending: Tending) -> None:
        """Look at these."""
        self._heart, self._store, self._sender, self._tending = heart, store, sender, tending
        self._told = ""
        self._has_begun = False

    def seen(self) -> dict[str, Any]:
        """Return how everything is."""
        return {
            "ready": self._heart.delivered > 0,
            "beats": self._heart.delivered,
            "late_ms": self._heart.late,
            "kafka": self._heart.trouble or self._sender.trouble,
            "outbox": {"waiting": len(self._store), "lost": self._store.lost, "trouble": self._store.trouble},
            "watches": {each.watch.name: each.trouble for each in self._tending.all},
        }

    def tell(self) -> None:
        """Tell systemd that the loop turns, and what has changed."""
        status = self._status()
        lines = ["WATCHDOG=1"]
        if status != self._told:
            lines.append(f"STATUS={status}")
            self._told = status
        if not self._has_begun:
            lines.append("READY=1")
            self._has_begun = True
        notify(*lines)

    def _status(self) -> str:
        seen = self.seen()
        troubles = [seen["kafka"], self._store.trouble, *seen["watches"].values()]
        first = next((text for text in troubles if text), "")
        waiting = f"{len(self._store)} words wait for Kafka. " if len(self._store) else ""
        return f"{waiting}{first or 'All is watched.'}"


async def served(health: Health, port: int) -> asyncio.Server:
    """Answer on the loopback interface; OSError when the port is taken."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE):
                asked = await reader.readuntil(b"\r\n\r\n")
                writer.write(_answer(asked, health.seen))
                await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, LOOPBACK, port, limit=LONGEST_REQUEST)


def _answer(request: bytes, seen: Callable[[], dict[str, Any]]) -> bytes:
    method, path, *_ = [*request.split(b"\r\n", 1)[0].split(b" "), b"", b""]
    if method not in (b"GET", b"HEAD") or path not in (b"/healthz", b"/readyz"):
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    found = seen()
    good = found["ready"] if path == b"/readyz" else True
    body = json.dumps(found, indent=1).encode() + b"\n"
    line = b"200 OK" if good else b"503 Service Unavailable"
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % (line, len(body)) + (b"" if method == b"HEAD" else body)
