"""An incident stays in its first fault's trace, also when a tick decides, which has none; until it ends."""

import logging
from collections.abc import Sequence

import pytest

from kasugai.adapters.kafka.trace import trace_of
from kasugai.adapters.telemetry.tracing import Threads
from kasugai.core.words.incident import Order
from kasugai.core.words.signals import Letter, Source, Stamp, Tick, fault
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.streams.correlate_trace import keep_trace, tell_all, traced
from kasugai.streams.frames import Frames
from tests.support.incidents import INCIDENT, SEGMENT, decided, opened

FAULT = {"traceparent": "00-0000000000000000000000000000aaaa-00000000000000aa-01"}
LATER = {"traceparent": "00-0000000000000000000000000000bbbb-00000000000000bb-01"}
WITNESS = fault(host="cmp1", observer="host/cmp2", source=Source.PEER, episode="1")
TICK = Letter(segment="", signal=Tick(period=Millis(500)))
OPEN = (decided(Verb.OPEN, Reason.CONFIRMED),)
CLOSE = (decided(Verb.CLOSE, Reason.RECOVERED),)


@pytest.fixture
def threads() -> Threads:
    """A witness has spoken."""
    threads = Threads()
    keep_trace(threads, Letter(segment=SEGMENT, signal=WITNESS, trace=FAULT))
    return threads


def traces(
    threads: Threads, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter = TICK
) -> list[dict[str, str]]:
    with traced(threads, Frames(), verdicts, orders, cause) as records:
        return [trace_of(record.headers) for record in records]


def test_a_tick_decides_in_the_trace_of_the_fault(threads: Threads) -> None:
    assert traces(threads, OPEN, [opened()]) == [FAULT, FAULT]


def test_a_later_publication_stays_in_the_trace_whatever_causes_it(threads: Threads) -> None:
    traces(threads, OPEN, [opened()])
    again = Letter(segment=SEGMENT, signal=WITNESS, trace=LATER)
    keep_trace(threads, again)
    assert traces(threads, (decided(Verb.REOPEN, Reason.CHANGED),), [opened(n=2)], again) == [FAULT, FAULT]


def test_an_incident_whose_trace_is_forgotten_takes_its_causes() -> None:
    cause = Letter(segment=SEGMENT, signal=WITNESS, trace=LATER)
    assert traces(Threads(), OPEN, [opened()], cause) == [LATER, LATER]


def test_the_next_incident_has_a_trace_of_its_own(threads: Threads) -> None:
    traces(threads, OPEN, [opened()])
    assert traces(threads, CLOSE, []) == [FAULT]
    assert threads.of(INCIDENT, f"{SEGMENT}/host/cmp1") == {}


def test_what_is_decided_is_told_with_its_incident(caplog: pytest.LogCaptureFixture) -> None:
    stamps = [Stamp(partition=0, offset=n, at=BrokerTime(1)) for n in range(3)]
    with caplog.at_level(logging.INFO):
        tell_all((*OPEN, decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None)), [opened()], stamps)
    assert [record.getMessage() for record in caplog.records] == ["open cmp1 (confirmed)"]
