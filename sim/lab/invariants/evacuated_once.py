"""Nova's evacuate is not idempotent: a second call while the first runs builds the guest on two hosts."""

from collections.abc import Iterator

from kasugai.core.words.timing import BrokerTime
from kasugai.sim.lab.invariants.watcher import Accepted, Sight, Watcher


class EvacuatedOnce(Watcher):
    """No evacuation of a guest is called while an earlier one of it can still be carried out. That is a fact of the
    cloud, not of Nova's records: one that nobody works on says `accepted` for ever."""

    sees = (Accepted,)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Count the guest's evacuations that somebody may go on with."""
        if not isinstance(what, Accepted):
            return
        calls = [e for e in self.cloud.nova.evacuations.in_progress if e.guest.uuid == what.guest]
        if any(call.may_go_on for call in calls[:-1]):
            yield f"{self.cloud.world.guests[what.guest].name} was evacuated twice"
