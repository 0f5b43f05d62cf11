"""nova-compute's periodic task that ends what runs on its host although Nova has deleted it.

Nova 34: running_deleted_instance_action = reap, each running_deleted_instance_poll_interval (1800 s), and at a start.
Until then such a guest runs on, with no record, no allocation and nobody who knows.
"""

from kasugai.sim.cloud.model import Guest, Host
from kasugai.sim.cloud.world import World


class Reaper:
    """The task of all hosts."""

    def __init__(self, world: World) -> None:
        """Reap in `world`."""
        self._world = world

    def expect(self, guest: Guest) -> None:
        """A guest was deleted: whoever still has it forgets it at its next round."""
        for name in sorted(self._world.diary.copies_of(guest.uuid)):
            self._wait(guest, self._world.hosts[name])

    def reap(self, host: Host) -> None:
        """The host's round: forget every guest that Nova has deleted."""
        for guest in self._world.guests.values():
            if guest.deleted and host.answers:
                self._world.diary.destroy(guest.uuid, host.name)

    def _wait(self, guest: Guest, host: Host) -> None:
        """A host that does not answer by then has its next round when it starts."""
        period = self._world.pace.reap
        passed = (self._world.now() - (host.service.reporting_since or 0.0)) % period
        self._world.later(period - passed, lambda: self.reap(host) if guest.deleted else None)
