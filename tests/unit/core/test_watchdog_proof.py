"""That a host's watchdog has run out: what it proves, what ends it, and which fence it is."""

from dataclasses import replace

import pytest

from kasugai.core.deciding import evidence, testimony
from kasugai.core.deciding.rows import Condition
from kasugai.core.recovering.lastlook import source_silent
from kasugai.core.recovering.look import PowerState
from kasugai.core.recovering.moves import Begin, Blocked, Note
from kasugai.core.recovering.situation import Memory
from kasugai.core.recovering.steps.fence import FENCE as FENCING
from kasugai.core.recovering.steps.fence import must_be_done_again
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.timing import BrokerTime, MonoTime, SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, condition, down, guest, moment, order, record, row
from tests.unit.core.scene import FENCE, NOW, downed, fenced, look, scene, step_of

SILENT = look(guest(), power=PowerState.UNKNOWN)
RESET = order(reset_at=NOW)


def proof(since: int = 0) -> Condition:
    return condition(Source.HEARTBEAT, since, symptom=Symptom.OFF, observer="watchdog")


def weigh(*conditions: Condition) -> Reason:
    return evidence.weigh(conditions, Policy(), SteadyTime(0))


def test_it_is_proof_of_death_and_a_power_that_reads_off_goes_before_it() -> None:
    off = condition(Source.POWER, symptom=Symptom.OFF)
    assert weigh(proof()) is Reason.WATCHDOG and Reason.WATCHDOG in evidence.PROOFS
    assert weigh(proof(), off) is Reason.POWER_OFF
    assert evidence.reset_at((proof(5 * S), off)) == 5 * S and evidence.reset_at((off,)) is None


def test_a_sign_of_life_later_than_the_proof_ends_it_and_an_earlier_one_does_not() -> None:
    held = row(conditions=(proof(10 * S),))
    after = replace(alive(), said_at=BrokerTime(60 * S))
    assert testimony.note(held, after, moment(60 * S), ()).conditions == ()
    before = replace(alive(), said_at=BrokerTime(9 * S))
    assert testimony.note(held, before, moment(60 * S), ()).conditions == held.conditions
    late = replace(alive(), said_at=BrokerTime(11 * S))
    assert testimony.note_late(held, late).conditions == ()
    power = row(conditions=(condition(Source.POWER, 10 * S, symptom=Symptom.OFF),))
    assert testimony.note(power, after, moment(60 * S), ()).conditions == power.conditions


@pytest.mark.parametrize(
    ("episode", "stale"), [("54999", True), ("55000", False), ("60000", False), ("nothing", False)]
)
def test_that_a_boot_has_ended_is_no_news_of_a_host_that_showed_life_later(episode: str, stale: bool) -> None:
    said = down(Source.HEARTBEAT, episode, symptom=Symptom.OFF, observer="watchdog")
    lives = row(alive=moment(60 * S))
    assert testimony.is_stale(lives, said, heard=False) is stale
    assert not testimony.is_stale(row(), said, heard=False)
    assert not testimony.is_stale(lives, replace(said, symptom=Symptom.DOWN), heard=False)


def fence(about: Open, *, has_device: bool, reads: PowerState = PowerState.UNKNOWN) -> object:
    s = scene(look(guest(), power=reads), has_device=has_device, order=about)
    return FENCING.assess(s, step_of(s, FENCE))


def test_it_is_the_fence_of_a_host_without_a_device_or_with_one_that_does_not_answer() -> None:
    for has_device in (True, False):
        move = fence(RESET, has_device=has_device)
        assert isinstance(move, Note)
        assert (move.kind, move.record.reason) == (FactKind.DONE, Reason.WATCHDOG)


def test_a_device_that_answers_goes_before_it() -> None:
    assert isinstance(fence(RESET, has_device=True, reads=PowerState.ON), Begin)
    move = fence(RESET, has_device=True, reads=PowerState.OFF)
    assert isinstance(move, Note) and move.record.reason == Reason.POWER_OFF


def test_it_lapses_with_the_proof() -> None:
    done = replace(record(FENCE, StepState.DONE), reason=Reason.WATCHDOG)
    for has_device in (True, False):
        assert must_be_done_again(scene(SILENT, order=order(), has_device=has_device), done)
        assert not must_be_done_again(scene(SILENT, order=RESET, has_device=has_device), done)


def test_guests_go_on_moving_while_a_device_does_not_answer_and_not_once_it_reads_on() -> None:
    memory = Memory(owner_since=MonoTime(0), epoch=1)
    silent = look(guest(), power=PowerState.UNKNOWN, **downed())
    assert source_silent(scene(silent, *fenced(), memory=memory, order=RESET)) is None
    assert source_silent(scene(silent, *fenced(), memory=memory, order=order())) is not None
    answer = source_silent(scene(replace(silent, power=PowerState.ON), *fenced(), memory=memory, order=RESET))
    assert isinstance(answer, Blocked) and answer.reason is Reason.SOURCE_RETURNED


def test_an_order_cannot_stand_on_a_proof_of_the_future() -> None:
    assert replace(RESET, reset_at=BrokerTime(RESET.decided_at + 1)).knows_the_future
    assert not replace(RESET, decided_at=BrokerTime(NOW)).knows_the_future
