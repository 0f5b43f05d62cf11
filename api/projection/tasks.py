"""A recovery's progress in the names of Masakari's tasks, which clients know; the sentences are the narrator's.

A further attempt appends the same tasks once more, as a retry does with Masakari.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kasugai.api.views import ProgressDetail, WorkflowDetail
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.telling.narrate import narrate_fact
from kasugai.core.telling.ties import Tie
from kasugai.core.words.actions import About, Meaning
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan
from kasugai.core.words.subject import Kind
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


@dataclass(frozen=True, slots=True)
class Task:
    """One of Masakari's tasks, as the steps that it stands for."""

    name: str
    meanings: frozenset[Meaning]
    """What the steps mean that it stands for; the last task of a flow stands for the last look, whatever it has."""


def _flow(*tasks: tuple[str, tuple[Meaning, ...]]) -> tuple[Task, ...]:
    return tuple(Task(name, frozenset(meanings)) for name, meanings in tasks)


INSTANCE = _flow(
    ("StopInstanceTask", (Meaning.ON_THE_WAY, Meaning.MOVED)),
    ("StartInstanceTask", (Meaning.RESTARTED,)),
    ("ConfirmInstanceActiveTask", (Meaning.ALL_SEEN,)),
)
"""What is on the way to its start (also its move to another host) belongs to the stop."""
PROCESS = _flow(
    ("DisableComputeNodeTask", (Meaning.SHUT,)),
    ("ConfirmComputeNodeDisabledTask", (Meaning.ALL_SEEN,)),
)


def tasks_of(view: IncidentView) -> tuple[WorkflowDetail, ...]:
    """Return the tasks of all attempts, in order; those that have not begun are left out. Masakari has none for what
    undoes an incident."""
    if any(isinstance(seen.value, Open) and seen.value.undoes is not None for seen in view.records):
        return ()
    told = [(seen.at, seen.value) for seen in view.records if isinstance(seen.value, Fact)]
    attempts = sorted({fact.attempt for _, fact in told})
    tasks = FLOWS.get(view.subject.kind, _of_nobody)
    return tuple(
        task for attempt in attempts for task in tasks([(at, f) for at, f in told if f.attempt == attempt])
    )


def _of_nobody(told: Told) -> Iterable[WorkflowDetail]:
    return ()


def _of_host(told: Told) -> Iterable[WorkflowDetail]:
    steps = [(at, fact) for at, fact in told if fact.step is not None]
    disabling = [(at, fact) for at, fact in steps if _is_about_host(fact)]
    moving = [(at, fact) for at, fact in steps if not _is_about_host(fact)]
    preparing, ending = _planned(told), _answers(told)
    plan, end = _plan(preparing), _end(ending)
    if disabling:
        yield _task(DISABLE, disabling, _disabled(disabling, end), _keys(disabling))
    if preparing:
        yield _task(PREPARE, preparing, SUCCESS, frozenset())
    if moving or (preparing and ending):
        wanted = frozenset(step.key for step in plan.guests) if plan is not None else _keys(moving)
        yield _task(EVACUATE, [*moving, *ending], _state(end), wanted)


def _of_steps(flow: Sequence[Task], told: Told) -> Iterable[WorkflowDetail]:
    """A task is there once one of its steps has begun, and the last one once all others are done. The first also has
    the plan, the one that the attempt ended in its end."""
    preparing, ending = _planned(told), _answers(told)
    plan, end = _plan(preparing), _end(ending)
    *doing, confirm = flow
    begun = [(task, mine) for task in doing if (mine := [(at, f) for at, f in told if _is_of(task, f)])]
    if not begun and (preparing or ending):
        begun = [(doing[0], [])]
    is_through = bool(begun) and begun[-1][0] is doing[-1] and _is_done(*begun[-1], plan)
    for task, mine in begun:
        before = preparing if task is begun[0][0] else []
        after = ending if task is begun[-1][0] and not is_through else []
        state = SUCCESS if _is_done(task, mine, plan) else _state(end)
        yield _task(task.name, [*before, *mine, *after], state, _wanted(task, plan))
    if is_through:
        yield _task(confirm.name, ending, _state(end), frozenset())


def _is_done(task: Task, told: Told, plan: Plan | None) -> bool:
    return (_wanted(task, plan) or _keys(told) or {task.name}) <= _done(told)


FLOWS: Mapping[Kind, Callable[[Told], Iterable[WorkflowDetail]]] = {
    Kind.HOST: _of_host,
    Kind.INSTANCE: partial(_of_steps, INSTANCE),
    Kind.PROCESS: partial(_of_steps, PROCESS),
}
"""What an attempt is to Masakari's clients, by the kind of its subject; to a segment, of which nobody opens incidents
but anybody who writes to the topic may tell, nothing."""


def _planned(told: Told) -> Told:
    return [(at, fact) for at, fact in told if fact.kind is FactKind.PLAN]


def _answers(told: Told) -> Told:
    return [(at, fact) for at, fact in told if fact.kind.is_answer]


def _plan(planned: Told) -> Plan | None:
    return planned[-1][1].plan if planned else None


def _end(answers: Told) -> Result | None:
    return next((fact.result for _, fact in reversed(answers) if fact.kind is FactKind.FINISHED), None)


def _state(end: Result | None) -> str:
    return RUNNING if end is None else _ENDS[end]


def _is_about_host(fact: Fact) -> bool:
    return fact.step is not None and fact.step.words.about is About.HOST


def _is_of(task: Task, fact: Fact) -> bool:
    words = fact.step.words if fact.step is not None else None
    return words is not None and words.about is not About.UNKNOWN and words.meaning in task.meanings


def _wanted(task: Task, plan: Plan | None) -> frozenset[str]:
    steps = plan.steps if plan is not None else ()
    known = (step for step in steps if step.words.about is not About.UNKNOWN)
    return frozenset(step.key for step in known if step.words.meaning in task.meanings)


def _keys(told: Told) -> frozenset[str]:
    return frozenset(fact.step.key for _, fact in told if fact.step is not None)


def _done(told: Told) -> frozenset[str]:
    steps = (fact.step for _, fact in told if fact.step is not None)
    return frozenset(step.key for step in steps if step.state is StepState.DONE)


def _disabled(told: Told, end: Result | None) -> str:
    """The state of the first task: whether the host is out of service."""
    is_out = any(fact.kind is FactKind.DONE and _takes_out(fact) for _, fact in told)
    return SUCCESS if is_out else _state(end)


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
