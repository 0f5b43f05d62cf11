"""Sends what waits in the store, in order, and forgets only what a delivery report has confirmed.

While Kafka is away everything stays where it is and is tried again; what comes twice then comes under the same id. What
no broker will ever take is dropped, with a line in the log.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from kasugai.adapters.kafka.post import PostFull, Report
from kasugai.adapters.outbox import Waiting
from kasugai.agents.store import Store
from kasugai.core.words.log import LogAway, LogRefused

BATCH = 500
RETRY = 1.0
"""Seconds between two attempts while Kafka is away."""
FIRST_LOOK, SLOWEST_LOOK = 0.005, 0.2
"""Seconds between two looks for delivery reports: at first, and when none comes."""

log = logging.getLogger(__name__)

Headers = Sequence[tuple[str, bytes]]


class Seal(Protocol):
    """What proves whose word a record is."""

    def header(self, topic: str, key: str, value: bytes) -> tuple[str, bytes]:
        """Return the header to be sent along."""


class Mail(Protocol):
    """Where records go (`adapters.kafka.post.Post`)."""

    def send(self, topic: str, key: str, value: bytes, headers: Headers, report: Report) -> None:
        """Hand a record over; raise LogRefused or PostFull."""

    def serve(self) -> None:
        """Let reports be told."""


class Sender:
    """One per agent; its own task."""

    def __init__(self, store: Store, mail: Mail, seal: Seal | None) -> None:
        """Send from `store` by `mail`; without a seal nothing proves whose words they are."""
        self._store = store
        self._mail = mail
        self._seal = seal
        self._wake = asyncio.Event()
        self._confirmed: list[int] = []
        self._under_way = 0
        self.trouble = ""
        """Why Kafka takes nothing, in one line; empty while it does or nothing was tried."""

    def wake(self) -> None:
        """Say that something new waits."""
        self._wake.set()

    def sealed(self, topic: str, key: str, value: bytes, headers: Headers = ()) -> Headers:
        """Return headers with the proof of whose word a record is, where there is a key."""
        return headers if self._seal is None else (*headers, self._seal.header(topic, key, value))

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._wake.clear()
            try:
                moved = self._hand_over()
                await self._settle()
            finally:
                self.book()
            if self.trouble:
                self._store.rewind()
                await asyncio.sleep(RETRY)
            elif not moved:
                await self._asked()

    async def _asked(self) -> None:
        """Wait for something new; look again from time to time while the disk takes nothing."""
        try:
            await asyncio.wait_for(self._wake.wait(), RETRY if self._store.trouble else None)
        except TimeoutError:
            return

    def _hand_over(self) -> bool:
        self.trouble = ""
        batch = self._store.next(BATCH)
        for number, record in batch:
            if self.trouble:
                break  # what follows is handed out again, behind what failed
            self._send(number, record)
        return bool(batch)

    def _send(self, number: int, record: Waiting) -> None:
        headers = self.sealed(record.topic, record.key, record.value, record.headers)
        try:
            self._mail.send(record.topic, record.key, record.value, headers, self._reporter(number))
            self._under_way += 1
        except LogRefused as error:
            self._refused(number, error)
        except PostFull as error:
            self.trouble = f"Kafka takes no records: {str(error) or 'too many are under way'}"

    def _reporter(self, number: int) -> Callable[[LogAway | LogRefused | None], None]:
        def report(found: LogAway | LogRefused | None) -> None:
            self._under_way -= 1
            match found:
                case None:
                    self._confirmed.append(number)
                case LogRefused():
                    self._refused(number, found)
                case LogAway():
                    self.trouble = str(found)

        return report

    def _refused(self, number: int, error: LogRefused) -> None:
        log.error("a word is lost: %s", error)
        self._confirmed.append(number)

    async def _settle(self) -> None:
        """Wait until every record that was handed over has its report; each one ends, by its time-out if by nothing
        else."""
        pause = FIRST_LOOK
        while self._under_way:
            self._mail.serve()
            if self._confirmed:
                self.book()
                pause = FIRST_LOOK
            if self._under_way:
                await asyncio.sleep(pause)
                pause = min(2 * pause, SLOWEST_LOOK)

    def book(self) -> None:
        """Forget what was confirmed."""
        if self._confirmed:
            confirmed, self._confirmed = self._confirmed, []
            self._store.confirm(confirmed)
