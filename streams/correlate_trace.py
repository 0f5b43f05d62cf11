"""Publishes a decision in the trace of what it is about, and counts and logs it.

An incident stays in one trace, whoever decides about it: a fault, an outcome, or a tick, which has no trace of its own.
It decides nothing; where it knows no trace, the decision begins one.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from uuid import UUID

from kasugai.adapters.kafka.records import Outgoing, outgoing
from kasugai.adapters.telemetry import tracing
from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.attributes import Attribute, Said
from kasugai.adapters.telemetry.catalogue import OPENING
from kasugai.adapters.telemetry.catalogue import VERDICTS as COUNTED
from kasugai.adapters.telemetry.meters import count, observe
from kasugai.adapters.telemetry.tracing import Threads, Trace
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.incident import Open, Order
from kasugai.core.words.signals import Fault, Letter, Outcome, Stamp
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.schemas.topics import INCIDENTS, VERDICTS
from kasugai.streams.frames import Frames

LOG = logging.getLogger(__name__)

CHATTER = (Verb.SUSPECT, Verb.EXPLAIN, Verb.IGNORE, Verb.DISREGARD)
"""What a storm of faults makes thousands of; the topic has them all."""
ENDS = (Verb.CLOSE, Verb.WITHDRAW)


def keep_trace(threads: Threads, letter: Letter) -> None:
    """Remember the trace that a fault came in, for whatever is decided about its subject later. What speaks for its
    subject begins no incident's story."""
    if letter.trace and isinstance(letter.signal, Fault) and letter.signal.symptom.blames:
        fault = letter.signal
        threads.hear(_named(letter.segment, fault.subject.name), letter.trace, fault.event_id)


@contextmanager
def traced(
    threads: Threads, frames: Frames, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter
) -> Iterator[list[Outgoing]]:
    """Give the records of a decision, each in its trace; the spans last as long as the block."""
    with ExitStack() as stack:
        traces = {order.incident: stack.enter_context(_span(threads, order, cause)) for order in orders}
        for verdict in verdicts:
            if verdict.verb is Verb.CLOSE and verdict.incident is not None:
                closing = _closing(threads, verdict, verdict.incident, cause)
                traces.setdefault(verdict.incident, stack.enter_context(closing))
        records = [
            outgoing(
                VERDICTS,
                verdict,
                trace=_trace_of(threads, verdict, cause, traces),
                frame=frames.take(verdict),
            )
            for verdict in verdicts
        ]
        records += [
            outgoing(INCIDENTS[order.kind], order, trace=traces[order.incident], frame=frames.take(order))
            for order in orders
        ]
        yield records
    for verdict in verdicts:
        if _is_over(verdict):
            threads.forget(_named(verdict.segment, verdict.subject.name), *filter(None, [verdict.incident]))


def tell_all(verdicts: Sequence[Verdict], orders: Sequence[Order], stamps: Sequence[Stamp]) -> None:
    """Count and log what the broker has acknowledged; `stamps` are the verdicts' and then the orders'."""
    for verdict in verdicts:
        count(COUNTED, verb=verdict.verb, reason=verdict.reason)
        _log(verdict)
    for order, stamp in zip(orders, stamps[len(verdicts) :], strict=True):
        if isinstance(order, Open) and order.n == 1:
            observe(OPENING, (stamp.at - order.decided_at) / 1000, kind=order.kind)


def _log(verdict: Verdict) -> None:
    level = logging.DEBUG if verdict.verb in CHATTER else logging.INFO
    if not LOG.isEnabledFor(level):
        return
    host = verdict.subject.host
    with about(incident=verdict.incident or "", host=host, segment=verdict.segment):
        LOG.log(level, "%s", narrate_verdict(verdict))


def _is_over(verdict: Verdict) -> bool:
    """Whether nothing stands against its subject any more, so that what is said next begins another story."""
    is_ignored = verdict.verb is Verb.IGNORE and verdict.incident is None
    return verdict.verb in ENDS or (is_ignored and verdict.reason is not Reason.STALE)


def _span(threads: Threads, order: Order, cause: Letter) -> AbstractContextManager[Trace]:
    """An order's span; the first one of an incident fixes the incident's trace. The other faults that led to it are
    linked."""
    subject = _named(order.segment, order.subject.name)
    # After a restart only a worker's word tells an incident's trace: a repeated fault comes in one of its own.
    told = cause.trace if isinstance(cause.signal, Outcome) else {}
    trace = threads.of(order.incident) or told or threads.of(subject) or cause.trace
    threads.hear(order.incident, trace)
    said: Said = {
        Attribute.CONVERSATION: str(order.incident),
        Attribute.KEY: order.host,
        Attribute.SEGMENT: order.segment,
        Attribute.KIND: str(order.kind),
    }
    linked = [each for each in threads.linked(subject) if each != trace]
    return tracing.span(f"correlate {type(order).__name__.lower()}", trace, said, links=linked)


def _closing(
    threads: Threads, verdict: Verdict, incident: UUID, cause: Letter
) -> AbstractContextManager[Trace]:
    """The span with which an incident's trace ends."""
    said: Said = {
        Attribute.CONVERSATION: str(incident),
        Attribute.KEY: verdict.subject.host,
        Attribute.SEGMENT: verdict.segment,
        Attribute.KIND: str(verdict.subject.kind),
        Attribute.REASON: str(verdict.reason),
    }
    return tracing.span("correlate close", threads.of(incident) or cause.trace, said)


def _trace_of(threads: Threads, verdict: Verdict, cause: Letter, traces: dict[UUID, Trace]) -> Trace:
    if verdict.incident is not None and verdict.incident in traces:
        return traces[verdict.incident]
    known = threads.of(*filter(None, [verdict.incident]))
    return known or cause.trace or threads.of(_named(verdict.segment, verdict.subject.name))


def _named(segment: str, subject: str) -> str:
    return f"{segment}/{subject}"
