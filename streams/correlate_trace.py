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
from kasugai.adapters.telemetry.catalogue import OPENING
from kasugai.adapters.telemetry.catalogue import VERDICTS as COUNTED
from kasugai.adapters.telemetry.meters import count, observe
from kasugai.adapters.telemetry.tracing import Threads, Trace
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.incident import Open, Order
from kasugai.core.words.signals import Fault, Letter, Stamp
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.schemas.topics import INCIDENTS, VERDICTS
from kasugai.streams.frames import Frames

LOG = logging.getLogger(__name__)

CHATTER = (Verb.SUSPECT, Verb.EXPLAIN, Verb.IGNORE, Verb.DISREGARD)
"""What a storm of faults makes thousands of; the topic has them all."""
ENDS = (Verb.CLOSE, Verb.WITHDRAW)


def keep_trace(threads: Threads, letter: Letter) -> None:
    """Remember the trace that a fault came in, for whatever is decided about its subject later."""
    if letter.trace and isinstance(letter.signal, Fault):
        threads.hear(_named(letter.segment, letter.signal.subject.name), letter.trace)


@contextmanager
def traced(
    threads: Threads, frames: Frames, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter
) -> Iterator[list[Outgoing]]:
    """Give the records of a decision, each in its trace; the spans last as long as the block."""
    with ExitStack() as stack:
        traces = {order.incident: stack.enter_context(_span(threads, order, cause)) for order in orders}
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
        if verdict.verb in ENDS:
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


def _span(threads: Threads, order: Order, cause: Letter) -> AbstractContextManager[Trace]:
    """An order's span; the first one of an incident fixes the incident's trace."""
    subject = _named(order.segment, order.subject.name)
    trace = threads.of(order.incident) or cause.trace or threads.of(subject)
    threads.hear(order.incident, trace)
    return tracing.span(
        f"correlate {type(order).__name__.lower()}",
        trace,
        messaging__message__conversation_id=str(order.incident),
        messaging__kafka__message__key=order.host,
        kasugai__segment=order.segment,
    )


def _trace_of(threads: Threads, verdict: Verdict, cause: Letter, traces: dict[UUID, Trace]) -> Trace:
    if verdict.incident is not None and verdict.incident in traces:
        return traces[verdict.incident]
    known = threads.of(*filter(None, [verdict.incident]))
    return known or cause.trace or threads.of(_named(verdict.segment, verdict.subject.name))


def _named(segment: str, subject: str) -> str:
    return f"{segment}/{subject}"
