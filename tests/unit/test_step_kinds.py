"""The table of step kinds against all that goes by it: each kind is planned, taken up, carried on, told, drawn on the
wire and simulated; and a kind that is not in the table is told and never done silently."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.recovering import host
from kasugai.core.recovering.advance import PROCEDURES, NoProcedure, advance
from kasugai.core.recovering.advance import plan_of as made_plan
from kasugai.core.recovering.calls import Call
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Act, Begin, Finish
from kasugai.core.recovering.nova_views import AggregateView, By
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.join import joined
from kasugai.core.recovering.steps.kind import FinalLook, StepKind
from kasugai.core.recovering.steps.kinds import KINDS, UnknownKind, carried_on, find, kind_of
from kasugai.core.recovering.storage import StorageState, StorageView
from kasugai.core.telling.narrate import narrate_fact
from kasugai.core.words.actions import WORDINGS, About, Action, Meaning, wording
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState
from kasugai.core.words.hardware import HARDWARE
from kasugai.core.words.incident import Open, OutOfService
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.policy import Degraded, DegradedCold, HostReturn, Method, Policy
from kasugai.core.words.subject import INCIDENT_KINDS, Kind
from kasugai.core.words.timing import PRODUCTION, MonoTime
from kasugai.core.words.verdicts import Evidence, Reason
from kasugai.schemas.codec import decode, encode
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.door import CloudDoor
from kasugai.sim.loop import run
from kasugai.sim.power_door import PowerDoor
from kasugai.sim.storage_door import StorageDoor
from kasugai.workers.calling import carry
from tests.unit.core.guest_scene import CREATED
from tests.unit.core.makers import fact, guest, migration, order, record, service
from tests.unit.core.scene import MARK, NOW, look, moving, scene

PAUSED = guest("g1", vm_state="paused", power_state=3)
"""Needs every step that a guest may need."""
SPARE = service(host="r1", service_id="svc-r1", is_up=True, is_enabled=False)
ORDER = order(
    decided_at=NOW,
    reserves=("r1",),
    policy=Policy(method=Method.RESERVED_HOST, add_reserve_to_aggregates=True, host_after=("ticket",)),
)
SEEN = moving(
    PAUSED,
    others={"r1": SPARE},
    aggregates=(AggregateView(aggregate_id=7, name="racks", hosts=frozenset({"cmp1"})),),
)
EFFECTS = [kind for kind in KINDS.values() if isinstance(kind, StepKind)]
each = pytest.mark.parametrize("kind", EFFECTS, ids=lambda kind: kind.action)
OF_OURS = [kind for kind in EFFECTS if kind.words.about is not About.NOBODY]
"""Those that call the cloud; a custom step knocks at its own door (tests/unit/workers/test_calling.py)."""
STRANGE = Step(action="lock", subject="g9", name="web9")
"""A step of a newer worker."""


GUEST, PROCESS = Kind.INSTANCE, Kind.PROCESS
PROCESS_ORDER = order(decided_at=NOW, kind=PROCESS, named="nova-compute")
DRAIN = replace(
    order(decided_at=NOW, kind=PROCESS, named=HARDWARE, policy=Policy(degraded=Degraded.DRAIN)),
    evidence=(Evidence(event_id=UUID(int=9), observer="cli", symptom="down", episode="1"),),
)
COLD_DRAIN = replace(
    DRAIN, policy=Policy(degraded=Degraded.DRAIN, degraded_cold=DegradedCold.STOPPED, evacuate_all=True)
)
OURS = "Kasugai: host failed."
RETURN = order(
    decided_at=NOW,
    undoes=UUID(int=1),
    policy=Policy(host_return=HostReturn.POWER_ON),
    service=OutOfService(wrote=OURS, closed=("10.0.0.10",)),
    waiting=("g1",),
)
ORDERS = (
    ORDER,
    order(decided_at=NOW, kind=GUEST, named="g1", relocates=True, policy=Policy(restart_all=True)),
    PROCESS_ORDER,
    replace(PROCESS_ORDER, undoes=UUID(int=1)),
    DRAIN,
    COLD_DRAIN,
    RETURN,
    replace(RETURN, retired_by="ann"),
)
"""Whose plans have every kind of step between them."""
FORCED_DOWN = service(is_enabled=False, forced_down=True, disabled_reason=OURS, age=1.0)
CLOSED = StorageView(state=StorageState.CLOSED, at=MonoTime(NOW), closed_to=("10.0.0.10",))
WAITING = look(
    service=FORCED_DOWN,
    service_after=FORCED_DOWN,
    read={"g1": guest("g1", vm_state="stopped", power_state=4)},
    histories={"g1": (CREATED,)},
    storage=CLOSED,
)
"""Of a host that is off and out of service, to which its storage is closed, whose nova-compute reports, and of a guest
that waits for it."""
LOOKS = {
    Kind.HOST: SEEN,
    GUEST: look(read={"g1": guest("g1")}, actions=(), service=service(is_up=True)),
    PROCESS: look(service=service(is_up=True)),
}
UP = service(is_up=True, age=1.0)
DRAINED = look(
    guest("g1"),
    service=UP,
    service_after=UP,
    computes={"cmp1": UP, "cmp2": service(host="cmp2", service_id="svc2", is_up=True, age=1.0)},
)
"""Of a host that lives and whose guest can go elsewhere."""
STOPPED = replace(DRAINED, guests={"g1": guest("g1", vm_state="stopped", power_state=4)})
STOPPED = replace(STOPPED, histories={"g1": ()})
WAITS = replace(
    STOPPED,
    guests={},
    read={"g1": guest("g1", vm_state="resized", power_state=4, host="cmp2")},
    migrations={"g1": (migration(1, status="finished", migration_type="migration", dest="cmp2"),)},
    histories={"g1": (replace(CREATED, action="migrate", by=By.US, request="req-2"), CREATED)},
)
"""Of a host whose guest is off, and of one whose guest has been moved so and waits for a confirmation."""
FINAL = {kind.action for kind in KINDS.values() if isinstance(kind, FinalLook)}


def look_of(given: Open) -> Look:
    """What is seen when all that the order's steps need has been looked at."""
    if given is DRAIN:
        return DRAINED
    if given is COLD_DRAIN:
        return STOPPED
    return WAITING if given.kind is Kind.HOST and given.undoes is not None else LOOKS[given.kind]


def plan_of(given: Open, entry: Entry | None = None) -> Plan:
    """The plan that the procedure makes, and what that of a host whose guest needs a reserve adds later."""
    seen = look_of(given)
    first = made_plan(given, seen, entry or scene().entry, 1)
    if given is not ORDER:
        return first
    longer = host.HOST.with_hosts(scene(SEEN, order=ORDER, plan=first), ["r1"])
    assert longer is not None
    return longer


def order_of(kind: StepKind) -> Open:
    """The order in whose plan there is such a step."""
    return next(each for each in ORDERS if any(step.action == kind.action for step in plan_of(each).steps))


def step_of(kind: StepKind) -> Step:
    return next(step for step in plan_of(order_of(kind)).steps if step.action == kind.action)


def done_but(kind: StepKind) -> Situation:
    """All is done but one step; whatever it needs has been seen."""
    given = order_of(kind)
    plan, seen = plan_of(given), look_of(given)
    records = [_done(each) for each in plan.steps if each.action not in (kind.action, *FINAL)]
    if given is ORDER:
        seen = replace(SEEN, read={"g1": guest("g1", host="cmp2")})
    if kind.action == Action.CONFIRM_COLD:
        seen, records = WAITS, [*records[:-1], record("cold-migrate:g1", StepState.STARTED, tries=1)]
    memory = replace(scene().memory, before=seen, reports=1)
    return scene(seen, *records, order=given, plan=plan, memory=memory)


def _done(step: Step) -> StepRecord:
    notes = {"mark": MARK} if step.action == Action.FORCE_DOWN else {}
    return record(step.key, StepState.DONE, tries=1, **notes)


def test_the_table_holds_every_kind_that_has_words_and_no_other() -> None:
    assert set(KINDS) == set(Action) == set(WORDINGS)
    for action, kind in KINDS.items():
        assert kind.words is WORDINGS[action] and kind.action == action


def test_every_kind_is_planned_by_a_procedure() -> None:
    assert {step.action for each in ORDERS for step in plan_of(each).steps} == set(KINDS)


@each
def test_a_step_that_is_left_undone_is_taken_up_and_never_told_as_recovered(kind: StepKind) -> None:
    answer = advance(done_but(kind))
    assert not isinstance(answer, Finish), answer
    if isinstance(answer, Act):
        moved = [note.step for note in answer.notes] + [begin.step for begin in answer.begins]
        assert {step.action for step in moved} == {kind.action}


@each
def test_a_call_that_may_be_under_way_is_part_of_the_next_attempt(kind: StepKind) -> None:
    """By what it carries on, or because every plan has such a step where it is wanted."""
    step = step_of(kind)
    moved = _done(Step(action=Action.EVACUATE, subject="g1"))
    records = {} if kind.action == Action.EVACUATE else {moved.key: moved}
    opened = record(step.key, StepState.UNSURE, tries=1)
    entry = replace(scene().entry, steps={**records, opened.key: opened}, priors={"g1": Prior.STOPPED})
    carried = {step.key for step in carried_on(entry)}
    given = order_of(kind)
    anew = () if given is ORDER else plan_of(replace(given, relocates=False), entry).steps
    reserves = [step for step in plan_of(ORDER).steps if step.words.about is not About.GUEST]
    assert step.key in carried | {step.key for step in (*anew, *reserves)}


@each
def test_every_kind_is_told_by_its_name_and_its_subject_s(kind: StepKind) -> None:
    step = step_of(kind)
    told = narrate_fact(fact(FactKind.STARTED, step=record(step.key), name="somebody"))
    assert told == f"{kind.action} somebody"


@each
def test_every_kind_travels(kind: StepKind) -> None:
    step = step_of(kind)
    said = fact(
        FactKind.STARTED, step=record(step.key, seen_migration=3, target="r1"), plan=plan_of(order_of(kind))
    )
    back = decode(encode(said))
    assert isinstance(back, Fact) and back == said and hash(back) == hash(said)
    assert back.plan is not None and back.plan.step(step.key) == step


@pytest.mark.parametrize("kind", OF_OURS, ids=lambda kind: kind.action)
def test_the_simulated_cloud_takes_every_kind_s_call(kind: StepKind) -> None:
    """The call goes to the simulated doors as the worker sends it, and is the one thing that they are asked for."""
    requests = run(_simulated(kind))
    assert [(request.status or 0) // 100 for request in requests] == [2]


FROM_STOPPED = (
    Action.START,
    Action.START_AGAIN,
    Action.MIGRATE,
    Action.CONFIRM_MIGRATION,
    Action.COLD_MIGRATE,
    Action.CONFIRM_COLD,
)
"""Kinds whose calls Nova takes for a guest that is off."""
OFF = (Action.EVACUATE, Action.POWER_ON, Action.RETIRE)
"""Kinds whose calls are for a host that is off."""


async def _simulated(kind: StepKind) -> list[Request]:
    cloud = SimCloud(asyncio.get_running_loop())
    for name in ("cmp1", "cmp2", "r1"):
        cloud.add_host(name)
    home = "cmp2" if kind.action == Action.RETIRE else "cmp1"
    cloud.add_guest("web", home, vm_state="stopped" if kind.action in FROM_STOPPED else "active")
    cloud.add_aggregate("racks", "cmp1")
    if kind.action in OFF:
        cloud.hosts.power_off("cmp1")
        cloud.operator_forces_down("cmp1")
    cloud_door, power = CloudDoor(cloud), PowerDoor(cloud)
    if kind.action in (Action.CONFIRM_MIGRATION, Action.CONFIRM_COLD):
        await cloud_door.migrate(cloud.uuid("web"))
        await asyncio.sleep(60)
    cloud.storage.add("cmp1")
    cloud.storage.block(cloud.storage.entry("cmp1"), 3600)
    call = await _call(kind, cloud, cloud_door)
    before = len(cloud.wire.requests)
    await carry(call, cloud_door, power, {}, StorageDoor(cloud))
    return [request for request in cloud.wire.requests[before:] if request.method != "GET"]


async def _call(kind: StepKind, cloud: SimCloud, cloud_door: CloudDoor) -> Call:
    """The kind's call about what this cloud has."""
    look = Look(
        at=MonoTime(0),
        service=await cloud_door.service("cmp1"),
        others={"r1": await cloud_door.service("r1")},
        storage=CLOSED if kind.action == Action.OPEN_STORAGE else None,
    )
    (aggregate,) = await cloud_door.aggregates()
    step = step_of(kind)
    if step.words.about is About.GUEST:
        step = replace(step, subject=cloud.uuid("web"))
    if step.action == Action.JOIN:
        step = joined("r1", aggregate, ())
    return kind.effect(order_of(kind), Begin(step=step, record=record(step.key, tries=1)), look)


def test_what_devices_switch_has_their_time_and_every_other_call_that_of_a_request() -> None:
    times = {kind.action: kind.limit(PRODUCTION) for kind in EFFECTS}
    switched = {times.pop(action) for action in (Action.FENCE, Action.POWER_ON, Action.OPEN_STORAGE)}
    assert switched == {PRODUCTION.fence} != {PRODUCTION.client}
    assert set(times.values()) == {PRODUCTION.client}


def test_what_cannot_be_called_is_refused_by_name() -> None:
    assert isinstance(find(Action.SWEEP), FinalLook) and find("lock") is None
    for action in (Action.SWEEP, "lock"):
        with pytest.raises(UnknownKind, match=action):
            kind_of(action)


def test_a_step_of_an_unknown_kind_holds_the_attempt_once_all_else_is_done() -> None:
    plan = plan_of(ORDER)
    longer = replace(plan, steps=(*plan.steps[:-1], STRANGE, plan.steps[-1]))
    records = [_done(step) for step in plan.steps[:-1]]
    gone = moving(guests={}, read={"g1": guest("g1", host="r1")})
    memory = replace(scene().memory, before=gone)
    s = scene(gone, *records, order=ORDER, plan=plan, memory=memory)
    assert advance(s) == Finish(kind=FactKind.FINISHED, reason=Reason.RECOVERED, result=Result.RECOVERED)
    assert advance(replace(s, plan=longer)) == Finish(
        kind=FactKind.HELD, reason=Reason.POISON, detail="web9: this worker knows no step of the kind 'lock'"
    )


def test_a_call_of_an_unknown_kind_is_carried_on_and_told_by_what_is_known_of_it() -> None:
    opened, ended = record("lock:g9", StepState.STARTED, tries=1), record("lock:g8", StepState.ABSOLVED)
    entry = replace(scene().entry, steps={each.key: each for each in (opened, ended)})
    assert carried_on(entry) == (Step(action="lock", subject="g9"),)
    assert (wording("lock").about, wording("lock").meaning) == (About.UNKNOWN, Meaning.ON_THE_WAY)
    assert narrate_fact(fact(FactKind.STARTED, step=opened, name="web9")) == "lock web9"
    swept = record("sweep:cmp1", StepState.STARTED)
    assert carried_on(replace(entry, steps={swept.key: swept})) == ()


def test_a_kind_of_subject_without_a_procedure_is_refused_by_name() -> None:
    assert set(PROCEDURES) == set(INCIDENT_KINDS)
    with pytest.raises(NoProcedure, match="segment"):
        advance(scene(order=order(kind=Kind.SEGMENT)))
