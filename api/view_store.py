"""The views on documents: what the projector writes of them, and the `Views` port that reads them.

The only place that knows how a view is named and written; JSON with sorted keys, so that equal views are equal bytes.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from kasugai.api.documents import Documents
from kasugai.api.ports import UnknownMarker
from kasugai.api.projection.buckets import INCIDENT, incident_bucket, subject_bucket
from kasugai.api.projection.moves import Move, vmove_of
from kasugai.api.recoveries import RecoveryView
from kasugai.api.views import (
    IncidentView,
    NotificationView,
    OutView,
    TimelineLine,
    VerdictView,
    VMoveView,
    WorkflowDetail,
)
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.telling.about import Remembered
from kasugai.core.telling.documents import Index
from kasugai.core.telling.standing import Case, Words
from kasugai.schemas.compact import body_of, value_of

T = TypeVar("T")

NO_VIEW = (AttributeError, LookupError, TypeError, ValueError)
"""What `load` raises for a text that is not `dump`'s."""
_OURS = {Index.NOTIFICATIONS: re.compile(r"\d{19}/[^/]*"), Index.INCIDENTS: re.compile(r"[0-9a-f-]{36}")}
"""What is listed; whatever else somebody has put there is passed over, or it would be missing for ever."""
_RECOVERY = re.compile(r"[0-9a-f-]{36}")
PAGE = 200
"""Texts fetched at a time while a list is read."""


def dump(values: Sequence[Any]) -> str:
    """Return the text of values of one kind."""
    bodies = [body_of(value) for value in values]
    return json.dumps(bodies, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def load(cls: type[T], text: str | None) -> tuple[T, ...]:
    """Return the values of which `dump` made a text; none for no text."""
    return () if text is None else tuple(value_of(cls, body) for body in json.loads(text))


def entry_of(bucket: str, text: str) -> Remembered:
    """Return what is remembered under that bucket; one of NO_VIEW for a text that is not `dump`'s."""
    found: tuple[Remembered, ...] = load(Case, text) if bucket.startswith(INCIDENT) else load(Words, text)
    (entry,) = found
    return entry


def member_of(notification: NotificationView) -> str:
    """Return what stands in the index of notifications: sorts as the number does among those of one time."""
    return f"{notification.number:019d}/{notification.notification_uuid}"


def recovery_name(recovery: str, project: str) -> str:
    """Return under which name a row of a project lies: nobody who asks for another project finds it."""
    return f"recovery/{recovery}/{project}"


class ViewStore:
    """The `Views` port; every call raises LedgerAway when Redis is away."""

    def __init__(self, documents: Documents) -> None:
        """Read from `documents`."""
        self._documents = documents

    def caught_up(self) -> bool:
        """Return whether a projector was current within the last minute."""
        return self._documents.is_current()

    def accept(self, notification: NotificationView) -> None:
        """Show a notification until the projector comes to it."""
        uuid, host = notification.notification_uuid, notification.source_host_uuid
        texts = {
            f"notification/{uuid}": dump([notification]),
            f"number/{notification.number}": member_of(notification),
        }
        busy = (f"notification/{uuid}", host if notification.is_busy else "")
        self._documents.add(
            texts, Index.NOTIFICATIONS, member_of(notification), notification.created_at, busy
        )

    def notification(self, uuid: str) -> NotificationView | None:
        """Return a notification; LedgerAway when it is listed and its text has been lost. Who asks for one that never
        was has the whole list looked through: that is rare, and a 404 for what was accepted is a lie."""
        found = self._one(NotificationView, f"notification/{uuid}")
        if found is None and any(_name_of(member) == uuid for member in self._members(Index.NOTIFICATIONS)):
            raise self._lost(f"notification/{uuid}")
        return found

    def notifications(self, after: int | None = None) -> Iterator[NotificationView]:
        """Yield notifications, newest first."""
        member = None if after is None else self._documents.get(f"number/{after}")
        if after is not None and (member is None or not self._documents.has(Index.NOTIFICATIONS, member)):
            raise UnknownMarker(f"no notification has the number {after}")
        return self._walk(NotificationView, Index.NOTIFICATIONS, member)

    def details(self, uuid: str) -> tuple[WorkflowDetail, ...]:
        """Return a notification's progress details."""
        found = self.notification(uuid)
        return self._all(WorkflowDetail, f"tasks/{found.incident}") if found and found.incident else ()

    def vmoves(self, uuid: str) -> tuple[VMoveView, ...]:
        """Return a notification's moves."""
        found = self.notification(uuid)
        moves = self._all(Move, f"moves/{found.incident}") if found and found.incident else ()
        return tuple(sorted((vmove_of(uuid, move) for move in moves), key=lambda m: (m.created_at, m.number)))

    def busy_hosts(self) -> frozenset[str]:
        """Return the hosts under recovery."""
        return self._documents.busy()

    def hosts_out(self) -> tuple[OutView, ...]:
        """Return what keeps hosts out of service."""
        texts = self._documents.out()
        return tuple(view for text in texts for view in self._loaded(OutView, "of a host that is out", text))

    def incident(self, incident: str) -> IncidentView | None:
        """Return an incident."""
        found = self._one(IncidentView, f"incident/{incident}")
        if found is None and self._documents.has(Index.INCIDENTS, incident):
            raise self._lost(f"incident/{incident}")
        return found

    def incidents(self, after: str | None = None) -> Iterator[IncidentView]:
        """Yield incidents, newest first."""
        if after is not None and not self._documents.has(Index.INCIDENTS, after):
            raise UnknownMarker(f"there is no incident {after}")
        return self._walk(IncidentView, Index.INCIDENTS, after)

    def recovery(self, project: str, recovery: str) -> RecoveryView | None:
        """Return what is listed to that project under that id."""
        if not _RECOVERY.fullmatch(recovery):
            return None
        found = self._one(RecoveryView, recovery_name(recovery, project))
        if found is None and self._documents.is_of(project, recovery):
            raise self._lost(recovery_name(recovery, project))
        return found

    def recoveries(self, project: str, after: str | None = None) -> Iterator[RecoveryView]:
        """Yield what became of the project's servers, newest first."""
        if after is not None and not self._documents.is_of(project, after):
            raise UnknownMarker(f"there is no recovery {after}")
        return self._owned(project, after)

    def timeline(self, incident: str) -> tuple[TimelineLine, ...]:
        """Return an incident's story."""
        return self._all(TimelineLine, f"timeline/{incident}")

    def verdicts(self, subject: str) -> tuple[VerdictView, ...]:
        """Return what was decided about a subject."""
        return self._all(VerdictView, f"verdicts/{subject}")

    def remembered(self, subjects: Collection[str], incidents: Collection[str]) -> tuple[Remembered, ...]:
        """Return what is remembered of these; of the others nothing is read."""
        buckets = [*map(subject_bucket, subjects), *map(incident_bucket, incidents)]
        try:
            return tuple(entry_of(*each) for each in self._documents.board_of(buckets).items())
        except NO_VIEW:
            raise self._lost("of how things stand") from None

    def _one(self, cls: type[T], name: str) -> T | None:
        found = self._all(cls, name)
        return found[0] if found else None

    def _all(self, cls: type[T], name: str) -> tuple[T, ...]:
        return self._loaded(cls, name, self._documents.get(name))

    def _loaded(self, cls: type[T], name: str, text: str | None) -> tuple[T, ...]:
        try:
            return load(cls, text)
        except NO_VIEW:
            raise self._lost(name) from None

    def _members(self, index: Index) -> Iterator[str]:
        after = None
        while members := self._documents.newest(index, after, PAGE):
            yield from members
            after = members[-1]

    def _walk(self, cls: type[T], index: Index, after: str | None) -> Iterator[T]:
        kind = "notification" if index is Index.NOTIFICATIONS else "incident"
        while members := self._documents.newest(index, after, PAGE):
            names = [f"{kind}/{_name_of(member)}" for member in members if _OURS[index].fullmatch(member)]
            for name, text in zip(names, self._documents.many(names), strict=True):
                if text is None:
                    raise self._lost(name)
                yield from self._loaded(cls, name, text)
            after = members[-1]

    def _owned(self, project: str, after: str | None) -> Iterator[RecoveryView]:
        while members := self._documents.newest_of(project, after, PAGE):
            names = [recovery_name(member, project) for member in members if _RECOVERY.fullmatch(member)]
            for name, text in zip(names, self._documents.many(names), strict=True):
                if text is None:
                    raise self._lost(name)
                yield from self._loaded(RecoveryView, name, text)
            after = members[-1]

    def _lost(self, name: str) -> LedgerAway:
        """What is listed and not there, or no view any more, has been lost: a list without it would be a lie."""
        self._documents.distrust()
        return LedgerAway(f"the view {name} is lost: the views are computed anew (does Redis evict?)")


def _name_of(member: str) -> str:
    """Return the document's name in an index's member."""
    return member.rpartition("/")[2]
