"""Placement: how much room each hypervisor has by the allocations that were made, also for evacuations on their way.

It knows no services: a dead host is offered like any other until its nova-compute has said that it is disabled, which
a dead one never does (the trait COMPUTE_STATUS_DISABLED, nova.md).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kasugai.sim.cloud.evacuation import Progress
from kasugai.sim.cloud.model import Answer, Host
from kasugai.sim.cloud.world import World

ROOMY = 100
"""For how many guests a host without a capacity counts as having room where hosts are compared; it takes any number."""


RAM = 512
"""Megabytes of every flavor, which has one vCPU and no disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What Placement says of one hypervisor; its unit is a guest, whose flavors are all alike here."""

    host: str
    capacity: int
    used: int
    is_disabled: bool
    """Its nova-compute has written the trait COMPUTE_STATUS_DISABLED."""

    @property
    def free(self) -> int:
        """For how many guests there is room."""
        return self.capacity - self.used


def guests_in(resources: Mapping[str, int]) -> int:
    """Return the room of how many guests these resources are; what no flavor has here counts for nothing."""
    return max(1, resources.get("VCPU", 0), -(-resources.get("MEMORY_MB", 0) // RAM))


class Placement:
    """The service."""

    def __init__(self, world: World, progress: Progress) -> None:
        """Count the guests of `world`."""
        self._world = world
        self._progress = progress

    def providers(self) -> Answer[list[Room]]:
        """GET /resource_providers with their inventories, usages and traits."""
        used = self._allocated()
        rooms = [
            Room(
                host=host.name,
                capacity=ROOMY if host.capacity is None else host.capacity,
                used=used[host.name],
                is_disabled=host.service.has_trait,
            )
            for host in self._world.hosts.values()
        ]
        return Answer(rooms, self._world.draw(self._world.pace.read))

    def candidates(self, guests: int = 1) -> Answer[list[Room]]:
        """GET /allocation_candidates?required=!COMPUTE_STATUS_DISABLED for so many guests at once, as nova-scheduler
        asks: none means that there really is no room."""
        answer = self.providers()
        return Answer([r for r in answer.value if r.free >= guests and not r.is_disabled], answer.took)

    def has_room(self, host: Host) -> bool:
        """Whether one more guest's allocation would be taken."""
        return host.capacity is None or self._allocated()[host.name] < host.capacity

    def _allocated(self) -> Counter[str | None]:
        load = Counter(guest.host for guest in self._world.guests.values() if not guest.deleted)
        load.update(evacuation.dest.name for evacuation in self._progress.in_progress if evacuation.dest)
        return load
