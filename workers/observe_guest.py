"""Looks at one guest that is said to have failed: the guest by id, the compute service of its host, and who asked what
of it lately.

Guest and service are read together with those of the pool's other owners (shared_reads.py).
"""

import asyncio
from types import MappingProxyType

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Wait
from kasugai.core.recovering.nova_views import ActionView, AggregateView, GuestView
from kasugai.core.recovering.planning import asks_for_images
from kasugai.core.recovering.wishes import is_off_unasked
from kasugai.core.words.incident import Open
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import Millis
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.observing import NOTHING_MORE, Peek, Wanted
from kasugai.workers.places import Leased, recovered
from kasugai.workers.ports import Cloud
from kasugai.workers.shared_reads import SharedReads
from kasugai.workers.words import Words


class GuestObserver:
    """Looks at one guest for one ownership."""

    paced = False
    has_device = False
    """Nobody switches a host off for one of its guests."""
    road: Millis | None = None

    def __init__(self, subject: Subject, cloud: Cloud, shared: SharedReads, leased: Leased) -> None:
        """Remember the doors; nothing is read yet."""
        self._leased = leased
        self._uuid, self._host = subject.detail, subject.host
        self._cloud = cloud
        self._shared = shared
        self._words = Words(cloud)
        self._aggregates: tuple[AggregateView, ...] | None = None

    def first(self, order: Open, entry: Entry, *, has_plan: bool) -> Wanted:
        """For a plan, what says whether the guest is to run, and whether it is one that is restarted."""
        if has_plan:
            return Wanted(actions=True)
        return Wanted(
            actions=True,
            marks=not order.policy.restart_all,
            project_tags=bool(order.policy.exclude_project_tags),
            images=asks_for_images(order.policy),
        )

    def then(self, order: Open, entry: Entry, wait: Wait) -> Wanted:
        """What is waited for."""
        return Wanted(
            actions=wait.actions,
            once_idle=any(record.state.is_open for record in entry.steps.values()),
            hosts=wait.hosts,
            project_tags=wait.words,
            images=wait.words and asks_for_images(order.policy),
        )

    async def peek(self) -> Peek | None:
        """A guest has no list whose beginning would tell anything."""
        return None

    async def glance(self, look: Look, wanted: Wanted = NOTHING_MORE) -> Look:
        """A guest is never looked at apart from its host."""
        return await self.look(wanted)

    async def look(self, wanted: Wanted = NOTHING_MORE, peek: Peek | None = None) -> Look:
        """Return a look."""
        at = monotonic_ms()
        hosts = sorted(wanted.hosts)
        service, (guest, actions), others, recovering, _ = await asyncio.gather(
            self._shared.service(self._host),
            self._guest(wanted),
            asyncio.gather(*map(self._shared.service, hosts)),
            recovered(self._leased, hosts),
            self._ask_for_aggregates(needed=wanted.marks),
        )
        await self._words.learn(() if guest is None else (guest,), wanted)
        return Look(
            at=at,
            nova_at=at,
            service=service,
            read=MappingProxyType({self._uuid: guest}),
            actions=actions,
            others=MappingProxyType(dict(zip(hosts, others, strict=True))),
            recovering=recovering,
            aggregates=self._aggregates,
            project_tags=self._words.project_tags,
            images=self._words.images,
        )

    async def _guest(self, wanted: Wanted) -> tuple[GuestView | None, tuple[ActionView, ...] | None]:
        """The guest and what was asked of it: at once, or one after the other where the second may be for nothing."""
        read = self._shared.guest(self._uuid, self._host)
        if not wanted.actions:
            return await read, None
        if not wanted.once_idle:
            guest, actions = await asyncio.gather(read, self._cloud.actions(self._uuid))
            return guest, await self._with_last_word(guest, actions)
        guest = await read
        is_busy = guest is not None and guest.task_state is not None
        return guest, None if is_busy else await self._cloud.actions(self._uuid)

    async def _with_last_word(
        self, guest: GuestView | None, actions: tuple[ActionView, ...]
    ) -> tuple[ActionView, ...]:
        """Of what was read at once the guest may be the newer, above all where its request waited for another one: one
        that its user has stopped in between would seem stopped against his wish. His word is read again, behind it."""
        if guest is None or not is_off_unasked(actions, guest):
            return actions
        return await self._cloud.actions(self._uuid)

    def forget_power(self) -> None:
        """No power is read."""

    async def _ask_for_aggregates(self, *, needed: bool) -> None:
        """They say which guests are restarted: a refusal is no answer (CloudRefused)."""
        if needed:
            self._aggregates = await self._shared.aggregates()
