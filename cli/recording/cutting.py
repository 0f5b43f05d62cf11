"""Cuts a recording out of the topics. It only reads, and joins no group.

A recording begins with correlate's rows as they were then. Nobody keeps those: they are what the mailbox before that
leads to, as far back as the topic goes, by today's rules. Of a topic whose beginning has been deleted the first day is
read and not compared: route tells the mailbox of all segments and hosts once a day, and what else lies further back is
not known.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import IO

from kasugai.adapters.faust.port import Poison
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.deciding.mailbox import Mailbox
from kasugai.core.deciding.rows import Row
from kasugai.core.words.timing import BrokerTime, Millis, Timing, later
from kasugai.schemas.codec import encode
from kasugai.schemas.recordings import NUMBERS, ROWS, About, Entry, RecordingWriter
from kasugai.schemas.topics import SIGNALS
from kasugai.streams.correlate_shell import letter_in
from kasugai.streams.frames import Frames

TOLD_ANEW: Millis = Millis(25 * 3_600_000)
"""Within this the mailbox has heard of every segment and host at least once, and of what stands against them."""
ASTRAY: Millis = Millis(600_000)
"""So far may the stamp of a verdict, which is its producer's, be off."""

Progress = Callable[[str, int, int], None]
"""Told what is read, how many records of how many."""


class Nothing(Exception):
    """There is nothing to record; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of one partition."""

    topic: str
    partition: int
    first: int
    """The first offset that is there."""
    begin: int
    end: int
    """Recorded from `begin` up to, without, `end`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was written."""

    about: About
    records: int
    before: int
    """Records before the beginning, from which its rows follow."""


class Cutter:
    """Reads what lies between two times, and writes it."""

    def __init__(self, reader: Reader, timing: Timing, progress: Progress) -> None:
        """Read by `reader`; `timing` is what correlate runs with."""
        self._reader, self._timing, self._progress = reader, timing, progress
        self._read, self._before, self._all = 0, 0, 0

    async def cut(self, begin: BrokerTime | None, end: BrokerTime, file: IO[bytes]) -> Cut:
        """Write a recording of what lies from `begin` (None: as far back as there is) up to `end`. Raises Nothing,
        LogAway."""
        mailbox = await self._stretches(SIGNALS, begin, end)
        if not any(each.begin < each.end for each in mailbox):
            raise Nothing("the mailbox (kasugai.signals) holds nothing of that time")
        past = [
            stretch
            for topic in sorted(NUMBERS, key=NUMBERS.__getitem__)
            if topic != SIGNALS
            for stretch in await self._stretches(topic, begin and later(begin, Millis(-ASTRAY)), None)
        ]
        about = await self._about(begin, end, mailbox)
        self._all = sum(s.end - s.begin for s in past) + sum(s.end - s.first for s in mailbox)
        with RecordingWriter(file, about) as writer:
            for stretch in past:
                await self._copy(stretch, writer)
            for stretch in mailbox:
                await self._copy_mailbox(stretch, writer)
        return Cut(about=about, records=self._read - self._before, before=self._before)

    async def _stretches(self, topic: str, begin: BrokerTime | None, end: BrokerTime | None) -> list[Stretch]:
        found = []
        for partition in await self._reader.partitions(topic):
            low, high = await self._reader.bounds(topic, partition)
            first = low if begin is None else await self._reader.at(topic, partition, begin)
            last = high if end is None else await self._reader.at(topic, partition, end)
            found.append(
                Stretch(topic=topic, partition=partition, first=low, begin=max(low, first), end=last)
            )
        return found

    async def _about(self, begin: BrokerTime | None, end: BrokerTime, mailbox: Sequence[Stretch]) -> About:
        """What is compared begins where all that matters is known."""
        known = begin or BrokerTime(0)
        for stretch in mailbox:
            if stretch.first > 0 and stretch.first < stretch.end:
                known = max(known, later(await self._stamp(stretch), TOLD_ANEW))
        if known >= end:
            raise Nothing(
                "of that time the mailbox (kasugai.signals) is not whole any more: its beginning has been deleted less "
                "than a day before"
            )
        return About(begin=known, end=end, timing=self._timing, made_by=version("kasugai"))

    async def _stamp(self, stretch: Stretch) -> BrokerTime:
        read = await self._reader.read_range(
            stretch.topic, stretch.partition, stretch.first, stretch.first + 1
        )
        return read.records[0].stamp.at if read.records else BrokerTime(0)

    async def _copy(self, stretch: Stretch, writer: RecordingWriter) -> None:
        async for record in self._records(stretch, stretch.begin):
            writer.add(_entry(record))

    async def _copy_mailbox(self, stretch: Stretch, writer: RecordingWriter) -> None:
        """Write a partition's rows as they were when it begins, then its letters."""
        before = _Before(stretch, self._timing)
        has_begun = stretch.first == stretch.begin
        async for record in self._records(stretch, stretch.first):
            if record.offset < stretch.begin:
                before.take(record)
                self._before += 1
                continue
            if not has_begun:
                before.write(writer)
                has_begun = True
            writer.add(_entry(record))

    async def _records(self, stretch: Stretch, first: int) -> AsyncIterator[Incoming]:
        async for piece in self._reader.stretch(stretch.topic, stretch.partition, first, stretch.end):
            self._read += len(piece)
            self._progress(f"{stretch.topic} {stretch.partition}", self._read, self._all)
            for record in piece:
                if record.value is not None:
                    yield record


class _Before:
    """A partition of the mailbox up to where a recording begins."""

    def __init__(self, stretch: Stretch, timing: Timing) -> None:
        self._frames = Frames()
        self._stretch = stretch
        self._mailbox = Mailbox.restore(stretch.partition, (), timing, self._frames.misfit)

    def take(self, record: Incoming) -> None:
        try:
            self._mailbox.take(letter_in(record.value), record.stamp)
        except Poison:
            return
        self._frames.clear()

    def write(self, writer: RecordingWriter) -> None:
        for row in self._mailbox.rows():
            writer.add(_row(self._stretch.partition, row))


def _row(partition: int, row: Row) -> Entry:
    return Entry(ROWS, partition, row.offset, 0, encode(row))


def _entry(record: Incoming) -> Entry:
    return Entry(record.topic, record.partition, record.offset, record.stamp.at, record.value or b"")


async def cut(
    kafka: KafkaSettings,
    timing: Timing,
    begin: BrokerTime | None,
    end: BrokerTime,
    file: IO[bytes],
    progress: Progress,
) -> Cut:
    """Write a recording of what Kafka holds from `begin` (None: as far back as there is) up to `end` into `file`."""
    async with Reader(kafka, "kasugai-record") as reader:
        return await Cutter(reader, timing, progress).cut(begin, end, file)
