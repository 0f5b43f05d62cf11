"""What incidents look like, computed from the set of records about them: pure, and the same for any order of reading.

Of several records that say where something stands the one with the highest (attempt, epoch, rank) wins; repeated
ones count once. It knows no topic and no clock; the sentences are the narrator's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from kasugai.core.telling.kinds import TELLINGS
from kasugai.core.telling.progress import (
    StepView,
    close_of,
    moved_before,
    phase_of,
    reason_of,
    step_views,
    why_of,
)
from kasugai.core.telling.ties import Tie
from kasugai.core.words.actions import About
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open, Phase, Resume, Stop
from kasugai.core.words.plan import Plan
from kasugai.core.words.subject import UUID as FORM_OF_UUID
from kasugai.core.words.subject import OfSubject, Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict

SHORT = 8
"""Characters of an id that people are shown."""

Record = Open | Stop | Resume | Fact | Verdict


@dataclass(frozen=True, slots=True)
class Seen:
    """A record with its place in its partition."""

    at: BrokerTime
    """The record's timestamp."""
    offset: int
    value: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView(OfSubject):
    """One incident, or (without an id) a subject against which something is held."""

    incident: UUID | None
    subject: Subject
    segment: str
    """The segment's id."""
    phase: Phase
    why: str
    """The reason for where it stands, with all that was said."""
    reason: str
    """The reason's word alone; empty where nobody has said any."""
    since: BrokerTime
    """When it was opened; the first word about it where it was not."""
    until: BrokerTime | None
    """When it was closed."""
    attempt: int
    epoch: int
    """The newest owner's number, which counts all owners that its subject ever had."""
    plan: Plan | None
    steps: Mapping[str, StepView]
    """By key, for every step of the plan but the last look (which has no record of its own)."""
    records: tuple[Seen, ...]
    """In the order of time, each once."""
    moved_before: tuple[StepView, ...] = ()
    """Evacuations that earlier attempts have seen through: the newest plan knows nothing of them."""

    @property
    def is_told(self) -> bool:
        """Whether it is closed and the outcome that closed it has been read too (it lies in another topic): mostly the
        attempt's end, of a process's incident that was stopped in the middle that it is held."""
        facts = [record.value for record in self.records if isinstance(record.value, Fact)]
        ends = [fact for fact in facts if fact.attempt == self.attempt and _closes(fact)]
        return self.until is not None and bool(ends)

    @property
    def is_incident(self) -> bool:
        """Whether it is one; else something is held against its subject without one."""
        return self.incident is not None

    @property
    def is_return(self) -> bool:
        """Whether it undoes what an earlier incident did, because what that was about is well again or given up."""
        return any(isinstance(seen.value, Open) and seen.value.undoes is not None for seen in self.records)

    @property
    def is_retirement(self) -> bool:
        """Whether its host is given up for good by it."""
        return any(isinstance(seen.value, Open) and seen.value.retired_by for seen in self.records)

    @property
    def window(self) -> int:
        """How many effects on guests the owner last let be in progress at a time; 0: not told."""
        told = [record.value.window for record in self.records if isinstance(record.value, Fact)]
        return next((window for window in reversed(told) if window), 0)

    @property
    def steps_done(self) -> int:
        """How many steps have been seen done."""
        return sum(step.is_done for step in self.steps.values())

    @property
    def instances(self) -> tuple[StepView, ...]:
        """Of a host the evacuations of all attempts: those seen through before, then the newest plan's in its order; of
        an instance its start."""
        meaning = TELLINGS[self.subject.kind].counts
        steps = (*self.moved_before, *self.steps.values())
        return tuple(step for step in steps if step.step.words.meaning is meaning)

    @property
    def guest(self) -> str:
        """What the instance is called that it is about; empty while nobody has told, and of what is no instance."""
        steps = (step.step for step in self.steps.values() if step.step.words.about is About.GUEST)
        return next((step.name for step in steps if step.name and step.subject == self.subject.detail), "")

    @property
    def called(self) -> str:
        """What it is about, as people call it: `cmp1`, `web1 on cmp1`, `nova-compute on cmp1`; an instance that nobody
        has named by the beginning of its uuid."""
        detail = self.subject.detail
        own = self.guest or (detail[:SHORT] if FORM_OF_UUID.fullmatch(detail) else detail)
        return f"{own} on {self.host}" if own else self.host

    @property
    def instances_done(self) -> int:
        """How many instances need nothing more: they have been seen where they should be, or are deleted."""
        return sum(step.is_done for step in self.instances)

    @property
    def instances_deleted(self) -> int:
        """How many of them were deleted meanwhile."""
        return sum(step.is_gone for step in self.instances)

    @property
    def owners(self) -> int:
        """How many owners this incident has had."""
        facts = [record.value for record in self.records if isinstance(record.value, Fact)]
        return len({fact.epoch for fact in facts if fact.kind is not FactKind.QUEUED})

    @property
    def progress(self) -> str:
        """How many instances are where they should be, and what became of the others that are done, in words; empty
        of what has none."""
        deleted = self.instances_deleted
        were = "" if not deleted else f", {deleted} {'was' if deleted == 1 else 'were'} deleted meanwhile"
        done, total = self.instances_done - deleted, len(self.instances)
        return TELLINGS[self.subject.kind].progress.format(done=done, total=total) + were


def _closes(fact: Fact) -> bool:
    stopped = fact.kind is FactKind.HELD and fact.reason == Reason.STOPPED
    return fact.kind is FactKind.FINISHED or stopped


def fold(seen: Iterable[Seen]) -> tuple[IncidentView, ...]:
    """Return all incidents, then the hosts that are suspected or held without one; each by age, oldest first."""
    first = each_once(seen)
    incidents: dict[UUID, list[Seen]] = defaultdict(list)
    subjects: dict[str, list[Seen]] = defaultdict(list)
    for record in first:
        if isinstance(record.value, Verdict):
            subjects[record.value.subject.name].append(record)
        if record.value.incident is not None:
            incidents[record.value.incident].append(record)
    opened = [_incident(incident, records) for incident, records in incidents.items()]
    pending = [view for records in subjects.values() if (view := _pending(records)) is not None]
    return (*sorted(opened, key=_by_age), *sorted(pending, key=_by_age))


def of_incident(incident: UUID, seen: Iterable[Seen]) -> IncidentView:
    """Return one incident; `seen` holds records about it only, at least one."""
    return _incident(incident, each_once(seen))


def _by_age(view: IncidentView) -> tuple[BrokerTime, Subject]:
    return view.since, view.subject


def each_once(seen: Iterable[Seen]) -> list[Seen]:
    """Return the records without those that were published again, which say nothing new; in the order of time, ties in
    an order of their own."""
    first: dict[Record, Seen] = {}
    for record in seen:
        old = first.get(record.value)
        if old is None or (record.at, record.offset) < (old.at, old.offset):
            first[record.value] = record
    return sorted(first.values(), key=_by_time)


def _by_time(record: Seen) -> tuple[BrokerTime, int, int, Tie]:
    kinds = (Verdict, Open, Stop, Resume, Fact)
    return record.at, kinds.index(type(record.value)), record.offset, Tie(record.value)


def _incident(incident: UUID, all_of_it: Sequence[Seen]) -> IncidentView:
    subject = _subject(all_of_it)
    records = [seen for seen in all_of_it if seen.value.subject == subject]
    opens = [seen.value for seen in records if isinstance(seen.value, Open)]
    told = [(seen.at, seen.value) for seen in records if isinstance(seen.value, Fact)]
    owners = {(fact.epoch, fact.author) for _, fact in told if fact.kind is FactKind.ADOPTED}
    told = [(at, fact) for at, fact in told if not owners or _counts(fact, owners)]
    facts = [fact for _, fact in told]
    verdicts = [seen.value for seen in records if isinstance(seen.value, Verdict)]
    order = max(opens, key=lambda o: (o.attempt, o.n, o.decided_at), default=None)
    fact = max(facts, key=rank, default=None)
    plans = [fact.plan for fact in facts if fact.plan is not None]
    plan = max(
        plans,
        key=lambda p: (p.attempt, p.epoch, len(p.steps), Tie(p)),
        default=None,
    )
    closing = close_of(verdicts)
    return IncidentView(
        incident=incident,
        subject=subject,
        segment=records[0].value.segment,
        phase=phase_of(order, fact, verdicts),
        why=why_of(fact, verdicts),
        reason=reason_of(fact, verdicts),
        since=min([each.opened_at for each in opens] or [seen.at for seen in records]),
        until=next((seen.at for seen in records if seen.value == closing), None),
        attempt=max([fact.attempt for fact in facts] + [o.attempt for o in opens], default=1),
        epoch=max((fact.epoch for fact in facts), default=0),
        plan=plan,
        steps=step_views(plan, told),
        records=tuple(records),
        moved_before=moved_before(plans, plan, told),
    )


def _subject(records: Sequence[Seen]) -> Subject:
    """Whom the incident is about. Verdicts about others may name it because it explains what was said about them: by
    its own word it is told from those, where one has been read."""
    own = (s.value for s in records if not isinstance(s.value, Verdict) or s.value.verb is not Verb.EXPLAIN)
    return next(own, records[0].value).subject


def _counts(fact: Fact, owners: Set[tuple[int, str]]) -> bool:
    """Whether it is by somebody who has adopted the incident, or waits to: what others say is not believed. Of a log
    that has lost its beginning nobody knows who has."""
    return fact.kind is FactKind.QUEUED or (fact.epoch, fact.author) in owners


def rank(fact: Fact) -> tuple[int, int, int, int, int, Tie]:
    """Return what decides which of two facts says where an incident stands: the greater one does."""
    match fact.kind:
        case FactKind.QUEUED:
            kind = 0
        case FactKind.HELD | FactKind.VETOED:
            kind = 2
        case FactKind.FINISHED:
            kind = 3
        case _:
            kind = 1
    return fact.attempt, fact.epoch, kind, fact.n, fact.seq, Tie(fact)


_PENDING = {Verb.SUSPECT: Phase.SUSPECTED, Verb.HOLD: Phase.HELD}
_ASIDE = (Verb.REFUSE, Verb.RETRY, Verb.CANCEL, Verb.DISREGARD)
"""What changes nothing about a host that is held or suspected without an incident."""


def _pending(records: Sequence[Seen]) -> IncidentView | None:
    """Return the view of a subject whose last word is that something is held against it, without an incident."""
    held = held_since(records)
    if not held:
        return None
    since, value = held[0][0], held[-1][1]
    return IncidentView(
        incident=None,
        subject=value.subject,
        segment=value.segment,
        phase=_PENDING[value.verb],
        why=why_of(None, [value]),
        reason=reason_of(None, [value]),
        since=since,
        until=None,
        attempt=0,
        epoch=0,
        plan=None,
        steps={},
        records=tuple(records),
    )


def held_since(records: Sequence[Seen]) -> list[tuple[BrokerTime, Verdict]]:
    """Return the words that hold or suspect the subject, which no other word has ended since."""
    found: list[tuple[BrokerTime, Verdict]] = []
    for seen in records:
        if not isinstance(seen.value, Verdict) or _says_nothing_new(seen.value, found):
            continue
        if seen.value.verb in _PENDING and seen.value.incident is None:
            found.append((seen.at, seen.value))
        else:
            found.clear()
    return found


def _says_nothing_new(verdict: Verdict, held: Sequence[tuple[BrokerTime, Verdict]]) -> bool:
    """A stale report, a command that did not fit, an owner that is not obeyed; and an approval of another limit than
    the person's own hold: what that lets through is opened, and that is told."""
    if verdict.verb is Verb.IGNORE:
        return verdict.reason is Reason.STALE
    if verdict.verb is Verb.APPROVE:
        return not held or held[-1][1].reason is not Reason.COMMAND
    return verdict.verb in _ASIDE
