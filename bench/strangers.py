"""What correlate's memory does when somebody invents names: faults about hosts that no segment has, and commands to
segments that nobody has described. One mailbox, without servers: only what a decision keeps is weighed.
"""

import gc
import tracemalloc
from collections.abc import Iterator

from bench.figures import Figure
from bench.site import say
from kasugai.core.deciding.ending import UNKNOWN_MOST
from kasugai.core.deciding.mailbox import Mailbox
from kasugai.core.deciding.rows import Tombstone
from kasugai.core.words.identity import derive
from kasugai.core.words.signals import (
    UNKNOWN_SEGMENT,
    Command,
    Instruction,
    Letter,
    Signal,
    Source,
    Stamp,
    Tick,
    fault,
)
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.streams.frames import Frames

NAMES = 100_000
FIRST = 2 * UNKNOWN_MOST
"""Names after which memory is weighed for the first time: what is kept has been reached by then."""
GROWTH = 1.1
"""How much of that the rest of the names may add: nothing, but for what Python does not give back."""


def run() -> Iterator[Figure]:
    """Measure all."""
    say(f"strangers: {NAMES} names that nobody knows")
    tracemalloc.start()
    try:
        yield from _measured(_Partition())
    finally:
        tracemalloc.stop()


def _measured(partition: "_Partition") -> Iterator[Figure]:
    for number in range(FIRST):
        partition.meet(number)
    first = _weighed()
    for number in range(FIRST, NAMES):
        partition.meet(number)
    last = _weighed()
    rows = float(len(partition.table))
    yield Figure(
        bench="strangers", what="rows kept of unknown names", value=rows, unit="", limit=UNKNOWN_MOST + 1
    )
    yield Figure(bench="strangers", what=f"memory after {FIRST} names", value=first, unit="MiB")
    yield Figure(
        bench="strangers", what=f"... after {NAMES}, of that", value=last / first, unit="x", limit=GROWTH
    )
    told = partition.verdicts / NAMES
    yield Figure(bench="strangers", what="verdicts per name", value=told, unit="", limit=2.0)


class _Partition:
    """A mailbox with its table."""

    def __init__(self) -> None:
        frames = Frames()
        self._mailbox, self._frames = Mailbox.restore(0, misfit=frames.misfit), frames
        self._offset = -1
        self.table: dict[str, bytes] = {}
        self.verdicts = 0

    def meet(self, number: int) -> None:
        """Hear of a host, and of a segment, that nobody knows."""
        name = f"stranger{number}.example.org"
        said = fault(host=name, observer=f"host/{name}", source=Source.PEER, episode=str(number))
        self._take(Letter(segment=UNKNOWN_SEGMENT, signal=said))
        self._take(Letter(segment=name, signal=_order(name)))
        if number % 100 == 0:
            self._take(Letter(segment="", signal=Tick(period=Millis(30_000))))

    def _take(self, letter: Letter) -> None:
        self._offset += 1
        at = BrokerTime(1_795_305_600_000 + self._offset)
        decided = self._mailbox.take(letter, Stamp(partition=0, offset=self._offset, at=at))
        self.verdicts += len(decided.verdicts)
        for row in decided.rows:
            if isinstance(row, Tombstone):
                self.table.pop(row.key, None)
            else:
                self.table[row.key] = self._frames.take(row)
        self._frames.clear()


def _order(segment: str) -> Signal:
    return Command(
        command_id=derive("bench", segment),
        order=Instruction.ARM,
        segment=segment,
        author="bench",
        reason="a segment that nobody has described",
    )


def _weighed() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 2**20
