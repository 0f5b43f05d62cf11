"""Tells one receiver of one decision at a time, in the order in which they come: what it wants, under the matter's key,
in the matter's thread.

At least once: what has been told is remembered after it was taken, and a repetition has the same ids. It knows no log;
whoever calls it goes on when it returns, and comes back with the same decision when it raises Away.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from kasugai.adapters.links import Order, sign
from kasugai.announcers.events import Event, What, event_of, values_of
from kasugai.announcers.ports import Known, Remembers, Sends
from kasugai.announcers.receivers_file import Receiver
from kasugai.announcers.sending import Refused, deliver
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.words.timing import Instant, Millis
from kasugai.core.words.verdicts import Verdict

LOG = logging.getLogger(__name__)

MOST = 10_000
"""Matters that are remembered without asking."""


class Told(Protocol):
    """Who counts: by receiver, and by `told`, `late` or `refused`."""

    def __call__(self, receiver: str, end: str) -> None:
        """Count one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How links are made."""

    address: str
    """The REST API's, as a browser reaches it."""
    keys: tuple[bytes, ...]
    lifetime: Millis

    def of(self, orders: Mapping[str, Order]) -> dict[str, str]:
        """Return the addresses of orders, by their words."""
        return {
            word: f"{self.address}/kasugai/links/{sign(order, self.keys)}" for word, order in orders.items()
        }


class Notifier:
    """One receiver's."""

    def __init__(
        self,
        receiver: Receiver,
        *,
        sends: Sends,
        remembers: Remembers,
        segments: Callable[[], Mapping[str, str]],
        now: Callable[[], Instant],
        expires: Millis,
        links: Links | None,
        told: Told,
    ) -> None:
        """`segments` gives their names by id; what is older than `expires` is told to nobody, unless it ends what was
        told before; without `links` no message has any."""
        self.receiver = receiver
        self._sends, self._remembers, self._segments = sends, remembers, segments
        self._now, self._expires, self._links, self._told = now, expires, links, told
        self._known: dict[str, Known] = {}

    async def tell(self, verdict: Verdict) -> "Telling | None":
        """Return what there is to be told of a decision; None for nothing."""
        event = event_of(verdict)
        if event is None or not self._is_of(event):
            return None
        under, known = await self._recall(event)
        is_old = self._now() - event.verdict.at > self._expires
        if known is None and (event.what.is_over or event.severity not in self.receiver.severities):
            return None
        if is_old and not event.what.is_over:
            self._told(self.receiver.name, "late")
            return None
        return Telling(event=event, known=known, under=under)

    async def send(self, telling: "Telling") -> Known:
        """Tell it, and return what is to be remembered of it. Away when it has to be told again."""
        event, known = telling.event, telling.known or Known(key=telling.event.key)
        values = values_of(event, self._segments())
        more = {
            "key": known.key,
            "thread": known.thread,
            "ends_at": values["at"] if event.what.is_over else values["tomorrow"],
        }
        try:
            thread = await deliver(self.receiver, self._sends, values, more | self._links_of(event))
        except Refused as error:
            LOG.error("receiver %s never takes event %s: %s", self.receiver.name, event.id, error)  # noqa: TRY400 - one line
            self._told(self.receiver.name, "refused")
            return known
        self._told(self.receiver.name, "told")
        return known if known.thread else replace(known, thread=thread)

    async def remember(self, telling: "Telling", known: Known) -> None:
        """Remember what was told. What a person should look at without an incident begins no matter that goes on."""
        event, name = telling.event, self.receiver.name
        if event.what is What.LOOK and event.verdict.incident is None:
            return
        is_new = telling.known != known or telling.under != event.key
        has_moved = telling.under not in ("", event.key)
        is_withdrawn = event.key == event.subject_key and event.what.is_over
        try:
            if has_moved or is_withdrawn:
                self._known.pop(event.subject_key, None)
                await self._remembers.forget(name, event.subject_key)
            if is_new and not is_withdrawn:
                self._keep(event.key, known)
                await self._remembers.learn(name, event.key, known)
        except LedgerAway as error:
            LOG.warning("receiver %s: what it was told cannot be remembered: %s", name, error)

    def _keep(self, key: str, known: Known) -> None:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = known

    def _links_of(self, event: Event) -> dict[str, str]:
        found = {"hold": "", "approve": ""}
        if self._links is None:
            return found
        until = event.verdict.at + self._links.lifetime
        return found | (self._links.of(event.orders(until)) if self._now() < until else {})

    def _is_of(self, event: Event) -> bool:
        wanted, segment = self.receiver.segments, event.verdict.segment
        return not wanted or segment in wanted or self._segments().get(segment, segment) in wanted

    async def _recall(self, event: Event) -> tuple[str, Known | None]:
        """What was told of the incident, or of its subject before there was one; and under which key."""
        for key in dict.fromkeys((event.key, event.subject_key)):
            if key in self._known:
                return key, self._known[key]
            try:
                found = await self._remembers.known(self.receiver.name, key)
            except LedgerAway as error:
                LOG.warning("receiver %s: what it was told is not known: %s", self.receiver.name, error)
                return "", None
            if found is not None:
                self._keep(key, found)
                return key, found
        return "", None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Something to be told."""

    event: Event
    known: Known | None
    under: str
    """Under which key that was remembered; empty where nothing was."""
