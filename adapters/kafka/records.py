"""Records on their way out and as they came in, and the headers that every record of ours carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol
from uuid import UUID

from confluent_kafka import Message
from opentelemetry import propagate
from opentelemetry.context import Context

from kasugai.core.words.signals import Stamp
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import encode
from kasugai.schemas.keys import Keyed, key_of
from kasugai.schemas.registry import newest

Headers = tuple[tuple[str, bytes], ...]

TRACE = ("traceparent", "tracestate")
"""W3C trace context."""
_IDS = (("kasugai-event-id", "event_id"), ("kasugai-incident-id", "incident"))
"""Headers, and the fields that they show."""


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
        """Publish all, wait for all, and return their stamps in order; LogAway when any was not acknowledged."""
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
        """Where and when it stands."""
        return Stamp(partition=self.partition, offset=self.offset, at=BrokerTime(self.at))


def outgoing(
    topic: str, value: Keyed, *, trace: Mapping[str, str] | None = None, partition: int | None = None
) -> Outgoing:
    """Return the record of `value`: encoded, keyed, with our headers and `trace` (None: the current span's)."""
    key = key_of(value)
    return Outgoing(
        topic=topic,
        key=None if key is None else key.encode(),
        value=encode(value),
        headers=headers_of(value, current_trace() if trace is None else trace),
        partition=partition,
    )


def headers_of(value: object, trace: Mapping[str, str]) -> Headers:
    """Return the headers of a record of `value`: type and schema for whoever has no codec, ids, trace context."""
    traced = tuple((name, trace[name].encode()) for name in TRACE if name in trace)
    return (*_schema_headers(type(value).__name__), *_ids(value), *traced)


@cache
def _schema_headers(type_: str) -> Headers:
    version = newest(type_)
    named = {
        "content-type": "application/vnd.confluent.avro",
        "kasugai-schema": f"{version.type}/{version.id}",
        "kasugai-fp": version.fingerprint,
    }
    return tuple((name, text.encode()) for name, text in named.items())


def _ids(value: object) -> Headers:
    found = ((header, getattr(value, name, None)) for header, name in _IDS)
    return tuple((header, str(id_).encode()) for header, id_ in found if isinstance(id_, UUID))


def current_trace() -> dict[str, str]:
    """Return the W3C trace context of the current span; empty when there is none."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def trace_of(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """Return the trace context that a record carries, as a `Letter` keeps it."""
    return {name: value.decode("ascii", "replace") for name, value in headers if name in TRACE}


def context_of(headers: Sequence[tuple[str, bytes]]) -> Context:
    """Return the OpenTelemetry context in which a record was written: the parent of what it causes."""
    return propagate.extract(trace_of(headers))


def incoming(message: Message) -> Incoming:
    """Return confluent-kafka's message as a value."""
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Incoming(
        topic=message.topic() or "",
        partition=_given(message.partition()),
        offset=_given(message.offset()),
        at=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=tuple((name, _bytes(value)) for name, value in pairs),
    )


def _given(number: int | None) -> int:
    assert number is not None, "a delivered message has its place"
    return number


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
