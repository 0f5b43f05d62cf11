"""A recovery's progress in the names of Masakari's tasks, which clients know; the sentences are the narrator's.

A further attempt appends the same tasks once more, as a retry does with Masakari.
"""

from collections.abc import Iterable, Sequence

from kasugai.api.views import ProgressDetail, WorkflowDetail
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.telling.narrate import narrate_fact
from kasugai.core.telling.ties import Tie
from kasugai.core.words.actions import About, Meaning
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.timing import Instant

DISABLE, PREPARE, EVACUATE = (
    "DisableComputeServiceTask",
    "PrepareHAEnabledInstancesTask",
    "EvacuateInstancesTask",
)

RUNNING, SUCCESS, FAILURE, REVERTED = "RUNNING", "SUCCESS", "FAILURE", "REVERTED"
"""Taskflow's states of a task."""

_ENDS = {Result.RECOVERED: SUCCESS, Result.FAILED: FAILURE, Result.WITHDRAWN: REVERTED}

Told = Sequence[tuple[Instant, Fact]]


def tasks_of(view: IncidentView) -> tuple[WorkflowDetail, ...]:
    """Return the tasks of all attempts, in order; those that have not begun are left out."""
    told = [(seen.at, seen.value) for seen in view.records if isinstance(seen.value, Fact)]
    attempts = sorted({fact.attempt for _, fact in told})
    return tuple(
        task for attempt in attempts for task in _attempt([(at, f) for at, f in told if f.attempt == attempt])
    )


def _attempt(told: Told) -> Iterable[WorkflowDetail]:
    steps = [(at, fact) for at, fact in told if fact.step is not None]
    disabling = [(at, fact) for at, fact in steps if _is_about_host(fact)]
    moving = [(at, fact) for at, fact in steps if not _is_about_host(fact)]
    preparing = [(at, fact) for at, fact in told if fact.kind is FactKind.PLAN]
    ending = [(at, fact) for at, fact in told if fact.kind.is_answer]
    plan = preparing[-1][1].plan if preparing else None
    end = next((fact.result for _, fact in reversed(ending) if fact.kind is FactKind.FINISHED), None)
    if disabling:
        yield _task(DISABLE, disabling, _disabled(disabling, end), _keys(disabling))
    if preparing:
        yield _task(PREPARE, preparing, SUCCESS, frozenset())
    if moving or (preparing and ending):
        wanted = frozenset(step.key for step in plan.guests) if plan is not None else _keys(moving)
        yield _task(EVACUATE, [*moving, *ending], RUNNING if end is None else _ENDS[end], wanted)


def _is_about_host(fact: Fact) -> bool:
    return fact.step is not None and fact.step.words.about is About.HOST


def _keys(told: Told) -> frozenset[str]:
    return frozenset(fact.step.key for _, fact in told if fact.step is not None)


def _disabled(told: Told, end: Result | None) -> str:
    """The state of the first task: whether the host is out of service."""
    if any(fact.kind is FactKind.DONE and _takes_out(fact) for _, fact in told):
        return SUCCESS
    return RUNNING if end is None else _ENDS[end]


def _takes_out(fact: Fact) -> bool:
    return fact.step is not None and fact.step.words.meaning is Meaning.OUT


def _task(name: str, told: Told, state: str, wanted: frozenset[str]) -> WorkflowDetail:
    """Return a task's entry; its percentage is how much of `wanted` has been seen done."""
    done: set[str] = set()
    progress: list[ProgressDetail] = []
    for at, fact in sorted(told, key=lambda each: (each[0], Tie(each[1]))):
        if fact.step is not None and fact.step.state is StepState.DONE:
            done.add(fact.step.key)
        if sentence := narrate_fact(fact):
            progress.append(ProgressDetail(at=at, message=sentence, percent=_percent(done, wanted)))
    percent = 100 if state == SUCCESS else _percent(done, wanted)
    return WorkflowDetail(name=name, percent=percent, state=state, progress=tuple(progress))


def _percent(done: set[str], wanted: frozenset[str]) -> int:
    return 100 * len(done & wanted) // len(wanted) if wanted else 100
