"""What nova-compute does about a guest whose hypervisor says otherwise than Nova's record: it calls Nova's own stop.

Source: Nova 34's compute/manager.py (handle_lifecycle_event, _sync_instance_power_state) and virt/libvirt/host.py. The
hypervisor tells of a guest's end, and nova-compute looks into it after `pace.lifecycle`; what it did not hear, or could
not act on, it sees when it compares all of its guests: each `pace.power_sync`, and as soon as it starts. The stop is an
instance action that names no user. Only guests that were let die here are compared; those that a boot leaves off stay
as they are recorded, unless the world `compares_boots`.
"""

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud.guests import Guests
from kasugai.sim.cloud.model import PAUSED, PENDING, RUNNING, SHUT_DOWN, Guest, Host
from kasugai.sim.cloud.verbs import STOP
from kasugai.sim.cloud.world import World

WRONG = {"active": (SHUT_DOWN,), "paused": (SHUT_DOWN,), "stopped": (RUNNING, PAUSED)}
"""By vm_state: the power states at which Nova stops a guest. All other vm_states it leaves alone."""


class PowerSync:
    """The comparison of all hosts."""

    def __init__(self, world: World, guests: Guests) -> None:
        """Compare the guests of `world`."""
        self._world = world
        self._guests = guests
        self._suspects: set[str] = set()

    def tell(self, guest: Guest) -> None:
        """The guest's hypervisor tells its nova-compute that the guest has changed by itself."""
        self._suspects.add(guest.uuid)
        host = self._world.hosts[guest.host or ""]
        if host.answers:
            self._world.later(self._world.pace.lifecycle, lambda: self._look_into(guest))

    def suspect(self, guest: Guest) -> None:
        """A boot has left the guest off, which nova-compute sees as soon as it starts."""
        self._suspects.add(guest.uuid)

    def expect_round(self, host: Host) -> None:
        """The host answers again: its nova-compute goes on with its rounds."""
        if self._on(host):
            self._await_round(host)

    def go_round(self, host: Host) -> None:
        """The host's round, which is the first thing that a nova-compute does when it has started."""
        if not self._world.syncs_power or not host.answers:
            return
        for guest in self._on(host):
            self.compare(guest)
        if self._on(host):
            self._await_round(host)

    def compare(self, guest: Guest) -> None:
        """Write down the hypervisor's word, and stop the guest if it is not as it should be. A guest with a task under
        way waits for another round."""
        host = self._world.hosts.get(guest.host or "")
        if guest.deleted or host is None:
            self._suspects.discard(guest.uuid)
        if guest.deleted or host is None or not host.answers or guest.task_state is not None:
            return
        self._suspects.discard(guest.uuid)
        guest.power_state = self._power(guest, host)
        if guest.power_state in WRONG.get(guest.vm_state, ()):
            self._guests.ask(guest, STOP, By.NOVA)

    def _look_into(self, guest: Guest) -> None:
        if not self._world.syncs_power:
            return
        self.compare(guest)
        if guest.uuid in self._suspects:
            self.expect_round(self._world.hosts[guest.host or ""])

    def _power(self, guest: Guest, host: Host) -> int:
        if host.name not in self._world.diary.copies_of(guest.uuid):
            return PENDING
        if host.name not in self._world.diary.running_on(guest.uuid):
            return SHUT_DOWN
        return PAUSED if guest.uuid in self._world.stalled else RUNNING

    def _on(self, host: Host) -> list[Guest]:
        suspects = (self._world.guests[uuid] for uuid in sorted(self._suspects))
        return [guest for guest in suspects if guest.host == host.name and not guest.deleted]

    def _await_round(self, host: Host) -> None:
        period = self._world.pace.power_sync
        passed = (self._world.now() - (host.service.reporting_since or 0.0)) % period
        self._world.later(period - passed, lambda: self.go_round(host))
