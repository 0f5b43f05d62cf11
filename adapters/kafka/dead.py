"""Puts aside what a reader gives up on, as it came, with the reason: nothing is dropped, nothing stands in the way.

Only what would be too large together with its reason is cut: the whole of it stands where the headers say.
"""

from dataclasses import replace
from importlib.metadata import version

from kasugai.adapters.kafka.client import ROOMY
from kasugai.adapters.kafka.records import Headers, Incoming, Outgoing, Sink
from kasugai.adapters.kafka.trace import TRACE
from kasugai.adapters.telemetry.catalogue import DEAD_LETTERS
from kasugai.adapters.telemetry.meters import count
from kasugai.core.words.signals import Stamp
from kasugai.schemas.topics import dead_letters_of

REASON_LIMIT = 1_000
"""Characters of the reason that are kept."""
KEPT_VALUE, KEPT_SMALL = 65_536, 1_024
"""Bytes of the value, and of the key and each trace header, that are kept of a record that is cut."""


class DeadLetters:
    """One process's way to the `.dlq` topics."""

    def __init__(self, sink: Sink, app: str) -> None:
        """`app` is named in every dead letter."""
        self._sink = sink
        self._app = app

    async def bury(self, record: Incoming, error: Exception, attempt: int = 1) -> Stamp:
        """Publish `record` to its topic's dead letters; then it is done with. LogAway when nobody has it."""
        letter = dead_letter(record, error, app=self._app, attempt=attempt)
        (stamp,) = await self._sink.publish_all([letter])
        count(DEAD_LETTERS, topic=record.topic)
        return stamp


def dead_letter(
    record: Incoming, error: Exception, *, app: str, attempt: int = 1, instead_of: str = ""
) -> Outgoing:
    """Return the dead letter of `record`: its bytes and headers, and where it stood and why it was given up. It goes to
    the dead letters of its own topic or, where that is none of ours, of the one that it would have led to."""
    facts = {
        "dlq-topic": record.topic,
        "dlq-partition": str(record.partition),
        "dlq-offset": str(record.offset),
        "dlq-timestamp": str(record.at),
        "dlq-error-class": type(error).__name__,
        "dlq-error": " ".join(str(error).split())[:REASON_LIMIT],
        "dlq-attempt": str(attempt),
        "dlq-app": app,
        "dlq-app-version": version("kasugai"),
    }
    ours = tuple((name, text.encode()) for name, text in facts.items())
    whole = Outgoing(
        topic=dead_letters_of(instead_of or record.topic),
        key=record.key,
        value=record.value,
        headers=_kept(record.headers) + ours,
    )
    return whole if whole.size <= ROOMY else _cut(whole, ours)


def _cut(whole: Outgoing, ours: Headers) -> Outgoing:
    """Return the beginning of a dead letter that no broker would take; `dlq-cut` says how large it was."""
    traced = tuple(h for h in whole.headers if h[0] in TRACE and len(h[1]) <= KEPT_SMALL)
    return replace(
        whole,
        key=None if whole.key is None else whole.key[:KEPT_SMALL],
        value=None if whole.value is None else whole.value[:KEPT_VALUE],
        headers=(*traced, *ours, ("dlq-cut", str(whole.size).encode())),
    )


def _kept(headers: Headers) -> Headers:
    """The record's own headers, its trace first; a dead letter that is buried again keeps only the last reason."""
    own = [(name, value) for name, value in headers if not name.startswith("dlq-")]
    return tuple(sorted(own, key=lambda header: header[0] not in TRACE))
