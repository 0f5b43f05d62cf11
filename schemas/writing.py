"""Core values to bytes: Confluent framing (a zero byte, a four-byte schema id, an Avro body).

Equal values give equal bytes. It knows no class of its own, so that whoever only writes (an agent on a hypervisor)
loads none but those that it writes; what may stand in a frame is the codec's business.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import fastavro

from kasugai.core.words.log import LogRefused
from kasugai.schemas import mapper
from kasugai.schemas.bounds import Broken
from kasugai.schemas.registry import newest

MAGIC = 0
HEAD = 5
"""Bytes before the body."""

Writer = tuple[bytes, Any, Callable[[Any], Any]]
"""The head, the parsed schema, and what turns a value into what fastavro writes."""


class Unencodable(LogRefused):
    """This value has no form on the wire, or holds more than its readers take."""


def writer_of(cls: type, by: mapper.By = mapper.By.ANYBODY) -> Writer:
    """Return how a `cls` is written, with its newest schema; ValueError when none is pinned for it."""
    version = newest(cls.__name__)
    head = bytes((MAGIC,)) + version.id.to_bytes(4, "big")
    return head, version.parsed, mapper.writer(cls, by)


def written(value: object, writer: Writer) -> bytes:
    """Return the frame of `value` as its writer writes it; raise `Unencodable` for one that has no form."""
    head, schema, turn = writer
    out = BytesIO()
    out.write(head)
    try:
        fastavro.schemaless_writer(out, schema, turn(value), strict=True)
    except Broken as broken:
        raise Unencodable(f"{type(value).__name__}: {broken}") from None
    except Exception as error:
        raise Unencodable(f"{type(value).__name__}: {line_of(error)}") from error
    return out.getvalue()


def line_of(error: Exception) -> str:
    """Return an error's message as one line of bounded length; fastavro quotes whole schemas."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
