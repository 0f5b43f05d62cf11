"""Nova's scheduler: which host an evacuated guest goes to. Deterministic, and it learns from nothing.

The host with the most free room wins, then the first by name. Free room is what each nova-compute last wrote down (for
itself and for what it has claimed), so calls at once all go to one host, as measured: 50 of 50 (nova.md section 12). A
failed rebuild gives its claim back: the same host is the emptiest again, for Nova counts failed boots only. A dead
host's last word stands. That there is room at all is Placement's to say, which counts what is on its way.
"""

from collections import Counter

from kasugai.sim.cloud.evacuation import Evacuation, Progress
from kasugai.sim.cloud.model import Host
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.world import World

ROOMY = 100
"""For how many guests a host without a capacity counts as having room when hosts are compared; it takes any number."""


class Chooser:
    """The scheduler of a world."""

    def __init__(self, world: World, services: Services, progress: Progress) -> None:
        """Choose among the hosts of `world`."""
        self._world = world
        self._services = services
        self._progress = progress

    def choose(self, evacuation: Evacuation) -> Host | None:
        """Return the host for it in its source's cell; None: no valid host."""
        if self._world.no_valid_host:
            return None
        source, taken = self._world.host(evacuation.source), self._allocated()
        fit = [
            host
            for host in self._world.hosts.values()
            if host is not source
            and host.cell == source.cell
            and evacuation.target in (None, host.name)
            and self._services.takes_guests(host)
            and (host.capacity is None or taken[host.name] < host.capacity)
        ]
        return min(fit, key=lambda host: (-self.free_room(host), host.name), default=None)

    def free_room(self, host: Host) -> int:
        """Return for how many guests the host has room by its nova-compute's last word."""
        guests = self._world.guests_of(host) if host.written is None else host.written
        return (ROOMY if host.capacity is None else host.capacity) - guests

    def _allocated(self) -> Counter[str | None]:
        """How many guests each host has or is about to have, as Placement counts."""
        load = Counter(guest.host for guest in self._world.guests.values() if not guest.deleted)
        load.update(evacuation.dest.name for evacuation in self._progress.in_progress if evacuation.dest)
        return load
