"""Bytes to core values and back: Confluent framing (a zero byte, a four-byte schema id, an Avro body).

Equal values give equal bytes. Whatever is wrong with bytes is one `Undecodable` with a one-line reason; what to do
with such a record (dead letter, or stop) is the reader's business.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

import fastavro

from kasugai.core.deciding.rows import ClockRow, HostRow, SegmentRow, SubjectRow
from kasugai.core.words.facts import Fact
from kasugai.core.words.heartbeats import Beat, Pulse
from kasugai.core.words.incident import Open, Resume, Stop
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.lifelines import Lifeline
from kasugai.core.words.sighting import Sighting
from kasugai.core.words.signals import Command, Fault, InventoryChange, Letter, Outcome, Tick
from kasugai.core.words.silences import Silence
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas import mapper
from kasugai.schemas.registry import FIRST_ID, LAST_ID, Version, newest, versions
from kasugai.schemas.writing import HEAD as HEAD  # noqa: PLC0414 - of frames, which are read here
from kasugai.schemas.writing import MAGIC as MAGIC  # noqa: PLC0414
from kasugai.schemas.writing import Unencodable as Unencodable  # noqa: PLC0414
from kasugai.schemas.writing import Writer, line_of, writer_of, written

REMEMBERED = 20_000
"""Frames whose values are kept while somebody has them remembered."""

CLASSES: tuple[type, ...] = (
    Fault,
    Tick,
    Command,
    Outcome,
    InventoryChange,
    SegmentRecord,
    HostRecord,
    Letter,
    Verdict,
    Open,
    Stop,
    Resume,
    Fact,
    SubjectRow,
    SegmentRow,
    HostRow,
    ClockRow,
    Beat,
    Pulse,
    Silence,
    Lifeline,
    Sighting,
)
"""What may stand in a frame of its own, in the order of the first ids."""

ROWS = (SubjectRow, SegmentRow, HostRow, ClockRow)
"""What correlate alone writes."""


class Undecodable(Exception):
    """These bytes are no value of ours; the message says why in one line."""


class NewerSchema(Undecodable):
    """A frame with an id of ours that this version does not carry: written by a newer Kasugai. One with an id that is
    not ours is merely Undecodable."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How one schema id is read."""

    name: str
    written: Any
    wanted: Any
    """The newest schema of the type, or None when the record was written with it."""
    build: Callable[[Any], Any]


def encode(value: object) -> bytes:
    """Return the frame of `value`, written with the newest schema of its class."""
    return written(value, _WRITERS.get(value.__class__) or _writer(value.__class__))


def decode(data: bytes) -> object:
    """Return the value of a frame; raise `Undecodable` for anything else."""
    return _decode(data)


@contextmanager
def remembering() -> Iterator[None]:
    """Decode equal frames once within the block: for whoever plays the same records over and over. Values are frozen,
    so that nobody can tell."""
    global _decode  # noqa: PLW0603 - the one switch
    before, _decode = _decode, _remembered
    try:
        yield
    finally:
        _decode = before


def _decode_frame(data: bytes) -> object:
    way = _ways().get(frame_id(data))
    if way is None:
        raise _unknown(frame_id(data))
    fo = BytesIO(data)
    fo.seek(HEAD)
    try:
        value = way.build(fastavro.schemaless_reader(fo, way.written, way.wanted))
    except mapper.Unfit as error:
        raise Undecodable(f"{way.name}: {error}") from error
    except EOFError as error:
        raise Undecodable(f"short data: a {way.name} ends after {len(data)} bytes") from error
    except Exception as error:
        raise Undecodable(f"bad body of a {way.name}: {line_of(error)}") from error
    if fo.tell() != len(data):
        raise Undecodable(f"{len(data) - fo.tell()} trailing bytes after a {way.name}")
    return value


_remembered = lru_cache(REMEMBERED)(_decode_frame)
_decode: Callable[[bytes], object] = _decode_frame


def frame_id(data: bytes) -> int:
    """Return the schema id of a frame without reading its body; raise `Undecodable` when `data` is no frame."""
    if len(data) < HEAD:
        raise Undecodable(f"short data: {len(data)} bytes are no frame")
    if data[0] != MAGIC:
        raise Undecodable(f"bad magic byte 0x{data[0]:02x}: not Confluent framing")
    return int.from_bytes(data[1:HEAD], "big")


def schema_of(cls: type) -> Version:
    """Return the schema that a `cls` is written with."""
    return newest(cls.__name__)


def _unknown(id_: int) -> Undecodable:
    if FIRST_ID <= id_ <= LAST_ID:
        return NewerSchema(
            f"unknown schema id {id_}: written by a newer Kasugai, this one knows up to {max(versions())}"
        )
    return Undecodable(f"unknown schema id {id_}: not written by Kasugai")


_WRITERS: dict[type, Writer] = {}


def _writer(cls: type) -> Writer:
    if cls not in CLASSES:
        raise Unencodable(f"{cls.__name__} has no schema")
    _WRITERS[cls] = writer_of(cls, _by(cls))
    return _WRITERS[cls]


@cache
def _ways() -> dict[int, _Way]:
    classes = {cls.__name__: cls for cls in CLASSES}
    return {id_: _way(version, classes[version.type]) for id_, version in versions().items()}


def _way(version: Version, cls: type) -> _Way:
    latest = newest(version.type)
    wanted = None if latest is version else latest.parsed
    return _Way(version.type, version.parsed, wanted, mapper.reader(cls, _by(cls)))


def _by(cls: type) -> mapper.By:
    return mapper.By.OURSELVES if cls in ROWS else mapper.By.ANYBODY
