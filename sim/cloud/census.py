"""Where everything is: per host its power and its guests, by Nova's record and by what really runs.

A guest is written `web1` when Nova and the truth agree that it is active (or when its host is off), else `web1(why)`.
Of a host that is on it says too that its compute service is disabled while it is up, and for what reason.
"""

from dataclasses import dataclass

from kasugai.sim.cloud.model import REBUILD_TASKS, Guest, Host
from kasugai.sim.cloud.world import World

UNRECORDED = "unrecorded"
"""It runs here and Nova names another host, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Place:
    """One host in a census."""

    host: str
    power_on: bool
    guests: tuple[str, ...]
    """Labels, sorted."""
    disabled: str = ""
    """Why its compute service is disabled, up to a parenthesis, which names an incident; empty for a reserve's, which
    nobody gave a reason, and for one that is forced down."""

    def __str__(self) -> str:
        """Return `cmp3: on  db1 web2(stopped)`."""
        state = f"on, disabled ({self.disabled})" if self.disabled else "on" if self.power_on else "off"
        return f"{self.host}: {state}  {' '.join(self.guests)}".rstrip()


NOWHERE = "nowhere"
"""No hypervisor has it, and nobody builds it."""


def census(world: World, nowhere: frozenset[str] = frozenset()) -> tuple[Place, ...]:
    """Return all hosts in the order in which they were added; `nowhere` are the uuids of guests that are lost."""
    return tuple(
        Place(host.name, host.power_on, _labels(world, host, nowhere), _disabled(host))
        for host in world.hosts.values()
    )


def _disabled(host: Host) -> str:
    service = host.service
    is_plain = service.enabled or service.forced_down or not host.power_on
    return "" if is_plain else service.disabled_reason.split(" (")[0]


def _labels(world: World, host: Host, nowhere: frozenset[str]) -> tuple[str, ...]:
    running = set(world.diary.guests_on(host.name))
    recorded = [
        _recorded(guest, host, running, nowhere) for guest in world.guests.values() if _is_on(guest, host)
    ]
    strays = [
        f"{world.guests[uuid].name}({UNRECORDED})" for uuid in running if not _is_on(world.guests[uuid], host)
    ]
    return tuple(sorted(recorded + strays))


def _is_on(guest: Guest, host: Host) -> bool:
    return guest.host == host.name and not guest.deleted


def _recorded(guest: Guest, host: Host, running: set[str], nowhere: frozenset[str]) -> str:
    words = []
    if guest.vm_state != "active":
        words.append(guest.vm_state)
    if guest.task_state is not None:
        words.append("rebuild" if guest.task_state in REBUILD_TASKS else guest.task_state)
    if guest.uuid in nowhere:
        words.append(NOWHERE)
    elif host.power_on and guest.vm_state == "active" and guest.uuid not in running and not guest.task_state:
        words.append("not running")
    return f"{guest.name}({', '.join(words)})" if words else guest.name
