"""A seed's blows: the same each time, dense enough, and never after the calm has begun."""

from collections import Counter
from dataclasses import replace

import pytest

from kasugai.core.words.timing import TEST
from tests.chaos.ambush import Trap
from tests.chaos.lies import Lie
from tests.chaos.schedule import CALM, EYES, MANNERS, PROCESSES, UNSAID, Blow, Event, draw

SEEDS = range(1, 41)
THREE_MINUTES = 180.0


def test_the_same_seed_and_length_give_the_same_blows() -> None:
    assert draw(7, THREE_MINUTES) == draw(7, THREE_MINUTES)
    assert draw(7, THREE_MINUTES) != draw(8, THREE_MINUTES)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_minutes_hold_twenty_kills_a_flushall_and_losses_of_every_manner(seed: int) -> None:
    events = draw(seed, THREE_MINUTES)
    count = Counter(event.blow for event in events)
    assert count[Blow.KILL] >= 20
    assert count[Blow.FLUSHALL] >= 1
    assert {event.name for event in events if event.blow is Blow.KILL} == set(PROCESSES)
    assert {event.manner for event in events if event.blow is Blow.LOSE} == set(MANNERS)


def test_every_kind_of_blow_falls_somewhere() -> None:
    assert {event.blow for seed in SEEDS for event in draw(seed, THREE_MINUTES, agents=True)} == set(Blow)


@pytest.mark.parametrize("seed", SEEDS)
def test_agents_add_their_own_blows_and_change_none_but_how_losses_are_told(seed: int) -> None:
    def without_manner(events: list[Event]) -> list[Event]:
        return [replace(event, manner="") for event in events]

    alone, joined = draw(seed, THREE_MINUTES), draw(seed, THREE_MINUTES, agents=True)
    added = [event for event in without_manner(joined) if event not in without_manner(alone)]
    count = Counter(event.blow for event in added)
    assert len(added) == len(joined) - len(alone)
    assert {event.name for event in added if event.blow is Blow.KILL} == set(EYES)
    assert all(count[blow] >= least for blow, least in ((Blow.AGENT, 15), (Blow.CUT, 10), (Blow.CLOCK, 12)))
    assert count[Blow.CUT_OFF] >= 5 and count[Blow.ISOLATE] >= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_most_hosts_with_agents_are_found_by_their_silence_alone(seed: int) -> None:
    losses = [event for event in draw(seed, THREE_MINUTES, agents=True) if event.blow is Blow.LOSE]
    unsaid = [event for event in losses if event.manner == UNSAID]
    assert len(unsaid) >= 4
    assert all(event.ambush is None or event.ambush.trap is not Trap.CHORUS for event in unsaid)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_minutes_hold_each_lie_and_many_unreadable_records_and_foreign_texts(seed: int) -> None:
    events = draw(seed, THREE_MINUTES)
    count = Counter(event.blow for event in events)
    assert {event.lie for event in events if event.blow is Blow.LIE} == set(Lie)
    assert min(count[Blow.SPOILED], count[Blow.TEXTS]) >= 15 and count[Blow.BURST] >= 5


def test_a_bad_neighbour_changes_nothing_about_the_other_blows_of_a_seed() -> None:
    rest = [event for event in draw(7, THREE_MINUTES) if not event.salt]
    assert Counter(event.blow for event in rest)[Blow.LOSE] == 16 and len(rest) == 69


@pytest.mark.parametrize("seconds", [15.0, 40.0, THREE_MINUTES])
@pytest.mark.parametrize("seed", SEEDS)
def test_blows_come_in_order_and_leave_time_at_the_end(seed: int, seconds: float) -> None:
    moments = [event.at for event in draw(seed, seconds)]
    assert moments == sorted(moments)
    assert moments[0] >= 0.0 and moments[-1] <= seconds - min(CALM, seconds / 5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pause_outlives_session_and_lease(seed: int) -> None:
    assert all(event.seconds > 6 + 1 for event in draw(seed, THREE_MINUTES) if event.blow is Blow.PAUSE)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_minutes_hold_each_trap_and_the_deadly_ones_several_times(seed: int) -> None:
    laid = Counter(event.ambush.trap for event in draw(seed, THREE_MINUTES) if event.ambush is not None)
    assert set(laid) == set(Trap)
    assert min(laid[Trap.MUTE], laid[Trap.FLUSH], laid[Trap.CHORUS]) >= 3
    assert laid[Trap.KILL_AND_FLUSH] >= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_no_call_is_on_the_wire_for_longer_than_is_promised(seed: int) -> None:
    """Else a doubled evacuation would be the laboratory's fault."""
    traps = [event.ambush for event in draw(seed, THREE_MINUTES) if event.ambush is not None]
    late = [trap.late for trap in traps if trap.late]
    assert late and min(late) * 1000 > TEST.client and max(late) * 1000 < TEST.client + TEST.wire
