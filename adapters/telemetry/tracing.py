"""Spans, exported over OTLP when an endpoint is set and not made at all otherwise; context travels in record headers.

The exporter is loaded with the first endpoint only: it weighs 3 MiB, in each process.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from uuid import UUID

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import SpanKind

Trace = Mapping[str, str]
"""W3C trace context, as records carry it."""

REMEMBERED = 4096
"""How many subjects' traces correlate remembers."""

_ON = Event()
"""Asked for every record, so it must cost nothing."""


@contextmanager
def exported(resource: Resource, endpoint: str) -> Iterator[None]:
    """Export the spans of this process for the length of the block; an empty endpoint: make none.

    `endpoint` is the collector's base address; `/v1/traces` is added.
    """
    if not endpoint:
        yield
        return
    from kasugai.adapters.telemetry.exporting import provided

    provider = provided(resource, endpoint)
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
