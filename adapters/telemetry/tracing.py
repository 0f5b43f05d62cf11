"""Spans, exported over OTLP when an endpoint is set and not made at all otherwise; context travels in record headers.

The exporter is loaded with the first endpoint only: it weighs 3 MiB, in each process.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from uuid import UUID

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Link, SpanKind

from kasugai.adapters.telemetry.attributes import Attribute, Said

Trace = Mapping[str, str]
"""W3C trace context, as records carry it."""

REMEMBERED = 4096
"""How many subjects' traces correlate remembers."""
LINKED = 16
"""How many further traces it remembers of each: those of later witnesses."""
BACK = 600_000
"""Milliseconds that a span may begin before it is made: what is read again much later begins no old trace."""

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
    name: str,
    cause: Trace,
    said: Said,
    kind: SpanKind = SpanKind.CONSUMER,
    *,
    links: Sequence[Trace] = (),
    since: int | None = None,
) -> Iterator[Trace]:
    """Make a span under `cause` for the length of the block, and give the context for what it causes: the span's, or
    `cause` as it came when nobody makes spans.

    `links`: traces of what else led to it. `since`: when it began, if that was before now, in milliseconds since 1970.
    """
    if not is_on():
        yield cause
        return
    with trace.get_tracer("kasugai").start_as_current_span(
        name,
        context=propagate.extract(cause),
        kind=kind,
        attributes={Attribute.SYSTEM.value: "kafka", **{str(name): value for name, value in said.items()}},
        links=[link for each in links if (link := _link(each)) is not None],
        start_time=None if since is None else _start(since),
        record_exception=False,
    ):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        yield carrier


def _link(linked: Trace) -> Link | None:
    context = trace.get_current_span(propagate.extract(linked)).get_span_context()
    return Link(context) if context.is_valid else None


def _start(since: int) -> int:
    """Return the time in nanoseconds; a clock that is ahead of ours begins nothing in the future."""
    now = time.time_ns() // 1_000_000
    return min(max(since, now - BACK), now) * 1_000_000


class Threads:
    """Keeps an incident in one trace although ticks, which have none, decide about it too.

    The first fault's trace of a subject is kept until the incident's first order, and from then on with the incident;
    those of later faults are linked to it. After a restart the next record about it says it again: workers' facts carry
    it. Bounded; the oldest are forgotten.
    """

    def __init__(self, limit: int = REMEMBERED) -> None:
        """Remember nothing."""
        self._limit = limit
        self._kept: OrderedDict[str | UUID, dict[UUID | None, Trace]] = OrderedDict()
        """By whom it is about, and by the fault that came in it: what is repeated comes in a trace of its own."""

    def hear(self, what: str | UUID, trace: Trace, fault: UUID | None = None) -> None:
        """Keep `trace` for a subject or an incident that has none yet; that of a further fault as one more."""
        if not trace:
            return
        kept = self._kept.setdefault(what, {})
        if len(kept) <= LINKED and fault not in kept:
            kept[fault] = dict(trace)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def of(self, *what: str | UUID) -> Trace:
        """Return the trace of the first that has one; empty when none has."""
        kept = next((self._kept[one] for one in what if one in self._kept), {})
        return next(iter(kept.values()), {})

    def linked(self, what: str | UUID) -> Sequence[Trace]:
        """Return the further traces that belong to it."""
        return list(self._kept.get(what, {}).values())[1:]

    def forget(self, *what: str | UUID) -> None:
        """The story is over."""
        for one in what:
            self._kept.pop(one, None)
