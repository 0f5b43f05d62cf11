"""A guest that is being rebuilt, and no record says by whom: when it is sure that nobody was asked, and when not."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.nova_views import ActionView, By, GuestView
from kasugai.core.recovering.situation import Memory
from kasugai.core.recovering.steps.evacuate import assess
from kasugai.core.words.facts import StepState
from kasugai.core.words.timing import NOVA_SKEW, PRODUCTION, MonoTime, NovaTime
from tests.unit.core.makers import LAUNCHED, S, guest, migration, record
from tests.unit.core.scene import NOW, moving, planned, scene

MOVE = "evacuate:g1"
REBUILT = guest(task_state="rebuilding")
NO_TRACE = record(MOVE, StepState.ABSOLVED, tries=1, reason="no trace")
WIRE, SETTLE = PRODUCTION.wire, PRODUCTION.settle
OURS = Memory(
    owner_since=MonoTime(NOW - 300 * S),
    epoch=1,
    begun={MOVE: MonoTime(NOW - WIRE)},
    rebuilt={"g1": MonoTime(NOW - PRODUCTION.report_interval)},
)
"""An owner whose own call was broken off, and can just not arrive any more."""
THEIRS = replace(OURS, begun={}, rebuilt={"g1": MonoTime(NOW - SETTLE)})
"""One that has called nobody."""
ASKS = Pending(histories=("g1",))


def action(name: str, at: int = LAUNCHED) -> ActionView:
    return ActionView(action=name, by=By.US, request=f"req-{name}", began_at=NovaTime(at))


MADE = action("create", LAUNCHED - 3600 * S)


def seen(*actions: ActionView, of: GuestView = REBUILT, **given: Any) -> Look:
    """A look with Nova's account of the guest."""
    return moving(of, **{"histories": {"g1": actions}, **given})


def judged(look: Look, memory: Memory = OURS) -> Move:
    s = scene(look, NO_TRACE, memory=memory, plan=planned(guest(), guest("g2")))
    return assess(s, s.plan.guests[0])


@pytest.mark.parametrize("memory", [OURS, THEIRS])
def test_one_without_an_evacuation_in_novas_account_is_called(memory: Memory) -> None:
    assert judged(moving(REBUILT), memory) == ASKS
    assert isinstance(judged(seen(MADE), memory), Begin)


@pytest.mark.parametrize(
    "memory",
    [
        replace(OURS, begun={MOVE: MonoTime(NOW - WIRE + 1)}),
        replace(OURS, rebuilt={"g1": MonoTime(NOW - PRODUCTION.report_interval + 1)}),
        replace(OURS, rebuilt={}),
        replace(THEIRS, owner_since=MonoTime(NOW - SETTLE + 1)),
        replace(THEIRS, rebuilt={"g1": MonoTime(NOW - SETTLE + 1)}),
    ],
)
def test_whoever_set_the_task_is_given_the_time_to_write_the_next_line(memory: Memory) -> None:
    assert judged(seen(MADE), memory) == Pending()


@pytest.mark.parametrize("task", ["rebuild_block_device_mapping", "rebuild_spawning", "rebuild_newly"])
def test_a_task_that_a_destination_sets_is_never_taken_for_the_apis(task: str) -> None:
    assert judged(seen(MADE, of=guest(task_state=task))) == Pending()


def test_an_account_that_is_not_shown_or_was_cleared_away_tells_nothing() -> None:
    assert judged(seen()) == ASKS
    assert judged(moving(REBUILT, histories={"g1": None})) == ASKS


def test_a_rebuild_that_its_user_asked_for_is_left_to_a_person() -> None:
    rebuild = action("rebuild", LAUNCHED + 3600 * S)
    assert judged(seen(rebuild, MADE)) == ASKS
    late = replace(OURS, owner_since=MonoTime(0), begun={MOVE: MonoTime(0)}, rebuilt={"g1": MonoTime(0)})
    assert isinstance(judged(seen(rebuild, MADE), late), Blocked)


def test_an_evacuation_that_brought_the_guest_here_is_not_of_this_stay() -> None:
    before = action("evacuate", LAUNCHED - NOVA_SKEW - 1)
    assert isinstance(judged(seen(before, MADE)), Begin)
    assert judged(seen(action("evacuate", LAUNCHED - NOVA_SKEW), MADE)) == ASKS
    never_told = replace(REBUILT, launched_at=None)
    assert judged(seen(before, MADE, of=never_told)) == ASKS


def test_an_action_without_a_record_asked_nobody_where_others_records_are_shown_twice() -> None:
    asked = action("evacuate", LAUNCHED + 3600 * S)
    shown = seen(asked, MADE, migrations=[migration(4, "g2")])
    assert isinstance(judged(shown, replace(OURS, before=moving(migrations=[migration(4, "g2")]))), Begin)
    assert judged(shown) == ASKS
    assert judged(shown, replace(OURS, before=moving())) == ASKS
    stranger = moving(migrations=[migration(4, "g9")])
    assert judged(shown, replace(OURS, before=stranger)) == ASKS
    moved = migration(4, "g2", migration_type="live-migration", status="completed")
    assert judged(seen(asked, MADE, migrations=[moved]), replace(OURS, before=shown)) == ASKS


def test_an_owner_remembers_since_when_no_record_has_told_who_rebuilds_a_guest() -> None:
    memory = Memory(owner_since=MonoTime(0), epoch=1)
    first = memory.observe(replace(moving(REBUILT, guest("g2")), at=MonoTime(5)), "")
    assert first.rebuilt == {"g1": 5}
    assert first.observe(moving(REBUILT), "").rebuilt == {"g1": 5}
    assert first.observe(moving(REBUILT, migrations=[migration(4)]), "").rebuilt == {}
    assert first.observe(moving(guest()), "").rebuilt == {}
