"""The projector: takes records as they come, keeps them by bucket, and writes anew the views of what they touched.

Each view is computed from all records of its bucket, so order and repetition do not matter, and a projector that dies
leaves behind which views are still to be written. It knows neither Kafka nor Redis, and no clock.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Protocol
from uuid import UUID

from kasugai.api.announcing import Announcer
from kasugai.api.documents import Documents
from kasugai.api.occurrences import occurrence
from kasugai.api.projection.board import Board, Ended, text_of
from kasugai.api.projection.buckets import (
    INCIDENT,
    SUBJECT,
    Held,
    buckets_of,
    held,
    kept,
    subject_bucket,
    unkept,
)
from kasugai.api.projection.cache import Cache
from kasugai.api.projection.changes import Changes
from kasugai.api.projection.outs import TAKES_OUT
from kasugai.api.projection.subjects import (
    Reported,
    incidents_named,
    is_claimed,
    notification_of,
    verdicts_of,
)
from kasugai.api.projection.work import Work, verdicts_seen
from kasugai.api.view_store import NO_VIEW, dump, load
from kasugai.api.views import IncidentView, NotificationView
from kasugai.core.telling.documents import Kept, NotOwner, Round
from kasugai.core.telling.explain import Decided
from kasugai.core.words.signals import Fault, Notification, Stamp
from kasugai.core.words.timing import BrokerTime, Instant
from kasugai.core.words.verdicts import Verdict

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


class Projector:
    """One owner's work on the documents."""

    def __init__(
        self,
        documents: Documents,
        owner: str,
        claims: Claims | None = None,
        announcer: Announcer | None = None,
        hear: Callable[[Ended], None] | None = None,
    ) -> None:
        """Go on where the documents stand; `owner` must own them. `hear` is told of each incident that ends."""
        self._documents, self._owner, self._claims, self._hear = documents, owner, claims, hear
        self._changes = Changes(documents, announcer)
        self.board = self._remembered()
        self._newest = BrokerTime(0)
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
            if not isinstance(record.value, Verdict):  # which its producer dates
                self._newest = max(self._newest, stamp.at)
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
        subjects.update(incidents.subjects)
        notifications = [n for subject in sorted(subjects) for n in self._subject(subject, cases, incidents)]
        self._dirty -= buckets
        told = self._changes.of(notifications, incidents)
        ended = self._ended(incidents)
        written = Round(
            texts=incidents.texts,
            listed=incidents.listed,
            busy=incidents.busy,
            out=incidents.out,
            board={bucket: text_of(entry) for bucket, entry in incidents.entries.items()},
            owned=incidents.owned,
            clean=frozenset(buckets),
            is_current=is_current and not self._dirty,
        )
        try:
            self._documents.write(self._owner, written)
        except BaseException:
            self._dirty |= buckets
            raise
        self.board.take(incidents.entries)
        self._claim(notifications, incidents.claimed)
        self._changes.say(told)
        for end in ended:
            self._tell(end)

    def forget(self, now: Instant) -> None:
        """Remember nothing more of what does not matter any more."""
        buckets = self.board.superseded(now)
        if buckets:
            self._documents.write(self._owner, Round(board=dict.fromkeys(buckets, "")))
            self.board.forget(buckets)

    def _ended(self, work: Work) -> list[Ended]:
        """Which incidents of the round have ended, by what was remembered of them until now."""
        found: list[Ended] = []
        for bucket, view in work.told.items():
            before = verdicts_seen(self._records(subject_bucket(view.subject.name))) if view.until else ()
            found += self.board.ends(bucket, view, before, self._newest)
        return found

    def _tell(self, end: Ended) -> None:
        if self._hear is not None:
            self._hear(end)

    def _remembered(self) -> Board:
        try:
            return Board(self._documents.board())
        except NO_VIEW:
            self._documents.distrust()
            raise NotOwner("what was remembered is none of ours: it is computed anew") from None

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

    def _computed(self, records: Mapping[str, Sequence[Held]]) -> tuple[Work, set[str]]:
        work = Work()
        for bucket, found in records.items():
            if bucket.startswith(INCIDENT) and found:
                work.incident(bucket, found)
            elif found:
                work.subject(bucket, found)
        return work, {bucket for bucket in records if bucket.startswith(SUBJECT)}

    def _subject(self, bucket: str, cases: dict[str, IncidentView], work: Work) -> Sequence[NotificationView]:
        """Add a subject's views to the work; its incidents are those just computed, or as they were written."""
        records = self._records(bucket)
        decided = [
            Decided(h.stamp.at, h.stamp.offset, h.value) for h in records if isinstance(h.value, Verdict)
        ]
        reported = [Reported(h.stamp, h.value) for h in records if isinstance(h.value, Fault)]
        cases = self._with_named(decided, cases) if reported or _takes_out(decided) else cases
        if decided:
            work.texts[f"verdicts/{bucket.removeprefix(SUBJECT)}"] = dump(verdicts_of(decided))
        if _takes_out(decided):
            work.out_of_service(decided, cases)
        each_once = _each_once(reported)
        views = [notification_of(each, decided, cases) for each in each_once]
        for view, each in zip(views, each_once, strict=True):
            work.notification(view)
            if is_claimed(view, each, decided):
                work.claimed.add(view.notification_uuid)
        return views

    def _with_named(
        self, decided: Iterable[Decided], cases: dict[str, IncidentView]
    ) -> dict[str, IncidentView]:
        """Return the incidents with those that verdicts name, as they were written."""
        named = sorted(incidents_named(decided) - cases.keys())
        texts = self._documents.many([f"incident/{incident}" for incident in named])
        return cases | {view.incident: view for view in self._loaded(texts)}

    def _loaded(self, texts: Iterable[str | None]) -> list[IncidentView]:
        """Return incidents as they were written; NotOwner, and all are computed anew, where a text shows none."""
        try:
            return [view for text in texts for view in load(IncidentView, text)]
        except NO_VIEW:
            self._documents.distrust()
            raise NotOwner("a text is no view of ours: they are computed anew") from None

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


def _takes_out(decided: Sequence[Decided]) -> bool:
    return bool(decided) and decided[0].verdict.subject.kind in TAKES_OUT


def _each_once(reported: Iterable[Reported]) -> list[Reported]:
    """The first record of each fault: a re-send has the same id."""
    first: dict[UUID, Reported] = {}
    for each in sorted(reported, key=lambda r: (r.stamp.at, r.stamp.partition, r.stamp.offset)):
        first.setdefault(each.fault.event_id, each)
    return list(first.values())
