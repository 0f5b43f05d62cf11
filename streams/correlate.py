"""Correlate: has a mailbox partition decided, publishes what was decided, then writes the rows.

It knows the order of effects (publish, await, write); what is decided and what a successor may skip is the core's
(`Mailbox`). It refuses to know Faust, Avro and the wall clock. The Faust shell (`correlate_shell`) and the simulator
both run exactly this.

Deciding runs ahead of the effects (ADR 11): a record is decided on what the records before it left in memory, while
their publications are still on their way. What is published goes out in the order of the decisions, and a record's rows
are written once its publications are acknowledged and the rows of all records before it are written.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kasugai.adapters.telemetry.catalogue import UNKEPT
from kasugai.adapters.telemetry.meters import count
from kasugai.core.deciding.mailbox import Mailbox, Misfit
from kasugai.core.deciding.rows import Row, Written
from kasugai.core.deciding.segments import Misfits, nothing_misfits
from kasugai.core.words.incident import Order, Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Letter, Stamp, Tick
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, Millis, Timing
from kasugai.core.words.verdicts import Verdict

LOG = logging.getLogger(__name__)

WriteRow = Callable[[Written], Awaitable[None]]
"""Writes one row or ends one; returns when its changelog write is on its way (the shell awaits the acknowledgement)."""


class Publishing(Protocol):
    """Publications that have begun. An asyncio.Task is one."""

    def __await__(self) -> Generator[Any, None, None]:
        """Return when the broker has acknowledged all; raise when it does not, which ends the process."""
        ...

    def cancel(self) -> object:
        """Hand over nothing more."""
        ...


class Publisher(Protocol):
    """Where decisions go."""

    def publish(self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter) -> Publishing:
        """Begin to publish all, in this order and behind all that was begun before."""
        ...


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left to do about a record that has been decided: its effects."""

    rows: tuple[Written, ...] = ()
    """In the order in which they are written."""
    publishing: Publishing | None = None
    trouble: str | None = None
    """Why the record is undecidable; None when all is well."""

    async def finish(self, write: WriteRow) -> None:
        """Await the publications, then write the rows; to be called when all earlier records are finished."""
        if self.publishing is not None:
            await self.publishing
        for row in self.rows:
            await write(row)

    def drop(self) -> None:
        """Do nothing more: the partition is somebody else's, who decides the record again."""
        if self.publishing is not None:
            self.publishing.cancel()


@dataclass(slots=True)
class _Partition:
    """A mailbox, and when this process did what, in seconds of its running event loop."""

    mailbox: Mailbox
    heard: float | None = None
    """When the last letter was taken."""
    ticked: float | None = None
    """When the last tick was sent."""


class Correlate:
    """The handler of the mailbox, for any number of partitions."""

    def __init__(
        self,
        publisher: Publisher,
        timing: Timing = PRODUCTION,
        misfit: Misfits = nothing_misfits,
        topic: str = "",
    ) -> None:
        """Start without partitions; `misfit` says what no record can carry, `topic` is the id of the mailbox's topic as
        far as it is known."""
        self._topic = topic
        self._misfit = misfit
        self._publisher = publisher
        self._timing = timing
        self._partitions: dict[int, _Partition] = {}

    def restore(self, partition: int, rows: Iterable[Row]) -> None:
        """Take over a partition with all of its rows, after an assignment. MadeAnew when they are another topic's."""
        mailbox = Mailbox.restore(partition, rows, self._timing, self._misfit, self._topic)
        self._partitions[partition] = _Partition(mailbox)

    def revoke(self, partition: int) -> None:
        """Forget a partition."""
        self._partitions.pop(partition, None)

    def phases(self) -> Counter[tuple[Kind, Phase]]:
        """Return how many subjects are in which phase now; those whose story is over are not counted."""
        return sum((each.mailbox.phases() for each in list(self._partitions.values())), Counter())

    def policies(self) -> list[Policy]:
        """Return the policies of the described segments of its partitions."""
        return [policy for each in list(self._partitions.values()) for policy in each.mailbox.policies()]

    def tick(self, partition: int, now: float) -> Tick | None:
        """Return the tick to write into the partition now, if it is time; `now` is the time of
        the running event loop in seconds."""
        state = self._partitions.get(partition)
        if state is None:
            return None
        quiet = Millis(0 if state.heard is None else round((now - state.heard) * 1000))
        since = None if state.ticked is None else Millis(int((now - state.ticked) * 1000))
        tick = state.mailbox.tick(quiet, since)
        if tick is not None:
            state.ticked = now
        return tick

    def begin(self, letter: Letter, stamp: Stamp) -> Rest:
        """Decide one record, and begin to publish what was decided."""
        state = self._partitions[stamp.partition]
        state.heard = asyncio.get_running_loop().time()
        decided = state.mailbox.take(letter, stamp)
        for error in decided.errors:
            if isinstance(error, Misfit):
                LOG.error("what a record led to fits into none, and is not carried out: %s", error)
            else:
                LOG.error("a record cannot be decided; its segment is disarmed", exc_info=error)
        if decided.unkept:
            count(UNKEPT, decided.unkept)
        publishing = None
        if decided.verdicts or decided.orders:
            publishing = self._publisher.publish(decided.verdicts, decided.orders, letter)
        return Rest(decided.rows, publishing, decided.trouble)
