"""Where guests may go, as Nova and Placement say it: read for one ownership, and again when it has grown old.

A refusal stops nothing that does not depend on it: what Nova or Placement does not let us see counts as not known.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from kasugai.core.recovering.nova_views import (
    ActionView,
    AggregateView,
    EvacuationView,
    GuestView,
    Needs,
    Room,
    ServiceView,
)
from kasugai.core.recovering.targets import is_living
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import MonoTime, Timing, later
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.ports import Cloud, CloudAway, CloudRefused, CloudUnsure, LedgerAway, LedgerUnreadable

LOG = logging.getLogger(__name__)

MOST = 16
"""So many different needs are asked about: guests with others go where Nova sends them."""
PLACEMENT = "placement"
"""How it is called among what does not answer."""
NO_PLACEMENT = (
    "who has room is not known, so Nova chooses where guests go unless it might choose a host that is suspected; "
    "told: %s (the rights to ask are placement:allocation_candidates:list and, in Nova, "
    "os_compute_api:os-hypervisors:list-detail)"
)
NOT_UNDERSTOOD = "who has room for guests that need %s is not known; Placement says: %s"
BAD_REQUEST = 400
"""Placement's status for a resource class or a trait that it does not know."""
NOT_SHOWN = "%s are not known; Nova says: %s"

T = TypeVar("T")

Leased = Callable[[Sequence[Subject]], Awaitable[frozenset[Subject]]]
"""Of which of these subjects anybody holds the lease (`Ledger.leased`)."""


class Places:
    """Compute services, aggregates, who has room for what, and whether Nova can evacuate at all."""

    def __init__(self, cloud: Cloud, timing: Timing, leased: Leased) -> None:
        """Know nothing yet."""
        self._cloud = cloud
        self._leased = leased
        self._timing = timing
        self._next: MonoTime = MonoTime(0)
        self._next_room: MonoTime = MonoTime(0)
        self._is_refused = False
        self._not_understood: set[Needs] = set()
        self.computes: Mapping[str, ServiceView] | None = None
        """By host; None: not read yet."""
        self.recovering: frozenset[str] = frozenset()
        """Those of them on which a worker is at work, the source among them."""
        self.aggregates: tuple[AggregateView, ...] | None = None
        self.room: Room = MappingProxyType({})
        self.room_at: MonoTime = MonoTime(0)
        """When Placement was last asked about it."""
        self.unwell: frozenset[str] = frozenset()
        """What an evacuation needs and did not answer when it was last asked."""

    def is_due(self) -> bool:
        """Whether the list of services has grown old: a host that dies stays up in it for a minute in any case."""
        return monotonic_ms() >= self._next

    async def list(self) -> Mapping[str, ServiceView]:
        """Read all compute services, and whether Nova's scheduler and conductor are there."""
        told = await self._cloud.services()
        found = {view.host: view for view in told.computes}
        self.unwell = told.unwell | (self.unwell & {PLACEMENT})
        self._next = later(monotonic_ms(), self._timing.report_interval)
        self.computes = MappingProxyType(found)
        living = [view.host for view in found.values() if is_living(view)]
        self.recovering = await recovered(self._leased, living)
        return found

    async def ask_for_aggregates(self, *, needed: bool) -> None:
        """Read all aggregates. `needed`: they say which guests are moved, so a refusal is no answer (CloudRefused)."""
        asked = self._cloud.aggregates()
        self.aggregates = await asked if needed else await _shown("aggregates", asked, ())

    async def evacuation(self, guest: str) -> EvacuationView | None:
        """Read Nova's own account of the guest's last evacuation."""
        return await _shown("instance actions", self._cloud.last_evacuation(guest), None)

    async def history(self, guest: str) -> tuple[ActionView, ...] | None:
        """Read Nova's own account of what was asked of the guest; None where it does not let us see."""
        return await _shown("instance actions", self._cloud.actions(guest), None)

    async def ask_for_room(self, guests: Iterable[GuestView]) -> None:
        """Ask Placement about the needs of these guests, if what it said has grown old. While it is away, what it said
        is forgotten: Nova's scheduler cannot ask it either."""
        now = monotonic_ms()
        wanted = {guest.needs for guest in guests if guest.needs is not None} - self._not_understood
        needs = sorted(wanted, key=str)[:MOST]
        if not needs or self._is_refused:
            return
        if now < self._next_room and (PLACEMENT in self.unwell or set(needs) <= self.room.keys()):
            return
        self._next_room = later(now, self._timing.power_fresh)
        try:
            told = await asyncio.gather(*map(self._ask, needs))
        except CloudRefused as refusal:
            LOG.warning(NO_PLACEMENT, refusal)
            self._is_refused = True
            self.room, self.unwell = MappingProxyType({}), self.unwell - {PLACEMENT}
        except (CloudAway, CloudUnsure) as away:
            LOG.warning("Placement does not answer: %s", away)
            self.room, self.unwell = MappingProxyType({}), self.unwell | {PLACEMENT}
            self._next_room = later(monotonic_ms(), self._timing.report_interval)
        else:
            found = {need: hosts for need, hosts in zip(needs, told, strict=True) if hosts is not None}
            self.room, self.room_at = MappingProxyType(found), now
            self.unwell -= {PLACEMENT}

    async def _ask(self, needs: Needs) -> Mapping[str, int] | None:
        """None where Placement does not understand these: that says nothing about the needs of other guests."""
        try:
            return await self._cloud.room(needs)
        except CloudRefused as refusal:
            if refusal.status != BAD_REQUEST:
                raise
            names = ", ".join([*(f"{name}:{count}" for name, count in needs.resources), *needs.traits])
            LOG.warning(NOT_UNDERSTOOD, names, refusal)
            self._not_understood.add(needs)
            return None


async def recovered(leased: Leased, hosts: Iterable[str]) -> frozenset[str]:
    """Return on which of these hosts a worker is at work; none while nobody can say."""
    subjects = [host_subject(host) for host in hosts]
    if not subjects:
        return frozenset()
    try:
        return frozenset(subject.host for subject in await leased(subjects))
    except (LedgerAway, LedgerUnreadable) as silence:
        LOG.warning("which other hosts are being recovered is not known: %s", silence)
        return frozenset()


async def _shown(what: str, answer: Awaitable[T], unknown: T) -> T:
    try:
        return await answer
    except CloudRefused as refusal:
        LOG.warning(NOT_SHOWN, what, refusal)
        return unknown
