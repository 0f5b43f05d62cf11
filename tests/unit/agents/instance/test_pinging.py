"""What the silence of a guest's agent comes to."""

import pytest

from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.values import Patience, State
from kasugai.core.words.timing import Millis
from tests.support.guest_life import Life

LOST = "QEMU_GUEST_AGENT_ERROR STOPPED_FAILED"


def test_an_agent_that_never_answered_is_not_missed() -> None:
    life = Life().runs().ping(Answer.SILENT, 99).ping(Answer.ABSENT, 99).wait(1_000).look(State.RUNNING)
    assert life.told == []


def test_one_that_was_healthy_and_falls_silent_counts_after_more_pings_than_the_threshold() -> None:
    life = Life().runs().ping(Answer.ANSWERED).ping(Answer.SILENT, 3).look(State.RUNNING)
    assert life.told == []
    life.ping(Answer.SILENT)
    assert life.guest.look_at == life.now, "it is looked at before anything is said"
    assert life.look(State.RUNNING).told == [LOST]
    assert "left 4 pings unanswered" in life.said[0].seen


def test_what_it_answers_ends_its_failure_and_another_silence_is_another_one() -> None:
    life = Life().runs().ping(Answer.ANSWERED).ping(Answer.SILENT, 4).look(State.RUNNING)
    life.ping(Answer.ANSWERED).look(State.RUNNING).ping(Answer.SILENT, 4).look(State.RUNNING)
    assert life.told == [LOST, "clear", LOST]


@pytest.mark.parametrize("answer", [Answer.EXCUSED, Answer.ANSWERED, Answer.ABSENT])
def test_a_silence_that_is_broken_begins_anew(answer: Answer) -> None:
    """Pings stop during a freeze, a snapshot, a migration, a pause: the guest is well."""
    life = Life().runs().ping(Answer.ANSWERED)
    for _ in range(9):
        life.ping(Answer.SILENT, 3).ping(answer)
    assert life.look(State.RUNNING).told == []


def test_who_could_not_be_asked_says_nothing_either_way() -> None:
    life = Life().runs().ping(Answer.ANSWERED).ping(Answer.SILENT, 3).ping(Answer.UNKNOWN, 99)
    assert life.look(State.RUNNING).told == []
    assert life.ping(Answer.SILENT).look(State.RUNNING).told == [LOST]


def test_an_agent_that_is_away_for_an_update_of_hours_is_no_failure_by_default() -> None:
    life = Life().runs().ping(Answer.ANSWERED)
    for _ in range(720):
        life.wait(10_000).ping(Answer.ABSENT).look(State.RUNNING)
    assert life.told == []


def test_an_operator_may_limit_how_long_it_may_be_away() -> None:
    life = Life(Patience(absent=Millis(60_000))).runs().ping(Answer.ANSWERED).ping(Answer.ABSENT)
    assert life.wait(59_999).ping(Answer.ABSENT).look(State.RUNNING).told == []
    assert life.wait(1).ping(Answer.ABSENT).look(State.RUNNING).told == [LOST]
    assert "disconnected" in life.said[0].seen


def test_a_connection_that_came_back_meanwhile_begins_the_limit_anew() -> None:
    life = Life(Patience(absent=Millis(60_000))).runs().ping(Answer.ANSWERED).ping(Answer.ABSENT)
    life.wait(59_000).hear("AGENT_LIFECYCLE", "AGENT_CONNECTED").wait(2_000).ping(Answer.ABSENT)
    assert life.look(State.RUNNING).told == []


@pytest.mark.parametrize("begins", ["STARTED_BOOTED", "STARTED_RESTORED"])
def test_a_guest_that_is_started_is_waited_for_again(begins: str) -> None:
    life = Life().runs().ping(Answer.ANSWERED).lives(begins).look(State.RUNNING)
    assert life.ping(Answer.SILENT, 99).look(State.RUNNING).told == []


def test_a_guest_that_boots_anew_is_waited_for_again() -> None:
    life = Life().runs().ping(Answer.ANSWERED).ping(Answer.SILENT, 3).hear("REBOOT")
    assert life.ping(Answer.SILENT, 99).look(State.RUNNING).told == []


def test_a_guest_that_is_paused_when_it_is_looked_at_has_not_failed() -> None:
    life = Life().runs().ping(Answer.ANSWERED).ping(Answer.SILENT, 4).look(State.PAUSED, "USER")
    assert life.told == []
