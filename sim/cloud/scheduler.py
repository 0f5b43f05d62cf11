"""Nova's scheduler: which host an evacuated guest goes to."""

from collections import Counter

from kasugai.sim.cloud.evacuation import Evacuation, Progress
from kasugai.sim.cloud.model import Host
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.world import World


class Chooser:
    """The scheduler of a world."""

    def __init__(self, world: World, services: Services, progress: Progress) -> None:
        """Choose among the hosts of `world`."""
        self._world = world
        self._services = services
        self._progress = progress

    def choose(self, evacuation: Evacuation) -> Host | None:
        """The least loaded host of the cell that the scheduler may use and that has room."""
        if self._world.no_valid_host:
            return None
        source, load = self._world.host(evacuation.record.source), self._load()
        fit = [
            host
            for host in self._world.hosts.values()
            if host is not source
            and host.cell == source.cell
            and evacuation.target in (None, host.name)
            and self._services.takes_guests(host)
            and (host.capacity is None or load[host.name] < host.capacity)
        ]
        return min(fit, key=lambda host: load[host.name], default=None)

    def _load(self) -> Counter[str | None]:
        """How many guests each host has or is about to have."""
        load = Counter(guest.host for guest in self._world.guests.values() if not guest.deleted)
        load.update(evacuation.dest.name for evacuation in self._progress.in_progress if evacuation.dest)
        return load
