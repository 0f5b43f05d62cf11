"""Nova's evacuate is not idempotent: a second call while the first runs builds the guest on two hosts."""

from collections.abc import Iterator

from kasugai.core.recovering.look import EVACUATION
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.lab.invariants.watcher import Accepted, Sight, Watcher

UNDER_WAY = ("accepted", "pre-migrating")


class EvacuatedOnce(Watcher):
    """No evacuation of a guest is called while Nova has not ended an earlier one."""

    sees = (Accepted,)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Count the guest's evacuations that are under way."""
        if not isinstance(what, Accepted):
            return
        records = [m for m in self.cloud.world.migrations if m.guest == what.guest]
        evacuations = [m for m in records if m.migration_type == EVACUATION]
        if sum(m.status in UNDER_WAY for m in evacuations) > 1:
            yield f"{self.cloud.world.guests[what.guest].name} was evacuated twice"
