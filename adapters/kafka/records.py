"""Records on their way out and as they came in, and the headers that every record of ours carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Protocol

from confluent_kafka import Message
from opentelemetry import propagate
from opentelemetry.context import Context

from kasugai.adapters.kafka.trace import TRACE, trace_of
from kasugai.adapters.telemetry.catalogue import DROPPED_TRACES
from kasugai.adapters.telemetry.meters import count
from kasugai.core.words.bounds import LATEST
from kasugai.core.words.signals import Stamp
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import encode
from kasugai.schemas.headers import Headers as Headers  # noqa: PLC0414 - of records
from kasugai.schemas.headers import own_headers
from kasugai.schemas.keys import Keyed, key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A record to be published."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    """None: by the key."""

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        headers = sum(len(name.encode()) + len(value) for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers


class Sink(Protocol):
    """Where records go: the producer, as far as most know it."""

    async def publish_all(self, records: Sequence[Outgoing]) -> Sequence[Stamp]:
        """Publish all, wait for all, and return their stamps in order; LogAway when any was not acknowledged,
        LogRefused when one of them never will be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A record as it stands in its topic."""

    topic: str
    partition: int
    offset: int
    at: int
    """The record's timestamp in milliseconds: the broker's where the topic is stamped by it."""
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default=())

    @property
    def stamp(self) -> Stamp:
        """Where and when it stands, by a date that can be kept and shown: where it is a producer's it may be any
        number, and a broker takes it."""
        at = BrokerTime(min(max(self.at, 0), LATEST))
        return Stamp(partition=self.partition, offset=self.offset, at=at)


def outgoing(
    topic: str,
    value: Keyed,
    *,
    trace: Mapping[str, str] | None = None,
    partition: int | None = None,
    frame: bytes | None = None,
) -> Outgoing:
    """Return the record of `value`: encoded (`frame`, where somebody has done so), keyed, with our headers and `trace`
    (None: the current span's). Unencodable, a LogRefused, when it has no form."""
    key = key_of(value)
    return Outgoing(
        topic=topic,
        key=None if key is None else key.encode(),
        value=encode(value) if frame is None else frame,
        headers=headers_of(value, current_trace() if trace is None else trace),
        partition=partition,
    )


def headers_of(value: object, trace: Mapping[str, str]) -> Headers:
    """Return the headers of a record of `value`: type and schema for whoever has no codec, ids, trace context."""
    traced = tuple((name, trace[name].encode()) for name in TRACE if name in trace)
    return (*own_headers(value), *traced)


def current_trace() -> dict[str, str]:
    """Return the W3C trace context of the current span; empty when there is none."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def context_of(headers: Sequence[tuple[str, bytes]]) -> Context:
    """Return the OpenTelemetry context in which a record was written: the parent of what it causes."""
    return propagate.extract(trace_of(headers))


def incoming(message: Message, *, bare: bool = False) -> Incoming:
    """Return confluent-kafka's message as a value: without its headers where it is to be `bare`, which is two thirds
    of the work."""
    return Incoming(
        topic=message.topic() or "",
        partition=_given(message.partition()),
        offset=_given(message.offset()),
        at=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=() if bare else _headers(message),
    )


_ASK_HEADERS = methodcaller("headers")
"""Asked in this way, an error of the client's is always seen as one (confluent-kafka 2.16.0, CPython 3.11)."""


def _headers(message: Message) -> Headers:
    """Return the headers; none where the client cannot show them, which nobody may end of. Asked once."""
    try:
        headers = _ASK_HEADERS(message) or []
    except (SystemError, UnicodeDecodeError):
        count(DROPPED_TRACES)
        return ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return tuple((name, _bytes(value)) for name, value in pairs)


def _given(number: int | None) -> int:
    assert number is not None, "a delivered message has its place"
    return number


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
