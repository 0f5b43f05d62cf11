"""Says once a second that this host lives, how late its own loop is, and what it sees of its network and guests.

A beat is worth nothing later: what Kafka does not take is not kept, and none is added to those that are under way.
Whoever knows links, guests or a leave is asked at each beat.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kasugai.adapters.kafka.post import PostFull
from kasugai.agents.sending import Mail, Sender
from kasugai.agents.telling import Clocks
from kasugai.core.words.heartbeats import Beat, DiskCount, Leave, Link
from kasugai.core.words.log import LogAway, LogRefused
from kasugai.core.words.timing import Millis
from kasugai.schemas.headers import own_headers
from kasugai.schemas.topics import HEARTBEATS
from kasugai.schemas.writing import writer_of, written

UNDER_WAY = 3
"""Beats without a report: with so many Kafka is away, and one more would only wait behind them."""


@dataclass(frozen=True, slots=True)
class Guests:
    """What the hypervisor runs."""

    count: int = -1
    """-1: not known."""
    disks: tuple[DiskCount, ...] = ()


class Sights(Protocol):
    """What a beat says besides that it is one."""

    def leave(self) -> Leave:
        """Return whether the host or the agent is about to go."""

    def links(self) -> tuple[Link, ...]:
        """Return what is seen of peers, by network."""

    def guests(self) -> Guests:
        """Return what the hypervisor runs."""


class Heart:
    """One per agent; its own task."""

    def __init__(
        self,
        *,
        host: str,
        boot_id: str,
        version: str,
        every: Millis,
        clocks: Clocks,
        mail: Mail,
        sender: Sender,
        sights: Sights,
    ) -> None:
        """Beat for `host` every so many milliseconds."""
        self._host, self._boot_id, self._version, self._every = host, boot_id, version, every
        self._clocks, self._mail, self._sender, self._sights = clocks, mail, sender, sights
        self._writer = writer_of(Beat)
        self._asked = asyncio.Event()
        self._under_way = 0
        self.late = Millis(0)
        """How late the loop was at the last beat."""
        self.delivered = 0
        """Beats that Kafka has."""
        self.trouble = ""
        """Why the last beat was not delivered; empty when it was."""
        self.after_beat: list[Callable[[], None]] = []
        """Called after each beat."""

    def beat_now(self) -> None:
        """Do not wait for the next second: there is something to say."""
        self._asked.set()

    async def run(self) -> None:
        """Beat until cancelled."""
        loop, every = asyncio.get_running_loop(), self._every / 1000
        due = loop.time()
        while True:
            now = loop.time()
            self.late = Millis(max(0, round((now - due) * 1000)))
            self.beat()
            for call in self.after_beat:
                call()
            due = due + every if now < due + every else now + every
            await self._until(due)
            due = min(due, loop.time())  # somebody asked for a beat out of turn

    def beat(self) -> None:
        """Send one beat now, unless Kafka is away."""
        self._mail.serve()
        if self._under_way >= UNDER_WAY:
            return
        beat = self._said()
        try:
            value = written(beat, self._writer)
            headers = self._sender.sealed(HEARTBEATS, self._host, value, own_headers(beat))
            self._mail.send(HEARTBEATS, self._host, value, headers, self._reported)
            self._under_way += 1
        except (LogRefused, PostFull) as error:
            self.trouble = str(error) or "Kafka takes no records: too many are under way"

    async def _until(self, due: float) -> None:
        """Wait for the next beat, or for somebody who asks for one. One timer and no task: this is done once a second
        for years."""
        loop = asyncio.get_running_loop()
        timer = loop.call_at(due, self._asked.set)
        await self._asked.wait()
        self._asked.clear()
        timer.cancel()

    def _reported(self, found: LogAway | LogRefused | None) -> None:
        self._under_way -= 1
        self.delivered += found is None
        self.trouble = "" if found is None else str(found)

    def _said(self) -> Beat:
        guests = self._sights.guests()
        return Beat(
            host=self._host,
            boot_id=self._boot_id,
            uptime=self._clocks.uptime(),
            every=self._every,
            late=self.late,
            leave=self._sights.leave(),
            links=self._sights.links(),
            guests=guests.count,
            disks=guests.disks,
            version=self._version,
            sent_at=self._clocks.now(),
        )
