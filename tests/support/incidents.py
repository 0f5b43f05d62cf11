"""One small incident on cmp1, record by record, for tests of what people are shown: fixed ids, fixed times."""

from dataclasses import replace
from uuid import UUID

from kasugai.core.telling.incident_views import IncidentView, Record, Seen, fold
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.subjects import about

INCIDENT = UUID("7f3ca1b2-0000-5000-8000-000000000001")
SEGMENT = "5e9a0000-0000-5000-8000-000000000002"
SHOP, BANK = "aaaa0000000000000000000000000001", "bbbb0000000000000000000000000002"
"""Projects."""
NAMES = {SEGMENT: "rack1"}
START = 1_795_000_000_000
"""2026-11-18T11:06:40Z."""


def opened(**changes: object) -> Open:
    """Return the order, with changes."""
    order = Open(
        incident=INCIDENT,
        n=1,
        attempt=1,
        segment=SEGMENT,
        subject=host_subject("cmp1"),
        host_uuid="h",
        decided_at=BrokerTime(START),
        opened_at=BrokerTime(START),
        asserted_at=None,
        policy=Policy(),
    )
    return replace(order, **about(changes))


def said(kind: FactKind, **changes: object) -> Fact:
    """Return a worker's fact, with changes."""
    fact = Fact(
        fact_id=UUID(int=2),
        kind=kind,
        incident=INCIDENT,
        segment=SEGMENT,
        subject=host_subject("cmp1"),
        attempt=1,
        epoch=1,
        author="w#1",
        n=1,
    )
    return replace(fact, **about(changes))


def decided(verb: Verb, reason: Reason, incident: UUID | None = INCIDENT, detail: str = "") -> Verdict:
    """Return correlate's verdict."""
    return Verdict(
        verdict_id=UUID(int=3),
        verb=verb,
        subject=host_subject("cmp1"),
        segment=SEGMENT,
        reason=reason,
        evidence=(),
        count=1,
        at=BrokerTime(START),
        incident=incident,
        detail=detail,
    )


def views_of(*values: Record) -> tuple[IncidentView, ...]:
    """Return the views of records that came a second apart."""
    return fold(Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(values))


def view_of(*values: Record) -> IncidentView:
    """Return the only one."""
    (view,) = views_of(*values)
    return view


FENCE = Step(action=Action.FENCE, subject="cmp1")
DOWN = Step(action=Action.FORCE_DOWN, subject="cmp1", needs=(FENCE.key,))
WEB = Step(action=Action.EVACUATE, subject="web", needs=(DOWN.key,), name="web1", prior=Prior.ACTIVE)
JOB = Step(action=Action.EVACUATE, subject="job", needs=(DOWN.key,), name="batch1", prior=Prior.STOPPED)
REST = Step(action=Action.RESTORE, subject="job", needs=(JOB.key,), name="batch1", prior=Prior.STOPPED)
SWEEP = Step(action=Action.SWEEP, subject="cmp1")
PLAN = Plan(
    incident=INCIDENT,
    attempt=1,
    epoch=1,
    host="cmp1",
    window=8,
    steps=(FENCE, DOWN, WEB, JOB, REST, SWEEP),
    excluded=(("old1", "in-error"),),
    projects=FrozenMap({"web": SHOP, "job": BANK, "old1": SHOP}),
)
OPENED = decided(Verb.OPEN, Reason.CONFIRMED)


def of_step(step: Step, state: StepState, reason: str = "", tries: int = 1) -> Fact:
    """Return the fact that a step is in a state."""
    record = StepRecord(
        action=step.action, subject=step.subject, state=state, epoch=1, tries=tries, reason=reason
    )
    return said(FactKind(state.value), step=record, name=step.name or step.subject)


MIDWAY: tuple[Record, ...] = (
    OPENED,
    opened(),
    said(FactKind.ADOPTED),
    said(FactKind.PLAN, plan=PLAN),
    of_step(FENCE, StepState.DONE, "power-off", tries=0),
    of_step(DOWN, StepState.STARTED),
    of_step(DOWN, StepState.DONE),
    of_step(JOB, StepState.STARTED),
    of_step(WEB, StepState.STARTED),
    of_step(WEB, StepState.DONE),
    of_step(JOB, StepState.UNSURE),
)
"""Up to the middle: one instance has moved, of the other nobody knows."""

WHOLE: tuple[Record, ...] = (
    *MIDWAY,
    of_step(JOB, StepState.DONE),
    of_step(REST, StepState.DONE, tries=0),
    said(FactKind.FINISHED, result=Result.RECOVERED, reason="recovered", plan=PLAN),
    decided(Verb.CLOSE, Reason.RECOVERED),
)
"""To its end."""
