"""The spans of a recovery: one per attempt and one per effect, in the trace of the order that caused them."""

import asyncio
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kasugai.adapters.kafka.records import context_of, current_trace
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import TEST, BrokerTime
from kasugai.sim.cloud import QUICK, SimCloud
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.broker import Broker
from kasugai.sim.lab.doors import SimLog
from kasugai.sim.lab.mortal import Counter, Process
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.loop import run
from kasugai.sim.power_door import PowerDoor
from kasugai.workers.lane import Doors
from kasugai.workers.outages import Outages
from kasugai.workers.pool import Pool
from tests.support.spans import in_memory

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
CAUSE = ((("traceparent", f"00-{TRACE_ID}-{PARENT_ID}-01".encode())),)
GUESTS = 3


class ListeningLog(SimLog):
    """Remembers in which trace each fact was published, as the producer would write it into the headers."""

    def __init__(self) -> None:
        """Publish to a broker of its own."""
        super().__init__(Broker(), Process("worker", Counter(), lambda _: None))
        self.heard: list[tuple[FactKind, str]] = []

    def now(self) -> int:
        """Return the broker's clock."""
        return self._broker.now()

    async def publish(self, fact: Fact) -> Stamp:
        """Publish, and remember."""
        self.heard.append((fact.kind, current_trace().get("traceparent", "")))
        return await super().publish(fact)


async def recover(log: ListeningLog) -> None:
    """Recover a dead host with a few guests."""
    cloud = SimCloud(asyncio.get_running_loop(), pace=QUICK)
    for name in ("cmp1", "cmp2"):
        cloud.add_host(name, has_device=False)
    for number in range(GUESTS):
        cloud.add_guest(f"web{number}", "cmp1")
    cloud.hosts.power_off("cmp1")
    doors = Doors(
        log=log,
        ledger=MemoryLedger(ttl=TEST.lease),
        cloud=CloudDoor(cloud),
        power=PowerDoor(cloud),
        timing=TEST,
        outages=Outages(),
        author="w1",
    )
    pool = Pool(doors, slots=1)
    order = Open(
        incident=UUID(int=7),
        n=1,
        attempt=1,
        segment="s1",
        subject=host_subject("cmp1"),
        host_uuid="",
        decided_at=BrokerTime(log.now()),
        opened_at=BrokerTime(log.now()),
        asserted_at=BrokerTime(log.now()),
        policy=Policy(),
    )
    pool.take(order, Stamp(partition=0, offset=0, at=BrokerTime(log.now())), context_of(CAUSE))
    async with asyncio.timeout(60):
        while pool.offsets.committable(0) != 1:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.1)
    await pool.close()


def play() -> ListeningLog:
    """Recover under virtual time, and return the log."""

    async def main() -> ListeningLog:
        log = ListeningLog()
        await recover(log)
        return log

    return run(main())


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Keep the pool's spans."""
    return in_memory(monkeypatch)


def ids(span: ReadableSpan) -> tuple[str, str]:
    """Return trace id and span id in hexadecimal."""
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def test_there_is_one_span_per_attempt_and_per_effect(exported: InMemorySpanExporter) -> None:
    play()
    found = exported.get_finished_spans()
    assert sorted(span.name for span in found) == [*["evacuate"] * GUESTS, "force-down", "recover host"]
    (attempt,) = [span for span in found if span.name == "recover host"]
    assert attempt.parent is not None and f"{attempt.parent.span_id:016x}" == PARENT_ID
    for span in found:
        assert ids(span)[0] == TRACE_ID
        assert span.attributes is not None
        assert span.attributes["messaging.message.conversation_id"] == str(UUID(int=7))
        if span is not attempt:
            assert span.parent is not None and span.parent.span_id == attempt.context.span_id


def test_the_attempts_span_tells_each_guest_that_is_back_and_ends_after_the_last(
    exported: InMemorySpanExporter,
) -> None:
    play()
    (attempt,) = [span for span in exported.get_finished_spans() if span.name == "recover host"]
    landed = [event for event in attempt.events if event.name == "evacuate done"]
    assert {event.attributes["kasugai.subject"] for event in landed if event.attributes} == {
        "web0",
        "web1",
        "web2",
    }
    assert {event.attributes["kasugai.destination"] for event in landed if event.attributes} == {"cmp2"}
    assert all(event.timestamp <= (attempt.end_time or 0) for event in attempt.events)


def test_facts_are_published_in_the_span_that_they_belong_to(exported: InMemorySpanExporter) -> None:
    heard = play().heard
    spans_by_id = {ids(span)[1]: span.name for span in exported.get_finished_spans()}
    told = {(kind, spans_by_id[trace.split("-")[2]]) for kind, trace in heard}
    assert (FactKind.ADOPTED, "recover host") in told
    assert (FactKind.FINISHED, "recover host") in told
    assert {name for kind, name in told if kind is FactKind.STARTED} == {"force-down", "evacuate"}


def test_without_a_provider_the_cause_is_passed_on() -> None:
    assert {trace for _, trace in play().heard} == {f"00-{TRACE_ID}-{PARENT_ID}-01"}
