"""An incident stays in its first fault's trace, also when a tick decides, which has none; until it ends."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from kasugai.adapters.kafka.trace import trace_of
from kasugai.adapters.telemetry.tracing import Threads
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Order
from kasugai.core.words.signals import Letter, Outcome, Source, Stamp, Symptom, Tick, fault
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.streams.correlate_trace import keep_trace, tell_all, traced
from kasugai.streams.frames import Frames
from tests.support.incidents import INCIDENT, SEGMENT, decided, opened, said
from tests.support.spans import in_memory
from tests.support.spans import trace_of as trace_id

FAULT = {"traceparent": "00-0000000000000000000000000000aaaa-00000000000000aa-01"}
LATER = {"traceparent": "00-0000000000000000000000000000bbbb-00000000000000bb-01"}
WITNESS = fault(host="cmp1", observer="host/cmp2", source=Source.PEER, episode="1")
OTHER = fault(host="cmp1", observer="os-services", source=Source.NOVA, episode="1")
REPEATED = {"traceparent": "00-0000000000000000000000000000cccc-00000000000000cc-01"}
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


def test_a_witness_that_decides_does_so_in_the_trace_of_the_first_one(threads: Threads) -> None:
    """The incident's trace begins with the first symptom, whoever's word is enough in the end."""
    second = Letter(segment=SEGMENT, signal=OTHER, trace=LATER)
    keep_trace(threads, second)
    assert traces(threads, OPEN, [opened()], second) == [FAULT, FAULT]


def test_the_further_witnesses_are_linked_and_the_close_ends_the_trace(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = in_memory(monkeypatch)
    keep_trace(threads, Letter(segment=SEGMENT, signal=OTHER, trace=LATER))
    keep_trace(threads, Letter(segment=SEGMENT, signal=OTHER, trace=REPEATED))
    traces(threads, OPEN, [opened()])
    traces(threads, CLOSE, [])
    opening, closing = exporter.get_finished_spans()
    assert (opening.name, closing.name) == ("correlate open", "correlate close")
    assert {trace_id(opening), trace_id(closing)} == {FAULT["traceparent"].split("-")[1]}
    assert [f"{link.context.trace_id:032x}" for link in opening.links] == [LATER["traceparent"].split("-")[1]]
    assert closing.attributes is not None
    assert closing.attributes["messaging.message.conversation_id"] == str(INCIDENT)
    assert closing.attributes["kasugai.reason"] == "recovered"


def test_a_sign_of_life_begins_no_incidents_story() -> None:
    threads = Threads()
    alive = replace(WITNESS, symptom=Symptom.ALIVE)
    keep_trace(threads, Letter(segment=SEGMENT, signal=alive, trace=LATER))
    keep_trace(threads, Letter(segment=SEGMENT, signal=WITNESS, trace=FAULT))
    assert traces(threads, OPEN, [opened()]) == [FAULT, FAULT]


@pytest.mark.parametrize(
    ("verdict", "is_over"),
    [
        (decided(Verb.WITHDRAW, Reason.EVIDENCE_EXPIRED, None), True),
        (decided(Verb.IGNORE, Reason.CLEARED, None), True),
        (decided(Verb.IGNORE, Reason.STALE, None), False),
        (decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), False),
        (decided(Verb.HOLD, Reason.DISARMED, None), False),
    ],
)
def test_what_came_to_nothing_is_no_part_of_the_next_story(
    threads: Threads, verdict: Verdict, is_over: bool
) -> None:
    traces(threads, (verdict,), [])
    keep_trace(threads, Letter(segment=SEGMENT, signal=OTHER, trace=LATER))
    first = LATER if is_over else FAULT
    assert traces(threads, OPEN, [opened()]) == [first, first]


def test_after_a_restart_a_workers_word_tells_the_trace_and_a_repetition_does_not() -> None:
    threads = Threads()
    keep_trace(threads, Letter(segment=SEGMENT, signal=WITNESS, trace=LATER))
    outcome = Letter(segment=SEGMENT, signal=Outcome(fact=said(FactKind.HELD)), trace=FAULT)
    again = (decided(Verb.REOPEN, Reason.CHANGED),)
    assert traces(threads, again, [opened(n=2)], outcome) == [FAULT, FAULT]


def test_what_is_decided_is_told_with_its_incident(caplog: pytest.LogCaptureFixture) -> None:
    stamps = [Stamp(partition=0, offset=n, at=BrokerTime(1)) for n in range(3)]
    with caplog.at_level(logging.INFO):
        tell_all((*OPEN, decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None)), [opened()], stamps)
    assert [record.getMessage() for record in caplog.records] == ["open cmp1 (confirmed)"]
