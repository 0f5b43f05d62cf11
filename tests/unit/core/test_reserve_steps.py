"""A reserve is made ready step by step, only when a guest needs it, and left out when that does not work."""

from dataclasses import replace
from typing import Any

from kasugai.core.recovering.advance import advance
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Act, Begin, Extend, Finish, Move, Next, Note, Pending, Wait
from kasugai.core.recovering.nova_views import AggregateView, ServiceView
from kasugai.core.recovering.planning import insert, reserve_steps
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps.enable import ENABLE as ENABLING
from kasugai.core.recovering.steps.join import JOIN as JOINING
from kasugai.core.recovering.steps.join import aggregate_of
from kasugai.core.recovering.steps.reserves import TRIES, is_ready, is_unfit, is_wanted, reserve_of
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.policy import Method, Policy
from kasugai.core.words.timing import MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, migration, order, record, service
from tests.unit.core.scene import NOW, fenced, moving, planned, scene

SPARE = service(host="r1", service_id="svc-r1", is_up=True, is_enabled=False)
RACKS = AggregateView(aggregate_id=7, name="racks", hosts=frozenset({"cmp1", "cmp2"}))
OTHER = AggregateView(aggregate_id=8, name="other", hosts=frozenset({"cmp2"}))
JOIN = Step(
    action=Action.JOIN,
    subject="r1/7",
    needs=("force-down:cmp1",),
    name="r1 to racks",
    params=FrozenMap({"reserve": "r1", "aggregate": "7"}),
)
ENABLE = Step(
    action=Action.ENABLE,
    subject="r1",
    needs=("force-down:cmp1", "add-to-aggregate:r1/7"),
    name="r1",
    params=FrozenMap({"reserve": "r1"}),
)
RECENT = Memory(owner_since=MonoTime(NOW - 10 * S), epoch=1)


def seen(spare: ServiceView | None = SPARE, **given: Any) -> Look:
    return moving(guest(), **{"others": {"r1": spare}, "aggregates": (RACKS, OTHER), **given})


def ask(look: Look, *records: StepRecord, method: Method = Method.RESERVED_HOST, **given: Any) -> Situation:
    policy = Policy(method=method, add_reserve_to_aggregates=given.pop("joins", True))
    return scene(
        look,
        *fenced(),
        *records,
        order=order(decided_at=NOW, policy=policy, reserves=given.pop("reserves", ("r1",))),
        **{"memory": RECENT, "plan": with_reserve(), **given},
    )


def with_reserve() -> Plan:
    return insert(planned(), (JOIN, ENABLE), 1)


def told(move: Move) -> tuple[FactKind, str]:
    assert isinstance(move, Note)
    return move.kind, move.record.reason


def begun(answer: Next) -> list[tuple[str, str]]:
    assert isinstance(answer, Act)
    return [(begin.step.key, begin.record.target) for begin in answer.begins]


def steps_for(s: Situation) -> tuple[Step, ...] | None:
    return reserve_steps("cmp1", s.look, s.order.policy, "r1")


def test_it_joins_the_source_s_aggregates_and_is_enabled_then() -> None:
    assert steps_for(ask(seen())) == (JOIN, ENABLE)
    assert (reserve_of(JOIN), aggregate_of(JOIN), reserve_of(ENABLE)) == ("r1", 7, "r1")


def test_without_the_policy_s_word_it_is_only_enabled() -> None:
    (only,) = steps_for(ask(seen(aggregates=None), joins=False)) or ()
    assert (only.action, only.needs) == (Action.ENABLE, ("force-down:cmp1",))


def test_its_steps_are_not_known_before_it_was_looked_at() -> None:
    assert steps_for(ask(seen(others={}))) is None
    assert steps_for(ask(seen(aggregates=None))) is None


def test_joining_ends_when_nova_shows_it_or_the_aggregate_is_gone() -> None:
    joined = replace(RACKS, hosts=RACKS.hosts | {"r1"})
    assert isinstance(JOINING.assess(ask(seen()), JOIN), Begin)
    assert told(JOINING.assess(ask(seen(aggregates=(joined,))), JOIN)) == (FactKind.DONE, "")
    assert told(JOINING.assess(ask(seen(aggregates=())), JOIN)) == (FactKind.DONE, "")
    assert JOINING.assess(ask(seen(aggregates=None)), JOIN) == Pending(hosts=("r1",))


def test_an_unknown_call_is_looked_at_and_repeated() -> None:
    unsure = record(JOIN.key, StepState.UNSURE, tries=1)
    assert told(JOINING.assess(ask(seen(), unsure), JOIN)) == (FactKind.ABSOLVED, "no trace")
    absolved = record(JOIN.key, StepState.ABSOLVED, tries=1)
    assert isinstance(JOINING.assess(ask(seen(), absolved), JOIN), Begin)
    fresh = replace(RECENT, begun={JOIN.key: MonoTime(NOW + 1)})
    assert JOINING.assess(ask(seen(), unsure, memory=fresh), JOIN) == Pending(hosts=("r1",))


def test_enabling_ends_when_nova_shows_it() -> None:
    enabled = replace(SPARE, is_enabled=True)
    assert isinstance(ENABLING.assess(ask(seen()), ENABLE), Begin)
    assert told(ENABLING.assess(ask(seen(enabled)), ENABLE)) == (FactKind.DONE, "already")
    ours = record(ENABLE.key, StepState.UNSURE, tries=1)
    assert told(ENABLING.assess(ask(seen(enabled), ours), ENABLE)) == (FactKind.DONE, "")
    assert ENABLING.assess(ask(seen(others={})), ENABLE) == Pending(hosts=("r1",))


def test_a_reserve_that_is_down_or_refused_is_unfit() -> None:
    down = replace(SPARE, is_up=False)
    assert told(ENABLING.assess(ask(seen(down)), ENABLE)) == (FactKind.FAILED, Reason.RESERVE_DOWN)
    assert told(ENABLING.assess(ask(seen(None)), ENABLE)) == (FactKind.FAILED, Reason.RESERVE_DOWN)
    often = record(ENABLE.key, StepState.ABSOLVED, tries=TRIES)
    assert told(ENABLING.assess(ask(seen(), often), ENABLE)) == (FactKind.FAILED, Reason.REFUSED)
    failed = ask(seen(), record(JOIN.key, StepState.FAILED))
    assert is_unfit(failed, "r1") and not is_unfit(failed, "r2") and not is_ready(failed, "r1")
    assert not is_unfit(ask(seen(), record(ENABLE.key, StepState.DONE)), "r1")


READY = (record(JOIN.key, StepState.DONE, tries=1), record(ENABLE.key, StepState.DONE, tries=1))


def test_a_guest_that_needs_it_has_it_looked_at_planned_and_made_ready_first() -> None:
    waits = advance(ask(moving(guest()), plan=planned()))
    assert isinstance(waits, Wait) and waits.hosts == {"r1"}
    longer = advance(ask(seen(), plan=planned()))
    assert isinstance(longer, Extend) and longer.plan.steps == with_reserve().steps
    assert begun(advance(ask(seen()))) == [(JOIN.key, "")]
    assert begun(advance(ask(seen(), READY[0]))) == [(ENABLE.key, "")]
    assert begun(advance(ask(seen(), *READY))) == [("evacuate:g1", "r1")]


NO_ROOM = record(
    "evacuate:g1",
    StepState.ABSOLVED,
    tries=1,
    seen_migration=1,
    target="r1",
    tried="r1",
    reason=Reason.NO_VALID_HOST,
)


def test_a_reserve_that_is_full_gives_way_to_the_next_place() -> None:
    look = seen(migrations=[migration(2, status="error")])
    held = advance(ask(look, *READY, NO_ROOM))
    assert isinstance(held, Finish) and (held.kind, held.reason) == (FactKind.HELD, Reason.NO_CAPACITY)
    assert begun(advance(ask(look, *READY, NO_ROOM, method=Method.RH_PRIORITY))) == [("evacuate:g1", "")]
    waits = advance(ask(look, *READY, NO_ROOM, reserves=("r1", "r2")))
    assert isinstance(waits, Wait) and waits.hosts == {"r2"}


def test_a_new_owner_tries_all_places_again() -> None:
    heir = replace(RECENT, epoch=2)
    look = seen(migrations=[migration(2, status="error")])
    assert begun(advance(ask(look, *READY, NO_ROOM, memory=heir))) == [("evacuate:g1", "r1")]


def test_the_scheduler_is_asked_before_a_reserve_is_touched() -> None:
    auto = Method.AUTO_PRIORITY
    assert begun(advance(ask(seen(), method=auto, plan=planned()))) == [("evacuate:g1", "")]
    nowhere = replace(NO_ROOM, notes=FrozenMap({"seen_migration": "1", "tried": "*"}))
    look = seen(migrations=[migration(2, status="error")])
    assert isinstance(advance(ask(look, nowhere, method=auto, plan=planned())), Extend)


def test_an_unfit_reserve_is_skipped_and_is_no_failure_of_the_attempt() -> None:
    down = record(ENABLE.key, StepState.FAILED, reason=Reason.RESERVE_DOWN)
    priority = Method.RH_PRIORITY
    assert begun(advance(ask(seen(), READY[0], down, method=priority))) == [("evacuate:g1", "")]
    over = seen(guests={})
    moved = record("evacuate:g1", StepState.DONE, tries=1)
    memory = replace(RECENT, before=over)
    answer = advance(ask(over, READY[0], down, moved, method=priority, memory=memory))
    assert isinstance(answer, Finish) and answer.reason is Reason.RECOVERED


def test_a_reserve_that_was_taken_back_is_not_made_ready_any_more() -> None:
    taken = ask(seen(), reserves=(), method=Method.RH_PRIORITY)
    assert begun(advance(taken)) == [("evacuate:g1", "")]
    assert not is_wanted(taken, JOIN) and not is_wanted(taken, ENABLE) and is_wanted(ask(seen()), ENABLE)
    called = record(ENABLE.key, StepState.STARTED, tries=1)
    assert is_wanted(ask(seen(), called, reserves=()), ENABLE)


def test_a_call_about_a_reserve_of_an_earlier_attempt_is_not_waited_for() -> None:
    called = record("enable-compute:r9", StepState.UNSURE, attempt=0)
    moved, gone = record("evacuate:g1", StepState.DONE), moving()
    answer = advance(ask(gone, moved, called, memory=replace(RECENT, before=gone), plan=planned()))
    assert isinstance(answer, Finish) and answer.reason is Reason.RECOVERED


def test_what_takes_a_person_is_told_before_a_lack_of_room() -> None:
    look = moving(guest("g1"), guest("g2", task_state="migrating"), migrations=[migration(2, status="error")])
    nowhere = replace(NO_ROOM, notes=FrozenMap({"seen_migration": "1", "tried": "*"}))
    answer = advance(
        ask(look, nowhere, method=Method.AUTO, plan=planned(guest("g1"), guest("g2")), reserves=())
    )
    assert isinstance(answer, Finish) and answer.reason is Reason.IN_MIGRATION
    assert "no valid host" in answer.detail


def test_a_host_whose_guests_have_no_place_is_not_fenced() -> None:
    computes = {"cmp1": service(), "x": service(host="x", is_up=True, is_enabled=False)}
    nowhere = moving(guest(), computes=computes)
    given: dict[str, Any] = {"order": order(decided_at=NOW), "memory": RECENT}
    answer = advance(scene(nowhere, **given))
    assert isinstance(answer, Finish)
    assert (answer.kind, answer.reason) == (FactKind.HELD, Reason.NO_CAPACITY)
    assert isinstance(advance(scene(nowhere, *fenced(), **given)), Act), "what was begun is carried on"
