"""Carries correlate's decisions to one receiver for ever, as a member of the receiver's own group.

What is behind has its place in Kafka alone: a receiver that is away is waited for, with longer and longer pauses, while
others go on. A decision is done when it was told or is nobody's business; only then its offset is committed.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.trouble import Trouble
from kasugai.announcers.notifier import Notifier
from kasugai.announcers.sending import Away
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import VERDICTS

LOG = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before what was not taken is sent again: doubled each time."""
BATCH = 100
EVERYTHING = frozenset({VERDICTS})
NOTHING: frozenset[str] = frozenset()


class Source(Protocol):
    """The group's member (adapters/kafka/route_loop.Batches)."""

    async def next(self, limit: int = ..., wait: float = ...) -> list[Incoming]:
        """Return what is there, or what comes within `wait` seconds."""
        ...

    async def commit(self, records: Sequence[Incoming]) -> bool:
        """Commit up to and including `records`."""
        ...

    async def rewind(self, records: Sequence[Incoming]) -> None:
        """Read `records` again."""
        ...

    async def rest(self, topics: frozenset[str]) -> None:
        """Read nothing of these topics until told otherwise."""
        ...


class Round:
    """One receiver's."""

    def __init__(self, notifier: Notifier, source: Source, *, first_pause: float = FIRST_PAUSE) -> None:
        """Nothing is read yet."""
        self._notifier, self._source = notifier, source
        self._first_pause = self._pause = first_pause
        self.receiver = notifier.receiver.name
        self.trouble = Trouble(f"receiver {self.receiver}", LOG)
        """Why it takes nothing."""

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            await self.once()

    async def once(self, wait: float = 0.2) -> None:
        """Tell what comes within `wait` seconds, or as much of it as is taken."""
        records = await self._source.next(BATCH, wait)
        for done, record in enumerate(records):
            try:
                was_told = await self._tell(record)
            except Away as away:
                await self._put_off(records[done:], away)
                return
            if was_told:
                await self._source.commit(records[: done + 1])
        if records:
            await self._source.commit(records)

    async def _tell(self, record: Incoming) -> bool:
        verdict = _verdict_of(record)
        telling = None if verdict is None else await self._notifier.tell(verdict)
        if telling is None:
            return False
        known = await self._notifier.send(telling)
        self.trouble.over()
        self._pause = self._first_pause
        await self._notifier.remember(telling, known)
        return True

    async def _put_off(self, records: Sequence[Incoming], away: Away) -> None:
        """Wait as a member that reads nothing: the group takes nobody's place away who goes on asking."""
        self.trouble.note(str(away))
        await self._source.rewind(records)
        await self._source.rest(EVERYTHING)
        loop = asyncio.get_running_loop()
        until = loop.time() + max(self._pause, away.wait)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        while (left := until - loop.time()) > 0:
            await self._source.next(1, min(left, 1.0))
        await self._source.rest(NOTHING)


def _verdict_of(record: Incoming) -> Verdict | None:
    """What cannot be read is told by those who decide by it; here it is passed over."""
    try:
        value = decode(record.value or b"")
    except Undecodable as error:
        LOG.warning("%s/%d/%d cannot be told: %s", record.topic, record.partition, record.offset, error)
        return None
    return value if isinstance(value, Verdict) else None
