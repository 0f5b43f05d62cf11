"""decide(view, signal, now): what correlate does about one record of the mailbox. Total, pure, and replayable.

It folds over the subjects that the record touches, in key order, each seeing what those before it left. Whoever
calls it publishes verdicts and orders, awaits them, and then writes the rows in the order given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from kasugai.core import evidence, reserves
from kasugai.core.draft import Draft
from kasugai.core.gates import Setting
from kasugai.core.incident import Order
from kasugai.core.inventory import HostRecord, SegmentRecord
from kasugai.core.opening import weigh_idle
from kasugai.core.outcomes import obey
from kasugai.core.rows import HostRow, Row, SegmentRow, SubjectRow
from kasugai.core.signals import (
    Command,
    Fault,
    InventoryChange,
    Kind,
    Outcome,
    Reached,
    Signal,
    Symptom,
    Tick,
    subject_of,
)
from kasugai.core.steady import Times
from kasugai.core.telling import remember
from kasugai.core.tending import look_for_room, weigh_open
from kasugai.core.timing import PRODUCTION, Instant, Timing
from kasugai.core.verdicts import Reason, Verb, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentView:
    """The rows of one segment."""

    segment_id: str
    segment: SegmentRow | None = None
    hosts: Mapping[str, HostRow]
    """By name."""
    subjects: Mapping[str, SubjectRow]
    """By subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a record does to one row: publish, await, then write."""

    row: Row | None
    """The row as it should be now; None: nothing to write."""
    verdicts: tuple[Verdict, ...] = ()
    orders: tuple[Order, ...] = ()


Decision = tuple[Change, ...]
"""In the order in which the rows are written."""


def decide(
    view: SegmentView, signal: Signal, times: Times, offset: int, timing: Timing = PRODUCTION
) -> Decision:
    """Return what the signal at `offset` changes. Rows that this very record wrote already (offset reached) are left
    alone, so that a record may be decided again after a crash between two of its row writes."""
    view, about = _described(view, signal, offset)
    changes = list(about)
    touched = _touched(view, signal, times)
    for subject in touched:
        row = view.subjects.get(subject) or _new_row(view, signal, subject)
        if row is None or row.offset >= offset:
            continue
        change = _decide_subject(view, row, signal, times, offset, timing)
        if change is not None:
            changes.append(change)
            if isinstance(change.row, SubjectRow) and len(touched) > 1:
                view = replace(view, subjects={**view.subjects, subject: change.row})
    return tuple(changes)


def due_of(view: SegmentView, row: SubjectRow, after: Instant) -> Instant | None:
    """Return the next steady time later than `after` at which a tick must touch the row; None for never."""
    dues = evidence.dues(row.conditions, view.segment.record.policy) if view.segment else []
    if row.incident is not None and row.incident.due is not None:
        dues.append(row.incident.due)
    waits = reserves.look_at(row, after)
    if waits is not None:
        dues.append(waits)
    return min((due for due in dues if due > after), default=None)


def _described(view: SegmentView, signal: Signal, offset: int) -> tuple[SegmentView, Decision]:
    """Take over a description if it is newer than the one at hand."""
    if not isinstance(signal, InventoryChange):
        return view, ()
    record = signal.record
    match record:
        case SegmentRecord():
            old = view.segment
            if old is not None and (old.offset >= offset or record.version <= old.record.version):
                return view, ()
            segment = SegmentRow(record=record, offset=offset)
            return replace(view, segment=segment), (Change(row=segment),)
        case HostRecord():
            known = view.hosts.get(record.name)
            if known is not None and (known.offset >= offset or record.version <= known.record.version):
                return view, ()
            host = HostRow(record=record, offset=offset)
            return replace(view, hosts={**view.hosts, record.name: host}), (Change(row=host),)
        case _:
            assert_never(record)


def _touched(view: SegmentView, signal: Signal, times: Times) -> list[str]:
    match signal:
        case Fault():
            return [signal.subject]
        case Outcome(fact=fact):
            return [subject_of(Kind.HOST, fact.host)]
        case Tick():
            return sorted(key for key, row in view.subjects.items() if _is_due(view, row, times))
        case InventoryChange(record=HostRecord() as record):
            waiting = (key for key, row in view.subjects.items() if reserves.waits_for_room(row))
            own = (key for key, row in view.subjects.items() if row.host == record.name)
            return sorted({*own, *waiting})
        case InventoryChange():
            return sorted(view.subjects)
        case Reached() | Command():
            return []
        case _:
            assert_never(signal)


def _is_due(view: SegmentView, row: SubjectRow, times: Times) -> bool:
    due = due_of(view, row, times.before)
    return due is not None and due <= times.deadline


def _new_row(view: SegmentView, signal: Signal, subject: str) -> SubjectRow | None:
    match signal:
        case Fault():
            return SubjectRow(
                segment=view.segment_id,
                subject=subject,
                kind=signal.kind,
                host=signal.host,
                host_uuid=signal.host_uuid,
            )
        case Outcome(fact=fact):
            return SubjectRow(
                segment=view.segment_id, subject=subject, kind=Kind.HOST, host=fact.host, host_uuid=""
            )
        case _:
            return None


def _decide_subject(
    view: SegmentView, row: SubjectRow, signal: Signal, times: Times, offset: int, timing: Timing
) -> Change | None:
    draft = Draft(
        row=row, setting=_setting(view, row, times), times=times, timing=timing, offset=offset, fresh=None
    )
    match signal:
        case Fault():
            _decide_fault(draft, signal)
        case Outcome(fact=fact):
            obey(draft, fact)
        case Tick() | InventoryChange():
            draft.row = replace(row, conditions=evidence.expire(row.conditions, times.deadline))
            _weigh(draft)
            if isinstance(signal, InventoryChange):
                look_for_room(draft)
        case Reached() | Command():
            pass
        case _:
            assert_never(signal)
    return _change(row, draft, offset)


def _setting(view: SegmentView, row: SubjectRow, times: Times) -> Setting:
    host = view.hosts.get(row.host)
    segment = view.segment
    return Setting(
        segment=segment if segment and not segment.record.deleted else None,
        host=host if host and not host.record.deleted else None,
        deadline=times.deadline,
        hosts=view.hosts,
        subjects=view.subjects,
    )


def _change(before: SubjectRow, draft: Draft, offset: int) -> Change | None:
    row = draft.row
    if row == before and not draft.verdicts and not draft.orders:
        return None
    return Change(row=row.at_offset(offset), verdicts=tuple(draft.verdicts), orders=tuple(draft.orders))


def _decide_fault(draft: Draft, fault: Fault) -> None:
    if evidence.is_stale(draft.row, fault):
        draft.fresh = fault if fault.event_id not in draft.row.recent else None
        draft.row = remember(draft.row, fault)
        if draft.fresh is not None or fault.symptom not in (Symptom.ALIVE, Symptom.CLEAR):
            draft.tell(Verb.IGNORE, Reason.STALE)
        return
    draft.fresh = fault if fault.event_id not in draft.row.recent else None
    draft.row = evidence.hear(remember(draft.row, fault), fault, draft.times.moment)
    if fault.host_uuid and not draft.row.host_uuid:
        draft.row = replace(draft.row, host_uuid=fault.host_uuid)
    if draft.fresh is None and _is_repetition(draft, fault):
        return
    _weigh(draft)


def _is_repetition(draft: Draft, fault: Fault) -> bool:
    """A standing condition said again: time passes at ticks, so there is nothing to weigh."""
    return fault.symptom in (Symptom.DOWN, Symptom.OFF) and draft.row.incident is not None


def _weigh(draft: Draft) -> None:
    if draft.row.incident is None:
        weigh_idle(draft)
    else:
        weigh_open(draft)
