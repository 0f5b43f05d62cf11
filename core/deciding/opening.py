"""Decides about a subject without an open incident: suspect, hold, ignore, withdraw, or open one."""

from dataclasses import replace
from uuid import UUID

from kasugai.core.deciding import destinations, evidence, readmission, reserves
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import pass_gates
from kasugai.core.deciding.proof import proof
from kasugai.core.deciding.rows import IncidentRow, SubjectRow, evidence_of
from kasugai.core.words.identity import incident_id
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import BrokerTime, later
from kasugai.core.words.verdicts import EVIDENCE_LIMIT, Reason, Verb


def weigh_idle(draft: Draft) -> None:
    """Decide about a subject that has no open incident."""
    if not evidence.standing(draft.row.conditions):
        _without_evidence(draft)
        if draft.row.vouch is not None:
            draft.row = replace(draft.row, vouch=None)
        _readmit_if_due(draft)
        return
    closed = pass_gates(draft.kind.gates, draft.asked)
    if closed:
        first, *others = closed
        also = tuple(each.reason for each in others)
        draft.tell(first.verb, first.reason, also=also, detail=first.detail)
    else:
        _open(draft)


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
    due = readmission.due(draft.row, draft.timing.probation)
    if due is not None and due <= draft.times.deadline:
        draft.row = readmission.readmit(draft.row)
        draft.tell(Verb.READMIT, Reason.PROBATION_OVER)


def _silence(draft: Draft) -> Reason:
    """Why nothing is held against the subject (any more)."""
    if draft.fresh is None:
        return Reason.EVIDENCE_EXPIRED
    return Reason.CLEARED if draft.fresh.symptom is Symptom.CLEAR else Reason.SIGN_OF_LIFE


def _open(draft: Draft) -> None:
    now, counted = draft.times.moment, evidence.standing(draft.row.conditions)
    why = proof(draft.kind.proof, draft.row, counted, draft.asked.policy, draft.asked.deadline)
    order = first_order(draft, _opener(draft.row))
    incident = IncidentRow(
        order=order,
        phase=Phase.OPENED,
        heard=now,
        published=now,
        unanswered=1,
        due=later(now.steady, draft.timing.silence),
    )
    draft.change(destinations.published(draft.asked, incident, order))
    draft.row = replace(draft.row, returned=None)
    draft.tell(Verb.OPEN, why)
    draft.orders.append(order)


def _opener(row: SubjectRow) -> UUID:
    """The oldest standing condition's event: the same whichever record completed the proof."""
    first = min(evidence.standing(row.conditions), key=lambda c: (c.since.at, c.event_id))
    return first.event_id


def first_order(draft: Draft, opener: UUID) -> Open:
    """Return the incident's first publication."""
    row, policy, now = draft.row, draft.asked.policy, draft.times.moment.at
    previous = row.closed.incident if row.closed else None
    counted = evidence.standing(row.conditions)
    return Open(
        incident=incident_id(row.kind, row.host_uuid or row.host, opener, previous),
        n=1,
        attempt=1,
        segment=row.segment,
        subject=row.subject,
        host_uuid=row.host_uuid,
        decided_at=now,
        opened_at=now,
        asserted_at=fenced_at(row, policy),
        confirmed_at=evidence.confirmed_at(counted, policy),
        vouched_by=row.vouch.author if row.vouch else "",
        policy=_on_host(draft, policy),
        reserves=reserves.give(draft.asked),
        avoid=destinations.avoided(draft.asked),
        evidence=tuple(evidence_of(c) for c in counted)[:EVIDENCE_LIMIT],
        previous=previous,
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
    return replace(
        old,
        n=old.n + 1,
        decided_at=draft.times.moment.at,
        opened_at=_opened_at(draft, old),
        reserves=reserves.extended(draft.asked, old, draft.incident.reason),
        avoid=destinations.avoided(draft.asked),
        asserted_at=fenced_at(row, old.policy),
        confirmed_at=evidence.confirmed_at(counted, old.policy),
        vouched_by=row.vouch.author if row.vouch else "",
        evidence=tuple(evidence_of(c) for c in counted)[:EVIDENCE_LIMIT],
    )
