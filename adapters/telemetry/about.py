"""What the work at hand is about, for every log line written meanwhile: incident, host, step, and the trace's ids.

It follows asyncio tasks (contextvars), so that a line says what it concerns without being told.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace

from kasugai.core.words.visible import shortened, visible

LONGEST = 255
"""Characters of one word about a line: a name is whole."""

_about: ContextVar[dict[str, str]] = ContextVar("about")


@contextmanager
def about(**what: object) -> Iterator[None]:
    """Say what the block is about, besides what is around it; empty values say nothing."""
    known = _about.get({})
    token = _about.set({**known, **{key: str(value) for key, value in what.items() if value != ""}})
    try:
        yield
    finally:
        _about.reset(token)


class About(logging.Filter):
    """Gives every record what it is about: `record.extra` for JSON, `record.about` for lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass."""
        known = {**_about.get({}), **_ids(), **getattr(record, "extra", {})}
        known = {key: shortened(str(value), LONGEST) for key, value in known.items()}
        record.__dict__["extra"] = known
        record.__dict__["about"] = "".join(f" {key}={visible(value)}" for key, value in known.items())
        return True


def _ids() -> dict[str, str]:
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
