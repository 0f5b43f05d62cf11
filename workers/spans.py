"""The spans of a recovery: one per ownership of an attempt, one per effect, in the trace of whoever decided it; and in
the ownership's span an event for each step that has come to its end, up to the last guest that is back.

Without a tracer provider (nothing is exported unless somebody sets one up) they cost next to nothing and still pass
the cause's trace context on to every record that is published meanwhile.
"""

from contextlib import AbstractContextManager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

from kasugai.adapters.telemetry.attributes import Attribute
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.incident import Open, Stop
from kasugai.core.words.plan import Step

TRACER = trace.get_tracer("kasugai.workers")


def attempt(order: Open | Stop, cause: Context | None) -> AbstractContextManager[Span]:
    """Return the span of one ownership; `cause` is the trace context that came with the order."""
    return TRACER.start_as_current_span(
        f"recover {order.kind}",
        context=cause,
        kind=SpanKind.CONSUMER,
        attributes={
            Attribute.SYSTEM: "kafka",
            Attribute.OPERATION: "process",
            Attribute.KEY: order.host,
            Attribute.CONVERSATION: str(order.incident),
            Attribute.HOSTNAME: order.host,
            Attribute.SEGMENT: order.segment,
            Attribute.KIND: str(order.kind),
            Attribute.ATTEMPT: order.attempt,
        },
        record_exception=False,
        set_status_on_exception=False,
    )


def effect(order: Open, step: Step) -> AbstractContextManager[Span]:
    """Return the span of one effect, from the intent to what became of its call."""
    return TRACER.start_as_current_span(
        str(step.action),
        kind=SpanKind.CLIENT,
        attributes={
            Attribute.CONVERSATION: str(order.incident),
            Attribute.STEP: step.key,
            Attribute.SUBJECT: step.name or step.subject,
        },
        record_exception=False,
        set_status_on_exception=False,
    )


def ended(step: Step, kind: FactKind, record: StepRecord) -> None:
    """Note in the span at hand that a step's state was seen, or is given up."""
    if kind not in (FactKind.DONE, FactKind.FAILED):
        return
    said = {
        Attribute.STEP: step.key,
        Attribute.SUBJECT: step.name or step.subject,
        Attribute.DESTINATION: record.destination,
        Attribute.REASON: record.reason,
    }
    trace.get_current_span().add_event(
        f"{step.action} {kind}", {key: text for key, text in said.items() if text}
    )
