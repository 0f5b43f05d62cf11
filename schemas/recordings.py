"""Recordings: what was in the mailbox for a while, and what was decided, as one file (docs/operators/replay.md).

A file is one gzip stream: a line that names the format and its version, a line of JSON (`About`), then entries, each a
fixed head and the frame of a record as it lay in its topic. Frames carry the ids of their schemas, so that a newer
Kasugai reads an old recording by the same rules as an old record. Headers and keys are left out: what agents sign
with, and traces, is in none. It is written and read entry by entry, whatever its length.
"""

import gzip
import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, TypeAlias

from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.core.words.timing import PRODUCTION, BrokerTime, Timing
from kasugai.schemas.registry import versions
from kasugai.schemas.topics import INCIDENTS, RECOVERY, SIGNALS, VERDICTS

FORMAT = b"kasugai recording "
VERSION = 1
"""Of the format: entries and what their numbers mean. What is in a frame has versions of its own."""
NUMBERS: dict[str, int] = {
    SIGNALS: 1,
    VERDICTS: 2,
    RECOVERY: 3,
    **{INCIDENTS[kind]: 4 + at for at, kind in enumerate(INCIDENT_KINDS)},
}
"""By topic: its number in an entry."""
ROWS = "rows"
"""What stands in an entry's topic where its frame is a row of correlate's table as it was when the recording begins."""
_ROWS_NUMBER = 0
_NAMES = {number: name for name, number in NUMBERS.items()} | {_ROWS_NUMBER: ROWS}
_HEAD = struct.Struct(">BIqqI")
_LONGEST_LINE = 10_000
_LARGEST_FRAME = 64 << 20
_LATEST = 253_402_300_800_000
"""Milliseconds from 1970 to the end of the year 9999: what is later can be told to nobody."""
_BUFFER = 1 << 18


Packed: TypeAlias = "BufferedReader[gzip.GzipFile]"


class BadRecording(Exception):
    """This file is no recording, ends early, or is of a newer Kasugai; the message says which, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a recording is of."""

    begin: BrokerTime
    """Broker time from which on decisions are compared: before that, something may be missing."""
    end: BrokerTime
    """Broker time up to which, without, records were taken."""
    timing: Timing = PRODUCTION
    """What correlate ran with."""
    made_by: str = ""
    """The version of Kasugai that wrote it: told, never decided upon."""


class Entry(NamedTuple):
    """One record of a recording. A tuple, for there are a million in a month."""

    topic: str
    """A topic's name, or `ROWS`."""
    partition: int
    """Of its topic; of a row that of the mailbox."""
    offset: int
    at: int
    """The record's timestamp in milliseconds: the broker's."""
    frame: bytes

    @property
    def stamp(self) -> Stamp:
        """Where and when it stood."""
        return Stamp(partition=self.partition, offset=self.offset, at=BrokerTime(self.at))


class RecordingWriter:
    """A recording that grows. Equal entries give equal bytes."""

    def __init__(self, file: IO[bytes], about: About) -> None:
        """Write the beginning to `file`."""
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
        head = json.dumps(asdict(about) | {"schemas": _schemas()}, sort_keys=True).encode()
        self._gzip.write(b"%s%d\n%s\n" % (FORMAT, VERSION, head))

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write its end."""
        self._gzip.close()

    def add(self, entry: Entry) -> None:
        """Write an entry. In which order: first what was decided, by topic, partition and offset; then each partition
        of the mailbox, its rows before its letters."""
        number = _ROWS_NUMBER if entry.topic == ROWS else NUMBERS[entry.topic]
        head = _HEAD.pack(number, entry.partition, entry.offset, entry.at, len(entry.frame))
        self._gzip.write(head + entry.frame)


def _schemas() -> dict[str, str]:
    """Which schemas frames may be written with, by their ids: before its first release a schema may still change under
    its id, and a frame would be read as something else."""
    return {str(number): version.fingerprint for number, version in sorted(versions().items())}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is being read."""

    about: About
    entries: Iterator[Entry]
    """Raises BadRecording where the file ends early or is damaged."""


@contextmanager
def opened(path: Path) -> Iterator[Recording]:
    """Open a recording; raise BadRecording for anything else, and OSError where it cannot be read."""
    with gzip.open(path, "rb") as packed, BufferedReader(packed, _BUFFER) as file:
        with _reading(path):
            about = _about(file)
        yield Recording(about, _entries(path, file))


def _about(file: Packed) -> About:
    first = file.readline(_LONGEST_LINE)
    if not first.startswith(FORMAT):
        raise BadRecording("it does not begin as a recording of Kasugai does")
    version = first.removeprefix(FORMAT).strip()
    if version != b"%d" % VERSION:
        raise BadRecording(
            f"its format is {version[:20].decode(errors='replace')}, this Kasugai reads {VERSION}"
        )
    return _told(file.readline(_LONGEST_LINE))


def _told(line: bytes) -> About:
    """Words that a later version adds are passed over: what changes the meaning of others changes the version."""
    try:
        told: dict[str, Any] = json.loads(line)
        _check_schemas(told["schemas"])
        names = {field.name for field in fields(Timing)}
        timing = {name: int(value) for name, value in told["timing"].items() if name in names}
        about = About(
            begin=BrokerTime(int(told["begin"])),
            end=BrokerTime(int(told["end"])),
            timing=replace(PRODUCTION, **timing),  # type: ignore[arg-type]
            made_by=str(told["made_by"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadRecording("its second line does not say what it is of") from error
    if not 0 <= about.begin < about.end < _LATEST:
        raise BadRecording("its second line names no span of time in which anything could be compared")
    return about


def _check_schemas(told: dict[str, str]) -> None:
    """Raise BadRecording where a schema is not known, or not by this form."""
    known = _schemas()
    for number, fingerprint in told.items():
        if number not in known:
            raise BadRecording(f"a newer Kasugai wrote it: schema {str(number)[:20]} is not known here")
        if fingerprint != known[number]:
            raise BadRecording(
                f"a Kasugai before the first release wrote it: schema {number} has another form here"
            )


def _entries(path: Path, file: Packed) -> Iterator[Entry]:
    with _reading(path):
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise EOFError
            number, partition, offset, at, length = _HEAD.unpack(head)
            if number not in _NAMES or length > _LARGEST_FRAME:
                raise BadRecording("it is damaged: an entry is none")
            frame = file.read(length)
            if len(frame) < length:
                raise EOFError
            yield Entry(_NAMES[number], partition, offset, at, frame)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say what is wrong with a file in one line that names it."""
    try:
        yield
    except BadRecording as error:
        raise BadRecording(f"{path}: {error}") from error
    except EOFError as error:
        raise BadRecording(f"{path}: it ends early: whoever wrote it was interrupted") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadRecording(f"{path}: it is no recording, or damaged: {error}") from error
