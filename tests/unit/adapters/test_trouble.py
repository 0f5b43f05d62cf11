"""Troubles that are told once a minute, and refusals that are final."""

import logging

import pytest

from kasugai.adapters.trouble import Refusals, Trouble


class Clock:
    """A time of its own."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_trouble_is_told_once_a_minute_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    trouble = Trouble("the bus", logging.getLogger("tests"), clock, text="connecting")
    trouble.over()
    assert trouble.text == "" and not caplog.messages
    for clock.now in range(0, 130, 10):
        trouble.note("it is away")
    assert caplog.messages == ["the bus: it is away"] * 3 and trouble.text == "it is away"
    trouble.over()
    trouble.over()
    assert caplog.messages[3:] == ["the bus: it works again"] and trouble.text == ""


def test_a_refusal_is_final_when_it_is_said_again_within_a_minute_and_not_at_once() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    assert [refusals.is_final() for clock.now in (0.0, 2.0, 9.0, 10.0)] == [False, False, False, True]
    refusals.over()
    assert [refusals.is_final() for clock.now in (20.0, 81.0, 92.0)] == [False, False, True]
