"""Ends an incident: what it leaves behind (its end, what it has answered, what is to be undone, a budget given back),
and what is to be weighed at once because of it."""

from dataclasses import replace
from uuid import UUID

from kasugai.core.deciding import (
    budget,
    evidence,
    quarantine,
    readmission,
    reserves,
    returning,
    undoing,
)
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.opening import weigh_idle
from kasugai.core.deciding.rows import Closed, Condition, IncidentRow
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.incident import Phase, move
from kasugai.core.words.verdicts import Reason, Verb


def close(draft: Draft, fact: Fact, end: Phase, also: tuple[Reason, ...] = ()) -> None:
    """Close the incident with the worker's answer as its last word, and weigh at once what that leaves."""
    phase = move(draft.incident.phase, end)
    draft.tell(Verb.CLOSE, reason_of(fact), also=also, detail=fact.detail)
    draft.row = reserves.spend(draft.asked, fact)
    incident = draft.incident
    is_failed = phase is Phase.FAILED
    is_stopped = phase is Phase.WITHDRAWN and incident.stopped and not incident.cancelled
    closed = Closed(
        incident=fact.incident,
        phase=phase,
        at=draft.times.moment,
        readmitted=not draft.kind.goes_out,
        last=incident if is_failed else None,
        shut=_left_to_undo(draft, fact, phase, concluded=fact.kind is FactKind.FINISHED and not is_stopped),
    )
    if draft.kind.returns:
        closed = _of_host(draft, fact, closed)
    if phase is Phase.WITHDRAWN and not incident.effects:
        draft.row = budget.give_back(draft.row, incident)
    draft.row = replace(draft.row, incident=None, closed=closed, approval=None, vouch=None)
    occurred = draft.kind.occurs and not is_stopped
    is_over = occurred or phase is not Phase.WITHDRAWN or incident.cancelled
    if is_over and not returning.is_return(incident):
        explained = _answered(draft, incident, reports=is_failed or is_hardware(draft.row.subject))
        hold = None if incident.cancelled else draft.row.hold
        draft.row = replace(draft.row, conditions=explained, hold=hold)
    if returning.is_return(incident):
        _brought_back(draft, phase, is_cancelled=incident.cancelled)
    if _has_more(draft, is_withdrawn=phase is Phase.WITHDRAWN and not incident.cancelled):
        weigh_idle(draft)


def reason_of(fact: Fact) -> Reason:
    """Return the fact's reason, a newer worker's word as it was said; refused where it gives none."""
    return Reason.heard(fact.reason) if fact.reason else Reason.REFUSED


def _of_host(draft: Draft, fact: Fact, closed: Closed) -> Closed:
    """Count the failure, and return what the host's return will have to know."""
    row, incident = draft.row, draft.incident
    is_left = closed.shut is not None
    closed = replace(
        returning.kept(row, closed),
        service=returning.service_left(row, incident, fact) if is_left else None,
        waiting=returning.waiting_left(row, incident, fact) if is_left else (),
    )
    if incident.order.undoes is None and closed.phase in (Phase.RECOVERED, Phase.FAILED):
        draft.row = quarantine.count(row, draft.times.moment)
        if draft.row.quarantined is not None and row.quarantined is None:
            draft.tell(Verb.ALERT, Reason.QUARANTINE, incident=fact.incident, aside=True)
    if returning.is_back_meanwhile(row, fact):
        draft.row = replace(draft.row, returned=row.booted)
    return closed


def _brought_back(draft: Draft, phase: Phase, *, is_cancelled: bool) -> None:
    """A host that is back is on probation, one that was given up is no host of Nova's any more."""
    row = draft.row
    if row.hold is not None and not is_cancelled:
        row = replace(row, hold=None)
    if phase is Phase.RECOVERED and row.retired is not None and row.closed is not None:
        row = replace(row, retired=None, returned=None, closed=replace(row.closed, readmitted=True))
    elif phase is Phase.RECOVERED:
        row = readmission.begin(row, draft.times.moment)
    draft.row = row


def _left_to_undo(draft: Draft, fact: Fact, phase: Phase, *, concluded: bool) -> UUID | None:
    if draft.kind.returns:
        return returning.left_by(draft.row, draft.incident, fact, phase, concluded=concluded)
    if not draft.kind.is_undone:
        return None
    return undoing.left_by(draft.row, draft.incident, fact, concluded=concluded)


def _has_more(draft: Draft, *, is_withdrawn: bool) -> bool:
    """Whether something is to be weighed when an incident has ended: evidence that it has not answered, or what is to
    be undone now."""
    if draft.kind.occurs:
        return bool(evidence.standing(draft.row.conditions)) or undoing.due(draft.asked) is not None
    if draft.kind.returns and _is_to_return(draft):
        return True
    return is_withdrawn and bool(draft.row.conditions)


def _is_to_return(draft: Draft) -> bool:
    """Whether a host is to be brought back next, or has failed anew while it was."""
    return bool(evidence.standing(draft.row.conditions)) or undoing.due(draft.asked) is not None


def _answered(draft: Draft, incident: IncidentRow, *, reports: bool) -> tuple[Condition, ...]:
    """Return what is left of the conditions: what was said of an occurrence after the incident was last published is
    another one, which nobody may have looked for."""
    conditions = draft.row.conditions
    news = tuple(c for c in conditions if draft.kind.occurs and _is_news(c, incident))
    earlier = tuple(c for c in conditions if c not in news)
    explained = _explained(earlier, reports=reports)
    return tuple(sorted((*explained, *news), key=lambda c: c.observer)) if news else explained


def _is_news(condition: Condition, incident: IncidentRow) -> bool:
    return not condition.explained and not incident.cancelled and condition.said > incident.published.at


def _explained(conditions: tuple[Condition, ...], *, reports: bool) -> tuple[Condition, ...]:
    """What repeats stays, explained by the incident, until it ends; a report that was told once has been answered (and
    is kept with what failed: whoever retries it stands on the same word)."""
    return tuple(replace(c, explained=True) for c in conditions if reports or c.source.repeats)
