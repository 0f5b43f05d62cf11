"""A host that lives and is useless is fenced by its power device or not at all; after the fence all is as ever."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance
from kasugai.core.recovering.lastlook import last_look
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Act, Finish, Next
from kasugai.core.recovering.steps.fence import is_vouched, must_be_done_again
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Fencing, Policy
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, order, record, service
from tests.unit.core.scene import DOWN, FENCE, MARK, NOW, STOP, fenced, look, scene

USELESS = order(decided_at=NOW, condemned="ovs-vswitchd")
ALIVE = service(age=1.0, is_up=True)


def alive(power: PowerState = PowerState.ON, **given: Any) -> Look:
    return look(guest(), service=ALIVE, service_after=ALIVE, power=power, **given)


def ask(seen: Look, *records: StepRecord, condemned: Open = USELESS, **given: Any) -> Next:
    return advance(scene(seen, *records, order=condemned, **given))


def begun(answer: Next) -> list[str]:
    assert isinstance(answer, Act), answer
    return [begin.step.key for begin in answer.begins]


def told(answer: Next) -> tuple[str, str]:
    assert isinstance(answer, Finish), answer
    return str(answer.kind), str(answer.reason)


def test_that_it_lives_says_nothing_against_the_fence() -> None:
    assert begun(ask(alive())) == [FENCE]
    dead = replace(USELESS, condemned="")
    assert told(ask(alive(), condemned=dead)) == ("vetoed", "nova-fresh"), "of any other host it does"


def test_an_old_decision_fences_nobody() -> None:
    old = replace(USELESS, decided_at=BrokerTime(NOW - 30 * S - 1))
    assert told(ask(alive(), condemned=old)) == ("vetoed", "decision-stale")


@pytest.mark.parametrize(
    "word",
    [
        {},
        {"asserted_at": BrokerTime(NOW - 60 * S)},
        {"asserted_at": BrokerTime(NOW - 60 * S), "vouched_by": "ann"},
        {"confirmed_at": BrokerTime(0), "policy": Policy(fence=Fencing.NONE)},
    ],
)
def test_without_a_device_it_is_held_before_any_effect_whoever_says_what(word: dict[str, Any]) -> None:
    for seen in (alive(), look(guest())):
        answer = ask(seen, condemned=replace(USELESS, **word), has_device=False)
        assert told(answer) == ("held", "no-fence-device")
        assert isinstance(answer, Finish) and "ovs-vswitchd" in answer.detail


def test_nobody_s_word_stands_for_its_power() -> None:
    vouched = replace(USELESS, asserted_at=BrokerTime(NOW), vouched_by="ann")
    s = scene(alive(PowerState.UNKNOWN), order=vouched)
    assert not is_vouched(s) and is_vouched(replace(s, order=replace(vouched, condemned="")))
    assert begun(advance(s)) == [FENCE]
    said = record(FENCE, StepState.DONE, reason="vouched")
    assert must_be_done_again(s, said)
    assert not must_be_done_again(replace(s, order=replace(vouched, condemned="")), said)


def test_after_the_fence_its_power_must_read_off_as_ever() -> None:
    off, on = alive(PowerState.OFF), alive(PowerState.ON)
    fence = record(FENCE, StepState.DONE, tries=1, reason="power-off")
    assert begun(ask(off, fence)) == [DOWN]
    assert told(ask(on, fence)) == ("held", "nova-fresh")
    assert last_look(scene(on, fence, order=USELESS)) is Reason.NOVA_FRESH
    assert last_look(scene(on, replace(fence, attempt=0), order=USELESS)) is None, "of an earlier attempt"


def test_its_guests_move_only_while_it_is_off() -> None:
    down = service(forced_down=True, updated_at=MARK, age=0.0)
    moving = look(guest(), service=down, service_after=down)
    assert begun(ask(moving, *fenced())) == ["evacuate:g1"]
    on = replace(moving, power=PowerState.ON)
    assert told(ask(on, *fenced())) == ("held", "source-returned")


def test_the_process_is_back_before_the_fence() -> None:
    assert told(ask(alive(), flag=STOP)) == ("finished", "nothing-done")
