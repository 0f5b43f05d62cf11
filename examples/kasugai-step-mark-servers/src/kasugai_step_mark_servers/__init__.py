"""A custom step: each server that a recovery brought back has `kasugai:last_recovery` in its metadata.

The wished-for state is "every server that this incident brought back has a mark that is no older than the incident".
`look` reads who was brought back, and their marks; `act` writes those that are missing. A mark is a courtesy: what
Nova refuses, or does not answer in time, is logged and left, and holds no recovery.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from kasugai_step_mark_servers.nova import OpenStack

LOG = logging.getLogger(__name__)

ENDS = {"host": "evacuated", "instance": "restarted"}
"""What a mark says of a server, by the kind of incident; others bring no server back."""
PATIENCE = 20.0
"""Seconds after which a look, or an act, leaves what is not done; the worker would give 30."""
AT_ONCE = 8
"""Requests under way at a time."""
REMEMBERED = 1_000
"""Incidents of which it is known what was left."""


class Nova(Protocol):
    """What is asked of Nova. Each may raise any exception: its text is what is told."""

    async def evacuated(self, host: str, since: datetime) -> list[str]:
        """Return the ids of servers that evacuations asked for after `since` have brought away from the host."""
        ...

    async def restarted(self, server: str, since: datetime) -> bool:
        """Return whether the server was started after `since`."""
        ...

    async def mark(self, server: str) -> str:
        """Return the server's mark; empty for none."""
        ...

    async def write(self, server: str, mark: str) -> None:
        """Write the server's mark, and nothing else."""
        ...


class MarkServers:
    """Marks servers."""

    def __init__(self, nova: Nova | None = None, now: Callable[[], datetime] | None = None) -> None:
        """Ask `nova`; without it the cloud that the worker's environment names: KASUGAI_MARK_CLOUD."""
        self._nova = nova or OpenStack()
        self._now = now or _wall
        self._tried: dict[tuple[str, str], str] = {}
        """By incident and attempt: what came of it. Nobody is tried twice."""

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        """Say whether all who were brought back are marked, as far as they can be."""
        if (said := self._tried.get(_key(about))) is not None:
            return ("holds", said)
        try:
            async with asyncio.timeout(PATIENCE):
                missing = await self._missing(about)
        except Exception as error:
            return ("holds", _told(about, error))
        return ("absent", "") if missing else ("holds", "")

    async def act(self, about: Mapping[str, str]) -> None:
        """Mark those that are not marked."""
        try:
            async with asyncio.timeout(PATIENCE):
                said = await self._write(about)
        except Exception as error:
            said = _told(about, error)
        self._tried[_key(about)] = said
        while len(self._tried) > REMEMBERED:
            self._tried.pop(next(iter(self._tried)))

    async def _write(self, about: Mapping[str, str]) -> str:
        mark = f"{max(self._now(), opened_at(about)):%Y-%m-%dT%H:%M:%SZ} {ENDS[about['kind']]}"
        missing = await self._missing(about)
        done = await _each(missing, lambda server: self._nova.write(server, mark))
        return (
            f"{len(missing) - done} of {len(missing)} servers could not be marked"
            if done < len(missing)
            else ""
        )

    async def _missing(self, about: Mapping[str, str]) -> list[str]:
        """Return who has been brought back and has no mark of this incident."""
        begun = opened_at(about)
        missing = []

        async def read(server: str) -> None:
            if is_older(await self._nova.mark(server), begun):
                missing.append(server)

        await _each(await self._brought_back(about, begun), read)
        return sorted(missing)

    async def _brought_back(self, about: Mapping[str, str], begun: datetime) -> list[str]:
        if about["kind"] == "host":
            return await self._nova.evacuated(about["host"], begun)
        if about["kind"] == "instance" and await self._nova.restarted(about["detail"], begun):
            return [about["detail"]]
        return []


async def _each(servers: list[str], do: Callable[[str], Awaitable[None]]) -> int:
    """Do it for each server, and return for how many it was done; of the others is told why."""
    turn, done = asyncio.Semaphore(AT_ONCE), set[str]()

    async def one(server: str) -> None:
        async with turn:
            try:
                await do(server)
            except Exception as error:
                LOG.warning("server %s is not marked: %s", server, error)
            else:
                done.add(server)

    await asyncio.gather(*map(one, servers))
    return len(done)


def _wall() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - outside of Kasugai: a mark says a time of day


def _key(about: Mapping[str, str]) -> tuple[str, str]:
    return about["incident"], about["attempt"]


def _told(about: Mapping[str, str], error: Exception) -> str:
    why = str(error)[:200] or "no answer in time"
    LOG.warning("incident %s: its servers are not marked: %s", about["incident"], why)
    return f"servers are not marked: {why}"


def opened_at(about: Mapping[str, str]) -> datetime:
    """Return when the incident was opened, in whole seconds as marks have them."""
    return datetime.fromisoformat(about["opened_at"]).replace(microsecond=0)


def is_older(mark: str, begun: datetime) -> bool:
    """Whether a mark is not of this incident: there is none, it is an older one's, or somebody else wrote there."""
    try:
        return datetime.fromisoformat(mark.partition(" ")[0]) < begun
    except (ValueError, TypeError):
        return True
