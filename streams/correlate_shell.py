"""`Correlate` as the Faust shell wants it: bytes are turned into values at the door, and back.

The order of effects is `Correlate`'s, the care about Kafka is the shell's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from kasugai.adapters.faust.port import Bury, Ended, Poison, Record, Write
from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.records import Incoming, Sink
from kasugai.adapters.kafka.trace import trace_of
from kasugai.adapters.telemetry.lags import Lags
from kasugai.adapters.telemetry.tracing import Threads
from kasugai.core.deciding.mailbox import MadeAnew
from kasugai.core.deciding.rows import Row, Tombstone, Written
from kasugai.core.words.signals import Letter, Stamp, Tick, subject_of
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, decode, encode
from kasugai.schemas.topics import CHANGELOG, CORRELATE_APP, SIGNALS
from kasugai.streams.correlate import Correlate, Rest
from kasugai.streams.correlate_trace import keep_trace
from kasugai.streams.frames import Frames


class Anew(Exception):
    """The mailbox's topic is not the one that the rows are about; the text says what to type."""


class CorrelateShell:
    """`Correlate` as the shell wants it."""

    def __init__(
        self,
        correlate: Correlate,
        threads: Threads | None = None,
        lags: Lags | None = None,
        frames: Frames | None = None,
    ) -> None:
        """Stand before `correlate`; `lags` is told what is in hand, `frames` has what was encoded already."""
        self._correlate = correlate
        self._frames = frames or Frames()
        self._threads = threads or Threads()
        self._lags = lags or Lags()
        self._in_hand: dict[int, deque[int]] = {}
        """By partition: the timestamps of the records that are begun and not finished, in their order."""

    def restore(self, partition: int, rows: Iterable[tuple[str, bytes]]) -> None:
        """Hand a partition's rows over. What it raises ends the process: Undecodable when one is of a newer Kasugai,
        Anew when they are about another topic than the one that is read."""
        self._in_hand[partition] = deque()
        try:
            self._correlate.restore(partition, [row_of(value) for _, value in rows])
        except MadeAnew as error:
            raise Anew(
                f"{SIGNALS} was made anew and {CHANGELOG} was not, by whose offsets new records would be passed over "
                f"({error}): type kasugai topics remake"
            ) from error

    def revoke(self, partition: int) -> None:
        """Take a partition away."""
        self._in_hand.pop(partition, None)
        self._lags.done((SIGNALS, partition))
        self._correlate.revoke(partition)

    def begin(self, record: Record) -> "Finishing":
        """Decide a record; what cannot be read is Poison, what cannot be decided is when it is finished."""
        self._lags.taken[SIGNALS] += 1
        letter = letter_of(record)
        keep_trace(self._threads, letter)
        self._took(record)
        stamp = Stamp(partition=record.partition, offset=record.offset, at=BrokerTime(record.at))
        rest = self._correlate.begin(letter, stamp)
        frames = tuple(
            Ended(row.offset) if isinstance(row, Tombstone) else self._frames.take(row) for row in rest.rows
        )
        self._frames.clear()
        return Finishing(rest, frames, lambda: self._done(record.partition))

    def _took(self, record: Record) -> None:
        in_hand = self._in_hand[record.partition]
        in_hand.append(record.at)
        self._lags.took((SIGNALS, record.partition), in_hand[0])

    def _done(self, partition: int) -> None:
        in_hand = self._in_hand[partition]
        in_hand.popleft()
        if in_hand:
            self._lags.took((SIGNALS, partition), in_hand[0])
        else:
            self._lags.done((SIGNALS, partition))

    def tick(self, partition: int) -> tuple[None, bytes] | None:
        """Return the partition's tick, if it is time."""
        tick = self._correlate.tick(partition, asyncio.get_running_loop().time())
        return None if tick is None else (None, encode(Letter(segment="", signal=tick)))


@dataclass(frozen=True, slots=True)
class Finishing:
    """A decided record's rest as the shell wants it."""

    rest: Rest
    frames: tuple[bytes | Ended, ...]
    """Of its rows."""
    done: Callable[[], None]

    async def finish(self, write: Write) -> None:
        """Await the publications and write the rows; Poison when the record cannot be decided."""
        frames = iter(self.frames)

        async def write_row(row: Written) -> None:
            await write(row.key, next(frames))

        await self.rest.finish(write_row)
        self.done()
        if self.rest.trouble is not None:
            raise Poison(self.rest.trouble)

    def drop(self) -> None:
        """Publish nothing more."""
        self.rest.drop()


def letter_of(record: Record) -> Letter:
    """Return the letter that a record of the mailbox holds, with its trace; Poison when it holds none."""
    return replace(letter_in(record.value), trace=trace_of(record.headers))


def letter_in(value: bytes | None) -> Letter:
    """Return the letter that a record's value holds; Poison when it holds none."""
    try:
        letter = decode(value or b"")
    except Undecodable as error:
        raise Poison(str(error)) from error
    if not isinstance(letter, Letter):
        raise Poison(f"a {type(letter).__name__} does not belong into the mailbox")
    if (letter.segment == "") is not isinstance(letter.signal, Tick):
        whom = "no segment" if letter.segment == "" else "one segment"
        raise Poison(f"a {type(letter.signal).__name__} to {whom} does not belong into the mailbox")
    subject = subject_of(letter.signal)
    if subject is not None and subject.kind not in INCIDENT_KINDS:
        raise Poison(
            f"a {type(letter.signal).__name__} about a {subject.kind} does not belong into the mailbox"
        )
    return letter


def row_of(value: bytes) -> Row:
    """Return the row that a value of the table holds; Undecodable when it holds none."""
    row = decode(value)
    if not isinstance(row, Row):
        raise Undecodable(f"a {type(row).__name__} is no row")
    return row


def offset_of(value: bytes) -> int:
    """Return the mailbox offset that a row was written at."""
    return row_of(value).offset


def burying(producer: Sink) -> Bury:
    """Return the way of a poisonous record to the mailbox's dead letters, under the error that it was found by."""
    graves = DeadLetters(producer, CORRELATE_APP)

    async def bury(record: Record, poison: Poison) -> None:
        cause = poison.__cause__
        await graves.bury(_as_it_came(record), cause if isinstance(cause, Exception) else poison)

    return bury


def _as_it_came(record: Record) -> Incoming:
    return Incoming(
        topic=SIGNALS,
        partition=record.partition,
        offset=record.offset,
        at=record.at,
        key=record.key,
        value=record.value,
        headers=record.headers,
    )
