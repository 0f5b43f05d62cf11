"""A worker answers a publication by its number: none is left out."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.incident import Open
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher


class Numbered(Watcher):
    """The publications of an incident are numbered 1, 2, ... and come in that order."""

    sees = (Open,)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing was published."""
        super().__init__(cloud)
        self._numbers: dict[UUID, int] = {}

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Compare each number with the highest before; one may come again."""
        if not isinstance(what, Open):
            return
        known = self._numbers.get(what.incident, 0)
        if what.n > known + 1:
            yield f"publication {what.n} of the incident of {what.subject.title} came before the one below it"
        self._numbers[what.incident] = max(what.n, known)
