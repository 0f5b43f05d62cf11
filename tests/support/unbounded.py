"""Records as a writer sends them that knows no bounds: what encode() refuses."""

from collections.abc import Hashable
from io import BytesIO
from typing import Any, cast

import fastavro

from kasugai.schemas import mapper
from kasugai.schemas.codec import schema_of
from kasugai.schemas.mapper import By


def frame(value: object) -> bytes:
    """Return the frame of a value, whatever its fields hold."""
    cls: type = type(value)
    return frame_of(cls, mapper.writer(cast("Hashable", cls), By.OURSELVES)(value))


def frame_of(cls: type, body: dict[str, Any]) -> bytes:
    """Return the frame of a `cls` with that body."""
    out = BytesIO()
    out.write(b"\0" + schema_of(cls).id.to_bytes(4, "big"))
    fastavro.schemaless_writer(out, schema_of(cls).parsed, body)
    return out.getvalue()
