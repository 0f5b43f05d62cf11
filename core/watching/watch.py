"""All partitions of heartbeats that one process owns, and the doubt that falls on a road that many of them share.

It knows which partitions are ours and by which road their hosts come; who is silent is decided per partition.
"""

from dataclasses import dataclass, field

from kasugai.core.watching.isolation import Census
from kasugai.core.watching.partition import NOTHING, Around, Conclusions, Partition, is_crowd
from kasugai.core.watching.rules import Rules
from kasugai.core.words.timing import BrokerTime


@dataclass(slots=True)
class Watch:
    """The partitions by number."""

    rules: Rules
    partitions: dict[int, Partition] = field(default_factory=dict)

    def begin(self, number: int, road: str = "") -> Partition:
        """Own a partition from now on, of which nothing is known, and return it."""
        self.partitions[number] = Partition(self.rules, road)
        return self.partitions[number]

    def end(self, number: int) -> None:
        """Own it no more."""
        self.partitions.pop(number, None)

    def pulse(self, number: int, at: BrokerTime, *, concludes: bool) -> Conclusions:
        """Take a pulse of a partition; where it `concludes`, return what is to be said."""
        partition = self.partitions.get(number)
        if partition is None:
            return NOTHING
        around = Around(doubt=lambda: self._doubts(partition.road), census=self._census)
        return partition.pulse(at, concludes=concludes, around=around)

    def _doubts(self, road: str) -> bool:
        counts = [p.falling() for p in self.partitions.values() if p.road == road and p.is_live]
        return is_crowd(sum(fallen for fallen, _ in counts), sum(hosts for _, hosts in counts))

    def _census(self) -> Census:
        """Return what all hosts see of the networks, once for a pulse in which somebody reaches nobody."""
        census = Census()
        for partition in self.partitions.values():
            partition.count(census)
        return census
