"""The spans of a recovery: one per ownership of an attempt, one per effect, in the trace of whoever decided it.

Without a tracer provider (nothing is exported unless somebody sets one up) they cost next to nothing and still pass
the cause's trace context on to every record that is published meanwhile.
"""

from contextlib import AbstractContextManager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

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
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.kafka.message.key": order.host,
            "messaging.message.conversation_id": str(order.incident),
            "kasugai.segment": order.segment,
            "kasugai.attempt": order.attempt,
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
            "messaging.message.conversation_id": str(order.incident),
            "kasugai.step": step.key,
            "kasugai.subject": step.name or step.subject,
        },
        record_exception=False,
        set_status_on_exception=False,
    )
