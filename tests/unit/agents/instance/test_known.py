"""All guests together: who comes and goes, and what is heard while somebody looks."""

import logging

import pytest

from kasugai.agents.instance import words
from kasugai.agents.instance.known import Known
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.values import Description, Disk, Heard, OnEnd, Patience, Seen, State
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import MonoTime

NOW = MonoTime(1_000_000)
LATER = MonoTime(1_002_000)


def on(*uuids: str) -> list[Seen]:
    return [Seen(uuid=uuid, state=State.RUNNING) for uuid in uuids]


def off(uuid: str, reason: str = "CRASHED") -> Seen:
    return Seen(uuid=uuid, state=State.OFF, reason=reason)


def looked(*seen: Seen) -> Known:
    known = Known(Patience())
    known.ask()
    known.look(seen, NOW, going=False)
    return known


def test_five_hundred_that_die_at_once_are_told_by_one_look() -> None:
    names = [f"guest-{number}" for number in range(500)]
    known = looked(*on(*names))
    for name in names:
        known.hear(words.lifecycle(name, 5, 5), NOW)
    known.ask()
    said = known.look([off(name) for name in names], LATER, going=False)
    assert [say.uuid for say in said] == names and {say.symptom for say in said} == {Symptom.DOWN}
    assert known.due() == LATER + 30_000


def test_one_that_vanishes_does_not_hide_the_rest() -> None:
    known = looked(*on("a", "b", "c"))
    known.ask()
    assert [say.uuid for say in known.look([off("a"), off("c")], LATER, going=False)] == ["a", "c"]
    assert len(known.active()) == 0


def test_what_is_heard_while_somebody_looks_is_newer_than_what_the_look_shows() -> None:
    known = looked(*on("a"))
    known.hear(words.lifecycle("a", 5, 5), NOW)
    known.ask()
    known.look([off("a")], LATER, going=False)
    known.ask()  # the answer is on its way, and Nova starts the guest
    known.hear(words.lifecycle("a", 2, 0), LATER)
    assert known.look([off("a")], LATER, going=False) == [], "it is off in an answer that is old"
    known.ask()
    told = known.look(on("a"), MonoTime(LATER + 1_000), going=False)
    assert [say.symptom for say in told] == [Symptom.CLEAR]


def test_one_that_is_defined_while_somebody_looks_is_not_gone() -> None:
    known = looked(*on("a"))
    known.ask()
    known.hear(words.lifecycle("b", 2, 1), NOW)  # it arrives
    known.look(on("a"), LATER, going=False)
    known.ask()
    assert known.look([*on("a"), off("b")], LATER, going=False) == [], "its arrival failed, and is remembered"


def test_a_description_is_read_once_and_again_after_what_may_change_it() -> None:
    known = looked(*on("a"))
    assert known.undescribed(on("a")) == ["a"]
    known.describe({"a": Description(disks=(Disk(kind="network", source="rbd"),))})
    assert known.undescribed(on("a")) == [] and len(known.active()[0].disks) == 1
    known.hear(words.lifecycle("a", 3, 0), NOW)
    assert known.undescribed(on("a")) == []
    for event in (words.lifecycle("a", 0, 1), words.lifecycle("a", 2, 0), words.agent("a", 1)):
        known.hear(event, NOW)
    assert known.undescribed(on("a")) == ["a"]


def test_all_that_are_not_off_are_counted_also_one_that_has_just_been_heard_of() -> None:
    known = looked(*on("a", "b"), off("c"), Seen(uuid="d", state=State.PAUSED, reason="USER"))
    assert len(known.active()) == 3
    known.ask()
    known.hear(words.lifecycle("c", 2, 0), NOW)
    known.look(on("a", "b", "c"), LATER, going=False)
    assert len(known.active()) == 3


def test_only_guests_that_run_and_have_an_agent_are_pinged() -> None:
    known = looked(*on("a", "b"), off("c", "SHUTDOWN"))
    known.describe({"a": Description(has_agent=True), "c": Description(has_agent=True)})
    assert known.pinged() == ["a"]


def test_the_silence_of_an_agent_makes_somebody_look_at_once() -> None:
    known = looked(*on("a"))
    for answer in (Answer.ANSWERED, *[Answer.SILENT] * 4):
        known.ping("a", answer, LATER)
    known.ping("nobody", Answer.SILENT, LATER)
    assert known.due() == LATER


def test_why_nothing_is_said_is_told_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    known = looked(*on("a"))
    known.describe({"a": Description(on_crash=OnEnd.PRESERVE)})
    for _ in range(3):
        known.ask()
        assert known.look([Seen(uuid="a", state=State.CRASHED)], LATER, going=False) == []
    assert len(caplog.records) == 1 and "on_crash=preserve" in caplog.text


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (words.lifecycle("a", 5, 5), ("LIFECYCLE", "STOPPED_FAILED")),
        (words.lifecycle("a", 3, 99), ("LIFECYCLE", "SUSPENDED_99")),
        (words.lifecycle("a", 77, -1), ("LIFECYCLE", "TYPE77_-1")),
        (words.watchdog("a", 6), ("WATCHDOG", "WATCHDOG_INJECTNMI")),
        (words.io_error("a", 2), ("IO_ERROR", "IO_ERROR_REPORT")),
        (words.memory_failure("a", 2), ("MEMORY_FAILURE", "MEMORY_FAILURE_FATAL")),
        (words.agent("a", 2), ("AGENT_LIFECYCLE", "AGENT_DISCONNECTED")),
    ],
)
def test_numbers_become_words_also_those_that_nobody_knows(event: Heard, said: tuple[str, str]) -> None:
    assert (event.event, event.detail) == said


def test_a_state_that_nobody_knows_is_unclear() -> None:
    assert words.seen("a", 42, 7) == Seen(uuid="a", state=State.UNCLEAR)
    assert words.seen("a", 5, 42).reason == "42"
