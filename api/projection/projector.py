"""The projector: takes records as they come, keeps them by bucket, and writes anew the views of what they touched.

Each view is computed from all records of its bucket, so order and repetition do not matter, and a projector that dies
leaves behind which views are still to be written. It knows neither Kafka nor Redis, and no clock.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from kasugai.api.announcements import Announcement
from kasugai.api.announcing import Announcer, processing
from kasugai.api.documents import Documents
from kasugai.api.occurrences import occurrence
from kasugai.api.projection.buckets import (
    INCIDENT,
    SUBJECT,
    Held,
    buckets_of,
    held,
    incident_bucket,
    kept,
    subject_bucket,
    unkept,
)
from kasugai.api.projection.incidents import incident_of
from kasugai.api.projection.subjects import (
    Reported,
    incidents_named,
    is_claimed,
    notification_of,
    verdicts_of,
)
from kasugai.api.view_store import dump, load, member_of
from kasugai.api.views import IncidentView, NotificationView
from kasugai.core.telling.documents import Index, Kept, Round
from kasugai.core.telling.explain import Decided
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.signals import Fault, Notification, Stamp
from kasugai.core.words.verdicts import Verdict

CACHED = 50_000
"""Records that a projector remembers; the rest is read again when it is needed."""

AT_ONCE = 10_000
"""Records that views are computed from before they are written; one bucket may have more."""


Came = tuple[str, Stamp, bytes]
"""A record as it came: its topic, its place, its bytes."""


class Claims(Protocol):
    """Which notifications stand (adapters/redis_claims.py)."""

    def confirm(self, key: str, notification_uuid: str) -> None:
        """Let a claim last until it is released; silent when it is another's."""
        ...

    def hold(self, key: str, notification_uuid: str) -> None:
        """Put back a claim that was lost; silent when somebody has it."""
        ...

    def release(self, key: str, notification_uuid: str) -> None:
        """Give a claim back; silent when it is another's."""
        ...


@dataclass(slots=True)
class Cache:
    """The records of the buckets that were used last."""

    limit: int = CACHED
    buckets: "OrderedDict[str, dict[str, Held]]" = field(default_factory=OrderedDict)
    size: int = 0

    def get(self, bucket: str) -> dict[str, Held] | None:
        """Return a bucket's records by place, if they are remembered."""
        if bucket in self.buckets:
            self.buckets.move_to_end(bucket)
        return self.buckets.get(bucket)

    def put(self, bucket: str, records: dict[str, Held]) -> None:
        """Remember a bucket, and forget others for it."""
        self.drop(bucket)
        self.buckets[bucket] = records
        self.size += len(records)
        while self.size > self.limit and len(self.buckets) > 1:
            self.drop(next(iter(self.buckets)))

    def add(self, bucket: str, place: str, record: Held) -> None:
        """Add a record to a bucket that is remembered."""
        if bucket in self.buckets and place not in self.buckets[bucket]:
            self.buckets[bucket][place] = record
            self.size += 1

    def drop(self, bucket: str) -> None:
        """Forget a bucket."""
        self.size -= len(self.buckets.pop(bucket, ()))


class Projector:
    """One owner's work on the documents."""

    def __init__(
        self,
        documents: Documents,
        owner: str,
        claims: Claims | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        """Go on where the documents stand; `owner` must own them."""
        self._documents, self._owner, self._claims = documents, owner, claims
        self._announcer = announcer
        self._cache = Cache()
        self._dirty = set(documents.dirty())

    @property
    def is_done(self) -> bool:
        """Whether every view has been written."""
        return not self._dirty

    def take(self, records: Iterable[Came], progress: Mapping[str, int]) -> None:
        """Keep records, and how far has been read with them; NotOwner when another one owns the documents."""
        kept_: dict[str, list[Kept]] = {}
        added: list[tuple[str, str, Held]] = []
        for topic, stamp, body in records:
            record = held(body, stamp)
            if record is None:
                continue
            for bucket in buckets_of(record.value):
                keep = kept(topic, stamp, body)
                kept_.setdefault(bucket, []).append(keep)
                added.append((bucket, keep.place, record))
        if kept_ or progress:
            written = Round(records=kept_, progress=progress, dirty=frozenset(kept_))
            self._documents.write(self._owner, written)
        for bucket, place, record in added:
            self._cache.add(bucket, place, record)
        self._dirty |= kept_.keys()

    def project(self, *, is_current: bool = False) -> None:
        """Write the views of some of what has been touched; `is_current` is passed on once nothing is left."""
        buckets, records = self._chosen()
        incidents, subjects = self._computed(records)
        cases = {view.incident: view for view in incidents.views}
        subjects.update(subject_bucket(case.subject) for case in cases.values())
        notifications = [n for subject in sorted(subjects) for n in self._subject(subject, cases, incidents)]
        self._dirty -= buckets
        told = self._announcements(notifications)
        written = Round(
            texts=incidents.texts,
            listed=incidents.listed,
            busy=incidents.busy,
            clean=frozenset(buckets),
            is_current=is_current and not self._dirty,
        )
        try:
            self._documents.write(self._owner, written)
        except BaseException:
            self._dirty |= buckets
            raise
        self._claim(notifications, incidents.claimed)
        for said in told:
            self._announce(said)

    def _announcements(self, notifications: Sequence[NotificationView]) -> list[Announcement]:
        """What is to be said once the views are written; only of notifications that were shown before."""
        if self._announcer is None or not notifications:
            return []
        texts = self._documents.many([f"notification/{view.notification_uuid}" for view in notifications])
        shown = {view.notification_uuid: view for text in texts for view in load(NotificationView, text)}
        changed = [processing(shown.get(view.notification_uuid), view) for view in notifications]
        return [said for each in changed for said in each]

    def _announce(self, said: Announcement) -> None:
        if self._announcer is not None:
            self._announcer.announce(said)

    def _chosen(self) -> tuple[set[str], dict[str, Sequence[Held]]]:
        """Take as many touched buckets as shall be written at once."""
        chosen: dict[str, Sequence[Held]] = {}
        size = 0
        for bucket in sorted(self._dirty):
            if size > AT_ONCE:
                break
            chosen[bucket] = self._records(bucket)
            size += len(chosen[bucket])
        return set(chosen), chosen

    def _computed(self, records: Mapping[str, Sequence[Held]]) -> "tuple[_Work, set[str]]":
        work = _Work()
        for bucket, found in records.items():
            if bucket.startswith(INCIDENT) and found:
                work.incident(bucket, found)
        return work, {bucket for bucket in records if bucket.startswith(SUBJECT)}

    def _subject(
        self, bucket: str, cases: dict[str, IncidentView], work: "_Work"
    ) -> Sequence[NotificationView]:
        """Add a subject's views to the work; its incidents are those just computed, or as they were written."""
        records = self._records(bucket)
        decided = [
            Decided(h.stamp.at, h.stamp.offset, h.value) for h in records if isinstance(h.value, Verdict)
        ]
        reported = [Reported(h.stamp, h.value) for h in records if isinstance(h.value, Fault)]
        named = sorted(incidents_named(decided) - cases.keys()) if reported else []
        texts = self._documents.many([f"incident/{incident}" for incident in named])
        cases = cases | {view.incident: view for text in texts for view in load(IncidentView, text)}
        if decided:
            work.texts[f"verdicts/{bucket.removeprefix(SUBJECT)}"] = dump(verdicts_of(decided))
        each_once = _each_once(reported)
        views = [notification_of(each, decided, cases) for each in each_once]
        for view, each in zip(views, each_once, strict=True):
            work.notification(view)
            if is_claimed(view, each, decided):
                work.claimed.add(view.notification_uuid)
        return views

    def _records(self, bucket: str) -> Sequence[Held]:
        cached = self._cache.get(bucket)
        if cached is None:
            found = {record.place: unkept(record) for record in self._documents.records(bucket)}
            cached = {place: record for place, record in found.items() if record is not None}
            self._cache.put(bucket, cached)
        return [cached[place] for place in sorted(cached)]

    def _claim(self, notifications: Iterable[NotificationView], claimed: Set[str]) -> None:
        """A claim stands as long as what its notification reports."""
        if self._claims is None:
            return
        for view in notifications:
            posted = Notification(
                notification_uuid=view.notification_uuid,
                notification_type=view.type,
                generated_time=view.generated_time,
                payload=view.payload,
            )
            key = occurrence(view.source_host_uuid, posted)
            if view.notification_uuid in claimed:
                self._claims.confirm(key, view.notification_uuid)
                self._claims.hold(key, view.notification_uuid)
            else:
                self._claims.release(key, view.notification_uuid)


def _each_once(reported: Iterable[Reported]) -> list[Reported]:
    """The first record of each fault: a re-send has the same id."""
    first: dict[UUID, Reported] = {}
    for each in sorted(reported, key=lambda r: (r.stamp.at, r.stamp.partition, r.stamp.offset)):
        first.setdefault(each.fault.event_id, each)
    return list(first.values())


class _Work:
    """Views that are about to be written."""

    def __init__(self) -> None:
        self.views: list[IncidentView] = []
        self.texts: dict[str, str] = {}
        self.listed: dict[tuple[Index, str], int] = {}
        self.busy: dict[str, str] = {}
        self.claimed: set[str] = set()
        """Of the notifications, those whose like is a duplicate."""

    def incident(self, bucket: str, records: Sequence[Held]) -> None:
        """Add an incident's views."""
        uuid = bucket.removeprefix(INCIDENT)
        seen = [Seen(h.stamp.at, h.stamp.offset, h.value) for h in records if not isinstance(h.value, Fault)]
        incident = incident_of(UUID(uuid), seen)
        self.views.append(incident.view)
        self.texts[f"incident/{uuid}"] = dump([incident.view])
        self.texts[f"timeline/{uuid}"] = dump(incident.timeline)
        self.texts[f"tasks/{uuid}"] = dump(incident.tasks)
        self.texts[f"moves/{uuid}"] = dump(incident.moves)
        self.listed[Index.INCIDENTS, uuid] = incident.view.opened_at
        self.busy[incident_bucket(uuid)] = incident.view.host_uuid if incident.view.is_open else ""

    def notification(self, view: NotificationView) -> None:
        """Add a notification's view."""
        name = f"notification/{view.notification_uuid}"
        self.texts[name] = dump([view])
        self.texts[f"number/{view.number}"] = member_of(view)
        self.listed[Index.NOTIFICATIONS, member_of(view)] = view.created_at
        self.busy[name] = view.source_host_uuid if view.is_busy else ""
