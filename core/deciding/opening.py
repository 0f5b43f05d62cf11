"""Decides about a subject without an open incident: suspect, hold, ignore, withdraw, or open one."""

from dataclasses import replace
from uuid import UUID

from kasugai.core.deciding import (
    budget,
    condemning,
    destinations,
    draining,
    evidence,
    hostfirst,
    plannedstop,
    readmission,
    reserves,
    returning,
    undoing,
)
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import Closed, Gate, pass_gates
from kasugai.core.deciding.naming import next_incident
from kasugai.core.deciding.proof import proof
from kasugai.core.deciding.rows import IncidentRow, SubjectRow, evidence_of
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import BrokerTime, SteadyTime, later
from kasugai.core.words.verdicts import EVIDENCE_LIMIT, Reason, Verb


def weigh_idle(draft: Draft) -> None:
    """Decide about a subject that has no open incident."""
    if draft.row.condemned is not None and not condemning.is_due(draft.asked):
        _pardon_host(draft)
    if draft.kind.occurs and _is_explained(draft):
        return
    draft.row = draining.stands_anew(draft.row, draft.asked.host_row(draft.row.host))
    undone = undoing.due(draft.asked)
    if undone is not None:
        _weigh_undoing(draft, undone)
    elif not evidence.standing(draft.row.conditions):
        _pardon_host(draft)
        _without_evidence(draft)
        if draft.row.vouch is not None:
            draft.row = replace(draft.row, vouch=None)
        _readmit_if_due(draft)
        _miss(draft)
    elif closed := pass_gates(_gates(draft), draft.asked):
        _pardon_host(draft)
        _tell_closed(draft, closed)
    elif condemning.is_due(draft.asked):
        condemning.condemn(draft)
    else:
        _open(draft)


def _gates(draft: Draft) -> tuple[Gate, ...]:
    return tuple(gate for gate in draft.kind.gates if gate.reasons.isdisjoint(draft.waived))


def _tell_closed(draft: Draft, closed: tuple[Closed, ...]) -> None:
    first, *others = closed
    draft.tell(first.verb, first.reason, also=tuple(each.reason for each in others), detail=first.detail)


def _is_explained(draft: Draft) -> bool:
    """Whether a guest or a process is done with because of what has become of its segment, or of its host. Hardware is
    as degraded as before."""
    if is_hardware(draft.row.subject):
        return False
    _forget_what_was_meant(draft)
    return not draft.kind.looked_at and _is_explained_by_host(draft)


def _is_explained_by_host(draft: Draft) -> bool:
    """What was said of a process before its host was recovered is over with that. Who waited for it is told so once. Of
    a guest only a look tells: the host's recovery brings back as stopped what Nova had stopped by itself."""
    host = draft.asked.host_row(draft.row.host)
    left = hostfirst.answered(host, draft.row.conditions)
    if host is None or host.closed is None or left == draft.row.conditions:
        return False
    is_told = draft.fresh is not None or draft.row.verb is not Verb.IGNORE
    if is_told and not evidence.standing(left):
        draft.tell(Verb.EXPLAIN, Reason.PART_OF_INCIDENT, incident=host.closed.incident)
    draft.row = replace(draft.row, conditions=left)
    if evidence.standing(left):
        return False
    _pardon_host(draft)
    return undoing.due(draft.asked) is None


def _forget_what_was_meant(draft: Draft) -> None:
    """What was said of a guest or a process during a planned stop is over with that; who waited is told so once."""
    left = plannedstop.answered(draft.asked)
    if left == draft.row.conditions or (
        draft.asked.segment is not None and draft.asked.segment.stop is not None
    ):
        return
    draft.row = replace(draft.row, conditions=left)
    if not evidence.standing(left):
        draft.tell(Verb.IGNORE, Reason.PLANNED_STOP)


def _pardon_host(draft: Draft) -> None:
    """A process whose gates are closed, or against which nothing stands, has its host recovered no more."""
    if draft.row.condemned is not None:
        draft.row = replace(draft.row, condemned=None)


def _weigh_undoing(draft: Draft, undone: UUID) -> None:
    closed = pass_gates((gate for gate in draft.kind.gates if gate.undoing), draft.asked)
    if closed:
        _tell_closed(draft, closed)
        return
    order = replace(_order(draft, next_incident(draft.row, undone)), undoes=undone)
    if draft.kind.returns:
        _begin(draft, returning.ordered(draft.row, order), Reason.HOST_BACK)
    else:
        _begin(draft, order, Reason.PROCESS_BACK)


def _without_evidence(draft: Draft) -> None:
    reason = _silence(draft)
    if draft.fresh is not None and readmission.is_return(draft.row, draft.fresh):
        draft.tell(Verb.WATCH, Reason.ON_PROBATION)
    elif draft.row.verb in (Verb.SUSPECT, Verb.HOLD):
        draft.tell(Verb.WITHDRAW, reason)
    elif draft.fresh is not None:
        explained = bool(draft.row.conditions)
        draft.tell(*((Verb.EXPLAIN, Reason.PART_OF_INCIDENT) if explained else (Verb.IGNORE, reason)))


def _readmit_if_due(draft: Draft) -> None:
    due = readmission.due(draft.asked, draft.timing.probation)
    if due is not None and due <= draft.times.deadline:
        draft.row = readmission.readmit(draft.row)
        draft.tell(Verb.READMIT, Reason.PROBATION_OVER)


def _miss(draft: Draft) -> None:
    """Tell once of a host that is waited for and does not come back."""
    at = returning.missed_at(draft.asked) if draft.kind.returns else None
    if at is not None and at <= draft.times.deadline and draft.row.closed is not None:
        draft.row = replace(draft.row, closed=replace(draft.row.closed, missed=True))
        draft.tell(Verb.ALERT, Reason.HOST_AWAY, aside=True)


def _silence(draft: Draft) -> Reason:
    """Why nothing is held against the subject (any more)."""
    if draft.fresh is None:
        return Reason.EVIDENCE_EXPIRED
    return Reason.CLEARED if draft.fresh.symptom is Symptom.CLEAR else Reason.SIGN_OF_LIFE


def _open(draft: Draft) -> None:
    counted = evidence.standing(draft.row.conditions)
    why = proof(draft.kind.proof, draft.row, counted, draft.asked.policy, draft.asked.deadline)
    _begin(draft, _order(draft, next_incident(draft.row)), why)


def _begin(draft: Draft, order: Open, why: Reason) -> None:
    now = draft.times.moment
    incident = IncidentRow(
        order=order,
        phase=Phase.OPENED,
        heard=now,
        published=now,
        unanswered=1,
        due=later(now.steady, draft.timing.silence),
    )
    draft.change(destinations.published(draft.asked, incident, order))
    if order.undoes is None:
        draft.row = replace(readmission.lost(draft.row), begun=_begun(draft))
    pay(draft)
    draft.tell(Verb.OPEN, why)
    draft.orders.append(order)


def _begun(draft: Draft) -> SteadyTime | None:
    return draft.times.moment.steady if draft.kind.counts_in_storm else None


def pay(draft: Draft) -> None:
    """Count the attempt that is published against its subject's budget, if it has one and was not counted before."""
    if draft.kind.has_budget:
        draft.row = budget.pay(draft.row, draft.times.moment.steady, draft.times.deadline)


def _order(draft: Draft, incident: UUID) -> Open:
    """Return an incident's first publication."""
    row, policy, now = draft.row, draft.asked.policy, draft.times.moment.at
    counted = evidence.standing(row.conditions)
    return Open(
        incident=incident,
        n=1,
        attempt=1,
        segment=row.segment,
        subject=row.subject,
        host_uuid=row.host_uuid,
        decided_at=now,
        opened_at=now,
        asserted_at=fenced_at(row, policy),
        confirmed_at=evidence.confirmed_at(counted, policy),
        reset_at=evidence.reset_at(counted),
        vouched_by=row.vouch.author if row.vouch else "",
        policy=_on_host(draft, policy),
        reserves=reserves.give(draft.asked),
        avoid=destinations.avoided(draft.asked),
        evidence=tuple(evidence_of(c) for c in counted)[:EVIDENCE_LIMIT],
        previous=row.closed.incident if row.closed else None,
        seen_at=evidence.seen_at(counted) if draft.kind.occurs else None,
        relocates=draft.kind.has_budget and budget.relocates(draft.asked),
        condemned=evidence.condemned(counted, policy, draft.asked.deadline),
    )


def _on_host(draft: Draft, policy: Policy) -> Policy:
    """Return the policy as it is for the subject's host, whose description may say where its disks lie."""
    host = draft.asked.host
    if host is None or host.record.root_disks is None:
        return policy
    return replace(policy, root_disks=host.record.root_disks)


def fenced_at(row: SubjectRow, policy: Policy) -> BrokerTime | None:
    """Return when somebody last vouched that the subject has been fenced: a trusted assertion, or a person."""
    asserted = evidence.asserted_at(evidence.standing(row.conditions), policy)
    vouched = row.vouch.at.at if row.vouch else None
    return max((at for at in (asserted, vouched) if at is not None), default=None)


def _opened_at(draft: Draft, old: Open) -> BrokerTime:
    """A host that has shown life since has failed anew: what waits for it (guests with local disks) begins to wait."""
    alive = draft.row.alive
    return old.opened_at if alive is None or alive.at < old.opened_at else draft.times.moment.at


def refresh_order(draft: Draft) -> Open:
    """Return the open incident's next publication: next number, decided now, with the evidence as it stands."""
    row, old = draft.row, draft.incident.order
    counted = evidence.standing(row.conditions)
    seen_at = evidence.seen_at(counted) if draft.kind.occurs else None
    condemned = evidence.condemned(counted, old.policy, draft.asked.deadline)
    order = replace(
        old,
        n=old.n + 1,
        decided_at=draft.times.moment.at,
        opened_at=_opened_at(draft, old),
        reserves=reserves.extended(draft.asked, old, draft.incident.reason),
        avoid=destinations.avoided(draft.asked),
        seen_at=seen_at or old.seen_at,
        condemned=condemned if counted else old.condemned,
        asserted_at=fenced_at(row, old.policy),
        confirmed_at=evidence.confirmed_at(counted, old.policy),
        reset_at=evidence.reset_at(counted),
        vouched_by=row.vouch.author if row.vouch else "",
        evidence=tuple(evidence_of(c) for c in counted)[:EVIDENCE_LIMIT],
    )
    return returning.ordered(row, order) if returning.is_return(draft.incident) else order
