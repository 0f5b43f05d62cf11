"""An incident of an instance and one of a process, record by record: for tests of what people are shown of them."""

from dataclasses import replace

from kasugai.core.telling.incident_views import Record
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import INCIDENT, decided, of_step, opened, said

UUID = "2f3c9d1a-0000-4000-8000-000000000001"
GUEST = Subject(kind=Kind.INSTANCE, host="cmp1", detail=UUID)
PROCESS = Subject(kind=Kind.PROCESS, host="cmp1", detail="nova-compute")

STOP = Step(action=Action.STOP, subject=UUID, name="web1")
MIGRATE = Step(action=Action.MIGRATE, subject=UUID, name="web1", needs=(STOP.key,))
AGREE = Step(action=Action.CONFIRM_MIGRATION, subject=UUID, name="web1", needs=(MIGRATE.key,))
RUN = Step(action=Action.START, subject=UUID, name="web1", needs=(STOP.key,))
LOOK = Step(action=Action.CONFIRM, subject=UUID, name="web1", needs=(RUN.key,))
DISABLE = Step(action=Action.DISABLE, subject="cmp1")
ENABLE = Step(action=Action.ENABLE_AGAIN, subject="cmp1")


def plan_of(*steps: Step, attempt: int = 1) -> Plan:
    """Return the plan that wishes for these."""
    return Plan(incident=INCIDENT, attempt=attempt, epoch=1, host="cmp1", window=1, steps=steps)


RESTART = plan_of(STOP, RUN, LOOK)
RELOCATE = plan_of(STOP, MIGRATE, AGREE, RUN, LOOK)
SHUT = plan_of(DISABLE, replace(LOOK, subject="cmp1", name=""))
OPEN_AGAIN = plan_of(ENABLE, replace(LOOK, subject="cmp1", name=""))


def about(subject: Subject, *values: Record) -> tuple[Record, ...]:
    """Return the records as if they were about that subject."""
    return tuple(replace(value, subject=subject) for value in values)


def of(step: Step, state: StepState = StepState.DONE, reason: str = "") -> Fact:
    """Return the fact that a step is in a state."""
    return of_step(step, state, reason)


def ended(result: Result, reason: Reason, plan: Plan | None = None, detail: str = "") -> tuple[Fact, Verdict]:
    """Return the worker's end of the first attempt, and the verdict that it leads to."""
    fact = said(FactKind.FINISHED, result=result, reason=reason, plan=plan, detail=detail)
    return fact, decided(Verb.CLOSE, reason, detail=detail)


OBSERVED = decided(Verb.OPEN, Reason.OBSERVED)

BEGUN: tuple[Record, ...] = about(GUEST, OBSERVED, opened(), said(FactKind.ADOPTED))
"""An instance's incident before its plan."""

RESTARTED: tuple[Record, ...] = (
    *BEGUN,
    *about(
        GUEST,
        said(FactKind.PLAN, plan=RESTART),
        of(STOP, StepState.STARTED),
        of(STOP),
        of(RUN, StepState.STARTED),
        of(RUN),
        *ended(Result.RECOVERED, Reason.RECOVERED, RESTART),
    ),
)
"""An instance is stopped and started."""

DISABLED: tuple[Record, ...] = about(
    PROCESS,
    OBSERVED,
    opened(),
    said(FactKind.ADOPTED),
    said(FactKind.PLAN, plan=SHUT),
    of(DISABLE, StepState.STARTED),
    of(DISABLE),
    *ended(Result.RECOVERED, Reason.RECOVERED, SHUT),
)
"""A host's compute service is disabled because its process failed."""


def left_alone(reason: Reason, detail: str = "") -> tuple[Record, ...]:
    """Return an instance's incident that ended because nothing was to be done."""
    return (*BEGUN, *about(GUEST, *ended(Result.WITHDRAWN, reason, detail=detail)))
