"""Whoever was replaced writes no more."""

from collections.abc import Iterator

from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Kept, Sight, Watcher


class EpochsGrow(Watcher):
    """The epochs that write to the ledger of a host only grow."""

    sees = (Kept,)

    def __init__(self, cloud: SimCloud) -> None:
        """Nobody has written."""
        super().__init__(cloud)
        self._epochs: dict[str, int] = {}

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Compare each writer's epoch with the highest before."""
        if not isinstance(what, Kept):
            return
        host = what.entry.subject.title if what.entry.subject is not None else ""
        known = self._epochs.get(host, 0)
        if what.epoch < known:
            yield f"an older epoch wrote to the ledger of {host}"
        self._epochs[host] = max(what.epoch, known)
