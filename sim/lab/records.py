"""One record of a simulated log: bytes to whoever reads the topic as the real shells do, a value to whoever watches it.

Either is made from the other, once and only when somebody asks: what nobody reads as bytes is never encoded, and what
nobody watches is never decoded.
"""

from typing import Any

from kasugai.adapters.kafka.records import Headers, Incoming
from kasugai.core.words.signals import Stamp
from kasugai.schemas.codec import Undecodable, decode, encode


class Record:
    """A record where it stands."""

    __slots__ = ("_raw", "_value", "headers", "key", "stamp")

    def __init__(self, stamp: Stamp, key: str, given: object, headers: Headers = ()) -> None:
        """`given` is a core value, or bytes, which stand as they are; None is a deleted key of a compacted topic."""
        self.stamp = stamp
        self.key = key
        self.headers = headers
        self._raw: bytes | None = given if isinstance(given, bytes) else None
        self._value: Any = None if isinstance(given, bytes) else given

    @property
    def value(self) -> Any:
        """The core value; None when these bytes are no value of ours."""
        if self._value is None and self._raw is not None:
            self._value = _value_of(self._raw)
        return self._value

    @property
    def raw(self) -> bytes | None:
        """The bytes as a consumer gets them."""
        if self._raw is None and self._value is not None:
            self._raw = encode(self._value)
        return self._raw

    def incoming(self, topic: str) -> Incoming:
        """Return the record as a consumer of `topic` gets it."""
        return Incoming(
            topic=topic,
            partition=self.stamp.partition,
            offset=self.stamp.offset,
            at=self.stamp.at,
            key=self.key.encode(),
            value=self.raw,
            headers=self.headers,
        )


def _value_of(raw: bytes) -> Any:
    try:
        return decode(raw)
    except Undecodable:
        return None
