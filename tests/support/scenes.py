"""What a case of the `Cloud` port's suite may do to a cloud and see of it, whichever cloud it is played on.

Words that are said to Nova's own rules (`evacuates`, `stops`) go past the port, as an operator or a user would: they
meet no trouble of the wire. All but the port's coroutines block.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.voice import Message
from kasugai.sim.cloud.wire import Wire
from kasugai.workers.ports import Cloud

T = TypeVar("T")

IMAGE = "155d900f-4e14-4e4c-a73d-069cbf4541e6"
"""The image of every guest that does not boot from a volume; Nova's fixtures know no other without being told."""

HOSTS = ("cmp1.rack1", "cmp1.rack2", "CMP1.rack1", "cmp2")
GUESTS = {
    "web": "cmp1.rack1",
    "db": "cmp1.rack1",
    "app": "cmp1.rack1",
    "other": "cmp1.rack2",
    "loud": "CMP1.rack1",
}
"""What stands in every scene: two hosts with one short name, one that differs in case, and guests on the first. They
have their name as metadata `tier`."""
RACKS = ("racks", "cmp1.rack1", "cmp1.rack2")
"""The aggregate that stands there, and its hosts."""


class Record(NamedTuple):
    """A migration record as Nova has it."""

    guest: str
    status: str
    source: str
    dest: str


class Scene(Protocol):
    """One cloud and a client of it."""

    port: Cloud
    client: float
    """Seconds after which the client gives a request up."""

    # What is.

    def uuid(self, guest: str) -> str:
        """A guest's id by its name."""
        ...

    def service_id(self, host: str) -> str:
        """The id of a host's nova-compute."""
        ...

    def states(self, guest: str) -> tuple[str, str | None]:
        """A guest's vm_state and task_state, as Nova has them."""
        ...

    def records(self) -> list[Record]:
        """All migration records, oldest first, guests by name."""
        ...

    def running_on(self, guest: str) -> frozenset[str]:
        """The hosts on which it really runs."""
        ...

    def listens(self) -> None:
        """From now on what Nova notifies is kept."""
        ...

    def told(self) -> list[Message]:
        """What Nova has notified since, as it stands in oslo.messaging's envelope."""
        ...

    # Machines.

    def power_off(self, host: str) -> None:
        """The host loses power."""
        ...

    def power_on(self, host: str) -> None:
        """It boots, and nova-compute starts; its guests stay down until Nova starts them."""
        ...

    def kill_compute(self, host: str) -> None:
        """nova-compute ends; the guests run on."""
        ...

    def start_compute(self, host: str) -> None:
        """It starts again."""
        ...

    def spawns_take(self, seconds: float) -> None:
        """Building a guest takes so long everywhere."""
        ...

    def hold_spawns(self) -> None:
        """What is built from now on is not done before it is released; on the simulator it ends by itself, after what
        is a long time there."""
        ...

    def release_spawns(self, host: str) -> None:
        """What is built on the host is done."""
        ...

    def fail_spawns(self, host: str, message: str) -> None:
        """Building on the host fails with this message; an empty one heals it."""
        ...

    def fails_live(self, host: str) -> None:
        """The host cannot prepare for a live migration to it."""
        ...

    def fill(self, host: str) -> None:
        """There is no room on the host."""
        ...

    # Nova.

    def no_valid_host(self, on: bool = True) -> None:
        """Its scheduler finds no destination; or finds them again."""
        ...

    def hold_conductor(self) -> None:
        """Its conductor is away, and stays away: what it is asked waits."""
        ...

    def end_evacuation_behind(self, line: str) -> None:
        """Its API ends in the next evacuation, behind the guest's `task` or the `action`; the next is served."""
        ...

    def silence_cell(self) -> None:
        """The database of the hosts' cell does not answer."""
        ...

    def wake_cell(self) -> None:
        """It answers again."""
        ...

    def wind(self, seconds: float, *, sends_date: bool) -> None:
        """Nova's clock is ahead by so much; whether its answers have a Date header."""
        ...

    # Operators and users.

    def forces_down(self, host: str) -> None:
        """An operator sets forced_down."""
        ...

    def disables(self, host: str) -> None:
        """An operator disables the host, for `maintenance`."""
        ...

    def evacuates(self, guest: str) -> None:
        """An operator evacuates a guest."""
        ...

    def live_migrates(self, guest: str, dest: str, *, ends: bool = False) -> None:
        """An operator lets a guest migrate; it takes long, or it `ends` soon."""
        ...

    def stops(self, guest: str) -> None:
        """A user stops a guest."""
        ...

    def asks(self, guest: str, what: str) -> None:
        """A user asks something of a guest, by the names of sim.cloud.verbs."""
        ...

    def guest_dies(self, guest: str) -> None:
        """It ceases on its hypervisor; Nova is not told yet."""
        ...

    def notices(self, guest: str) -> None:
        """Its nova-compute compares its record with the hypervisor."""
        ...

    def locks(self, guest: str) -> None:
        """A user locks a guest."""
        ...

    def pauses(self, guest: str) -> None:
        """A user pauses a guest."""
        ...

    def deletes(self, guest: str) -> None:
        """A user deletes a guest, and it is gone."""
        ...

    def asks_to_delete(self, guest: str) -> None:
        """A user asks for it; Nova does it when it can."""
        ...

    # Furnishing.

    def boot(self, name: str, host: str, about: Mapping[str, Any] | None = None) -> None:
        """Add a guest and wait until it runs. `about`: tags, image (empty: it boots from a volume), flavor,
        extra_specs, project, ephemeral, swap, config_drive."""
        ...

    def add_aggregate(self, name: str, host: str, metadata: Mapping[str, str]) -> None:
        """Add an aggregate."""
        ...

    # What is not Nova's is the simulator's, whoever plays Nova: Keystone, Glance, and the way there.

    def wire(self, act: Callable[[Wire], T]) -> T:
        """Look at the way to the cloud, or trouble it."""
        ...

    def around(self, act: Callable[[SimCloud], T]) -> T:
        """Do something to Keystone or Glance."""
        ...

    def refuse(self) -> None:
        """Refuse connections from now on."""
        ...

    def accept(self) -> None:
        """Accept them again."""
        ...


Story = Callable[[Scene], Coroutine[Any, Any, None]]
Play = Callable[[Story], None]

HOST = "cmp1.rack1"
"""The host with most guests."""


def bury(scene: Scene) -> None:
    """Let HOST die, and an operator say so."""
    scene.power_off(HOST)
    scene.forces_down(HOST)


def statuses(scene: Scene) -> list[str]:
    """The statuses of all migration records, oldest first."""
    return [record.status for record in scene.records()]
