"""Spans, exported over OTLP when an endpoint is set and not made at all otherwise; context travels in record headers.

An exporter that is away never hurts: its queue is bounded, what does not fit is dropped, and it is told once a minute.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from uuid import UUID

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

log = logging.getLogger(__name__)

Trace = Mapping[str, str]
"""W3C trace context, as records carry it."""

QUEUE = 2048
"""Spans that wait for the exporter; further ones are dropped."""
TIMEOUT = 5.0
"""Seconds that one export may take."""
SAY_EVERY = 60.0
REMEMBERED = 4096
"""How many subjects' traces correlate remembers."""

_ON = Event()
"""Asked for every record, so it must cost nothing."""

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


@contextmanager
def exported(resource: Resource, endpoint: str) -> Iterator[None]:
    """Export the spans of this process for the length of the block; an empty endpoint: make none.

    `endpoint` is the collector's base address; `/v1/traces` is added.
    """
    if not endpoint:
        yield
        return
    for name in FOREIGN:  # they log every failed attempt; Careful says it once a minute
        logging.getLogger(name).setLevel(logging.CRITICAL)
    where = f"{endpoint.rstrip('/')}/v1/traces"
    exporter = Careful(OTLPSpanExporter(endpoint=where, timeout=TIMEOUT), where)
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    processor = BatchSpanProcessor(
        exporter, max_queue_size=QUEUE, schedule_delay_millis=1000, max_export_batch_size=256
    )
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    _ON.set()
    try:
        yield
    finally:
        _ON.clear()
        provider.shutdown()


def is_on() -> bool:
    """Whether anybody makes spans."""
    return _ON.is_set()


@contextmanager
def span(
    name: str, cause: Trace, kind: SpanKind = SpanKind.CONSUMER, **attributes: str | int
) -> Iterator[Trace]:
    """Make a span under `cause` for the length of the block, and give the context for what it causes: the span's, or
    `cause` as it came when nobody makes spans. An attribute's `__` stands for a dot."""
    if not is_on():
        yield cause
        return
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    with trace.get_tracer("kasugai").start_as_current_span(
        name,
        context=propagate.extract(cause),
        kind=kind,
        attributes={"messaging.system": "kafka", **named},
        record_exception=False,
    ):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        yield carrier


class Threads:
    """Keeps an incident in one trace although ticks, which have none, decide about it too.

    The first fault's trace of a subject is kept until the incident's first order, and from then on with the incident.
    After a restart the next record about it says it again: workers' facts carry it. Bounded; the oldest are forgotten.
    """

    def __init__(self, limit: int = REMEMBERED) -> None:
        """Remember nothing."""
        self._limit = limit
        self._kept: OrderedDict[str | UUID, Trace] = OrderedDict()

    def hear(self, what: str | UUID, trace: Trace) -> None:
        """Keep `trace` for a subject or an incident that has none yet."""
        if trace and what not in self._kept:
            self._kept[what] = dict(trace)
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def of(self, *what: str | UUID) -> Trace:
        """Return the trace of the first that has one; empty when none has."""
        return next((self._kept[one] for one in what if one in self._kept), {})

    def forget(self, *what: str | UUID) -> None:
        """The story is over."""
        for one in what:
            self._kept.pop(one, None)
