"""Nova's scheduler: which host an evacuated guest goes to. Deterministic, and it learns from nothing.

The host with the most free room wins, then the first by name. Free room is what each nova-compute last wrote down (for
itself and for what it has claimed), so calls at once all go to one host, as measured: 50 of 50 (nova.md section 12). A
failed rebuild gives its claim back: the same host is the emptiest again, for Nova counts failed boots only. A dead
host's last word stands. That there is room at all is Placement's to say, which counts what is on its way; of a server
group's other members only those that have landed are seen.
"""

from kasugai.sim.cloud.evacuation import Evacuation
from kasugai.sim.cloud.model import Guest, Host
from kasugai.sim.cloud.placement import ROOMY, Placement
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.world import World


class Chooser:
    """The scheduler of a world."""

    def __init__(self, world: World, services: Services, placement: Placement) -> None:
        """Choose among the hosts of `world`."""
        self._world = world
        self._services = services
        self._placement = placement

    def choose(self, evacuation: Evacuation) -> Host | None:
        """Return the host for it in its source's cell; None: no valid host."""
        return self.choose_for(evacuation.guest, evacuation.source, evacuation.target)

    def choose_for(self, guest: Guest, source_name: str, target: str | None = None) -> Host | None:
        """Return the host for a guest that leaves its source, in the source's cell; None: no valid host."""
        source = self._world.host(source_name)
        return self._best(
            guest,
            [
                host
                for host in self._world.hosts.values()
                if host.name.lower() != source.name.lower()  # as Nova compares them (nova 34, ignore_hosts)
                and host.cell == source.cell
                and target in (None, host.name)
            ],
        )

    def choose_anew(self, guest: Guest) -> Host | None:
        """Return the host for a guest that has none; None: no valid host."""
        return self._best(guest, list(self._world.hosts.values()))

    def _best(self, guest: Guest, hosts: list[Host]) -> Host | None:
        if self._world.no_valid_host:
            return None
        fit = [
            host
            for host in hosts
            if self._services.takes_guests(host)
            and self._placement.has_room(host)
            and not any(fellow.host == host.name for fellow in self._world.fellows(guest))
        ]
        return min(fit, key=lambda host: (-self.free_room(host), host.name), default=None)

    def free_room(self, host: Host) -> int:
        """Return for how many guests the host has room by its nova-compute's last word."""
        guests = self._world.guests_of(host) if host.written is None else host.written
        return (ROOMY if host.capacity is None else host.capacity) - guests
