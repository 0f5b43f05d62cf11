"""A short run of the fuzzer; `make fuzz ARGS="--minutes 20"` is a long one."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.ledger_json import NotOurs, load_entry, load_offsets
from kasugai.api.projection.projector import Projector
from kasugai.core.words.signals import Source, Stamp, fault
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import REPORTED
from kasugai.streams.correlate_shell import CorrelateShell
from kasugai.streams.route import Route
from kasugai.workers.pool import Pool
from tests.fuzz.ledger import values
from tests.fuzz.play import fired
from tests.fuzz.shots import Answer, Shot, anything


@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(anything, min_size=10, max_size=25))
def test_nobody_falls_whatever_stands_in_the_topics(script: list[Shot | Answer]) -> None:
    assert fired(script) == []


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(values)
def test_whatever_stands_in_redis_is_an_entry_or_unreadable(text: str) -> None:
    for load in (load_entry, load_offsets):
        with suppress(NotOurs):
            load(text)


REPORT = fault(host="cmp1", observer="api", source=Source.REPORTED, episode="e1", asserted=True)
SCRIPT = [Shot(REPORTED, "cmp1", encode(REPORT)), Shot(REPORTED, "cmp1", b"rubbish")]


def test_a_script_of_two_is_told_and_put_aside() -> None:
    assert fired(SCRIPT) == []


@pytest.mark.parametrize(
    ("where", "what", "told"),
    [
        (Route, "letters", "no verdict covers the fault"),
        (DeadLetters, "bury", "cannot be read"),
        (CorrelateShell, "begin", "correlate left"),
        (Pool, "take", "the worker is not there any more"),
        (Projector, "take", "the projector fell"),
    ],
)
def test_the_fuzzer_notices_who_falls_and_what_vanishes(
    where: type, what: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def vanishes(*_: object) -> Stamp:
        return Stamp(partition=0, offset=0, at=BrokerTime(0))

    def falls(*_: object) -> None:
        raise ZeroDivisionError(what)

    wrong = {"letters": lambda *_: [], "bury": vanishes}.get(what, falls)
    monkeypatch.setattr(where, what, wrong)
    assert any(told in each for each in fired(SCRIPT))
