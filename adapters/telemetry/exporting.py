"""The way of spans to a collector over OTLP.

A collector that is away never hurts: the queue is bounded, what does not fit is dropped, and it is told once a minute.
"""

import logging
import time
from collections.abc import Callable, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

log = logging.getLogger(__name__)

QUEUE = 2048
"""Spans that wait for the exporter; further ones are dropped."""
TIMEOUT = 5.0
"""Seconds that one export may take."""
SAY_EVERY = 60.0

FOREIGN = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")


class Careful(SpanExporter):
    """An exporter that never raises, and complains once a minute."""

    def __init__(self, inner: SpanExporter, where: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Export through `inner` to `where`."""
        self._inner = inner
        self._where = where
        self._clock = clock
        self._said = float("-inf")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export; FAILURE when that did not work."""
        try:
            result = self._inner.export(spans)
        except Exception as error:
            return self._failed(len(spans), repr(error))
        return result if result is SpanExportResult.SUCCESS else self._failed(len(spans), "not accepted")

    def shutdown(self) -> None:
        """Close the connection."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have nothing to flush: batches are the processor's business."""
        return True

    def _failed(self, count: int, why: str) -> SpanExportResult:
        now = self._clock()
        if now - self._said >= SAY_EVERY:
            self._said = now
            log.warning(
                "%d spans did not reach %s and are lost, the work goes on: %s", count, self._where, why
            )
        return SpanExportResult.FAILURE


def provided(resource: Resource, endpoint: str) -> TracerProvider:
    """Return a provider whose spans go to the collector at `endpoint`; `/v1/traces` is added to its address."""
    for name in FOREIGN:  # they log every failed attempt; Careful says it once a minute
        logging.getLogger(name).setLevel(logging.CRITICAL)
    where = f"{endpoint.rstrip('/')}/v1/traces"
    exporter = Careful(OTLPSpanExporter(endpoint=where, timeout=TIMEOUT), where)
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter, max_queue_size=QUEUE, schedule_delay_millis=1000, max_export_batch_size=256
        )
    )
    return provider
