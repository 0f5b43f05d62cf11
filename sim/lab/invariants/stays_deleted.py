"""Nova evacuates a guest that is being deleted; then it runs where Nova soon does not know it."""

from collections.abc import Iterator

from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.diary import Entry
from kasugai.sim.cloud.guests import DELETING, SOFT_DELETING
from kasugai.sim.lab.invariants.watcher import Sent, Sight, Watcher


class StaysDeleted(Watcher):
    """No guest whose deletion had begun when its evacuation was called runs again."""

    sees = (Sent, Entry)

    def __init__(self, cloud: SimCloud) -> None:
        """Nobody is being deleted."""
        super().__init__(cloud)
        self._going: set[str] = set()

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember calls that came too late, and see what they bring back."""
        match what:
            case Sent(action="evacuate", guest=uuid):
                guest = self.cloud.world.guests[uuid]
                if guest.deleted or guest.task_state in (DELETING, SOFT_DELETING):
                    self._going.add(uuid)
            case Entry(event="started", guest=uuid, host=host) if uuid in self._going:
                yield f"{self.cloud.world.guests[uuid].name} was being deleted and was brought back on {host}"
            case _:
                pass
