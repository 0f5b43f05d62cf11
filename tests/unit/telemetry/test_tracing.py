"""Traces: none without an endpoint, one per incident, and an exporter that hurts nobody."""

import logging
import subprocess
import sys
from collections.abc import Sequence
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from kasugai.adapters.telemetry import tracing
from kasugai.adapters.telemetry.exporting import Careful
from kasugai.adapters.telemetry.tracing import Threads
from tests.support.otlp import Collector

CAUSE = {"traceparent": "00-0000000000000000000000000000abcd-00000000000000ef-01"}
INCIDENT = UUID(int=7)
CODE = """
import sys
from opentelemetry.sdk.resources import Resource
from kasugai.adapters.telemetry import tracing
with tracing.exported(Resource.create({"service.name": "kasugai-test"}), sys.argv[1]):
    with tracing.span("route fault", {"traceparent": sys.argv[2]}, kasugai__host="cmp1") as given:
        print(given["traceparent"])
"""


def spans_of(endpoint: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE, endpoint, CAUSE["traceparent"]]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def test_without_an_endpoint_the_cause_passes_as_it_came() -> None:
    assert not tracing.is_on()
    with tracing.span("route fault", CAUSE) as given:
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


def test_the_oldest_threads_are_forgotten() -> None:
    threads = Threads(limit=2)
    for host in ("a", "b", "c"):
        threads.hear(host, {"traceparent": host})
    assert [bool(threads.of(host)) for host in ("a", "b", "c")] == [False, True, True]
