"""Traces: none without an endpoint, one per incident, and an exporter that hurts nobody."""

import logging
import subprocess
import sys
import time
from collections.abc import Sequence
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kasugai.adapters.telemetry import tracing
from kasugai.adapters.telemetry.exporting import Careful
from kasugai.adapters.telemetry.tracing import Threads
from tests.support.otlp import Collector
from tests.support.spans import in_memory

CAUSE = {"traceparent": "00-0000000000000000000000000000abcd-00000000000000ef-01"}
INCIDENT = UUID(int=7)
CODE = """
import sys
from opentelemetry.sdk.resources import Resource
from kasugai.adapters.telemetry import tracing
from kasugai.adapters.telemetry.attributes import Attribute
with tracing.exported(Resource.create({"service.name": "kasugai-test"}), sys.argv[1]):
    with tracing.span("route fault", {"traceparent": sys.argv[2]}, {Attribute.HOSTNAME: "cmp1"}) as given:
        print(given["traceparent"])
"""


@pytest.fixture
def tracer(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans are made, and kept here."""
    return in_memory(monkeypatch)


def spans_of(endpoint: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE, endpoint, CAUSE["traceparent"]]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def test_without_an_endpoint_the_cause_passes_as_it_came() -> None:
    assert not tracing.is_on()
    with tracing.span("route fault", CAUSE, {}) as given:
        assert given is CAUSE


@pytest.mark.parametrize("process", ["streams.route_app", "streams.correlate_app", "workers.app"])
def test_a_process_without_a_collector_does_not_carry_an_exporter(process: str) -> None:
    code = (
        f"import sys, kasugai.{process}; print(*(name for name in sys.modules if '.exporter.otlp' in name))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""


def test_a_span_stands_between_its_cause_and_what_it_causes() -> None:
    with Collector() as collector:
        given = spans_of(collector.url).stdout.split("-")
        (span,) = collector.spans
    assert (span.service, span.name) == ("kasugai-test", "route fault")
    assert (span.trace, span.parent) == (f"{0xABCD:032x}", f"{0xEF:016x}")
    assert (given[1], given[2]) == (span.trace, span.span)


def test_a_collector_that_is_away_is_one_line() -> None:
    done = spans_of("http://127.0.0.1:9")
    assert done.stdout.startswith("00-")
    (line,) = done.stderr.splitlines()
    assert "1 spans did not reach http://127.0.0.1:9/v1/traces and are lost" in line


class Broken(SpanExporter):
    """Raises."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Fail."""
        raise OSError("no route")


def test_an_exporter_that_raises_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    exporter = Careful(Broken(), "there", clock=lambda: now)
    with caplog.at_level(logging.WARNING):
        assert [exporter.export([]) for _ in range(3)] == [SpanExportResult.FAILURE] * 3
        assert len(caplog.records) == 1
        now += 61
        exporter.export([])
    assert len(caplog.records) == 2


def test_the_first_fault_names_a_subjects_trace() -> None:
    threads = Threads()
    threads.hear("rack1/host/cmp1", CAUSE)
    threads.hear("rack1/host/cmp1", {"traceparent": "another"})
    threads.hear("rack1/host/cmp2", {})
    assert threads.of(INCIDENT, "rack1/host/cmp1") == CAUSE
    assert threads.of("rack1/host/cmp2") == {}
    threads.forget("rack1/host/cmp1", INCIDENT)
    assert threads.of("rack1/host/cmp1") == {}


def test_each_further_faults_trace_is_linked_once_and_not_too_many() -> None:
    threads = Threads()
    for fault in (1, 2, 2, 3):  # an observer repeats what stands, each time in a trace of its own
        threads.hear(
            "rack1/host/cmp1",
            {"traceparent": f"{fault} of {len(threads.linked('rack1/host/cmp1'))}"},
            UUID(int=fault),
        )
    assert threads.of("rack1/host/cmp1") == {"traceparent": "1 of 0"}
    assert [each["traceparent"] for each in threads.linked("rack1/host/cmp1")] == ["2 of 0", "3 of 1"]
    for fault in range(10, 100):
        threads.hear("rack1/host/cmp1", {"traceparent": str(fault)}, UUID(int=fault))
    assert len(threads.linked("rack1/host/cmp1")) == tracing.LINKED
    assert threads.linked("rack1/host/cmp2") == []


def test_a_span_may_begin_before_it_is_made_by_ten_minutes_and_never_in_the_future(
    tracer: InMemorySpanExporter,
) -> None:
    now = time.time_ns() // 1_000_000
    for since in (now - 5_000, now - 10 * tracing.BACK, now + 60_000):
        with tracing.span("route fault", {}, {}, since=since):
            pass
    starts = [(span.start_time or 0) // 1_000_000 - now for span in tracer.get_finished_spans()]
    assert starts[0] == -5_000
    assert -tracing.BACK <= starts[1] <= 60_000 - tracing.BACK
    assert 0 <= starts[2] < 60_000


def test_a_link_that_is_none_is_left_out(tracer: InMemorySpanExporter) -> None:
    with tracing.span("correlate open", CAUSE, {}, links=[CAUSE, {"traceparent": "rubbish"}, {}]):
        pass
    (span,) = tracer.get_finished_spans()
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [f"{0xABCD:032x}"]


def test_the_oldest_threads_are_forgotten() -> None:
    threads = Threads(limit=2)
    for host in ("a", "b", "c"):
        threads.hear(host, {"traceparent": host})
    assert [bool(threads.of(host)) for host in ("a", "b", "c")] == [False, True, True]
