"""Makes spans in this process and keeps them, without a collector and without a provider for the whole process."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kasugai.adapters.telemetry import tracing
from kasugai.workers import spans


def in_memory(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Return where the spans of all shells are kept from now on, until the test is over."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    monkeypatch.setattr(tracing, "is_on", lambda: True)
    monkeypatch.setattr(spans, "TRACER", provider.get_tracer("test"))
    return exporter


def trace_of(span: ReadableSpan) -> str:
    """Return the id of a span's trace in hexadecimal."""
    return f"{span.context.trace_id:032x}"
