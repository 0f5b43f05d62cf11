"""One simulated cloud: its parts put together, and the verbs that scenarios say to it.

Each verb is one line; what it means is decided in the part that it calls.
"""

from collections.abc import Mapping
from typing import Any

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud.census import Place, census
from kasugai.sim.cloud.controllers import CONDUCTOR, SCHEDULER
from kasugai.sim.cloud.diary import Diary
from kasugai.sim.cloud.evacuate import death
from kasugai.sim.cloud.hosts import Hosts
from kasugai.sim.cloud.identity import Identity
from kasugai.sim.cloud.images import Images
from kasugai.sim.cloud.model import RESIZE, RUNNING, SHUT_DOWN, Aggregate, Guest, Host, Image, Service
from kasugai.sim.cloud.nova import Nova
from kasugai.sim.cloud.pace import REAL, Pace
from kasugai.sim.cloud.power import Power
from kasugai.sim.cloud.storage import Storage
from kasugai.sim.cloud.wire import Wire
from kasugai.sim.cloud.witness import Witness
from kasugai.sim.cloud.world import NEW_YEAR, Scheduler, World

AGE = 30 * 86_400.0
"""Seconds for which guests have been there when the world begins."""


class SimCloud:
    """Hosts, guests, Nova, power devices and the wire to them, under one scheduler."""

    def __init__(
        self, scheduler: Scheduler, *, seed: int = 0, pace: Pace = REAL, epoch: float = NEW_YEAR
    ) -> None:
        """Begin empty. `scheduler`: an asyncio loop; `epoch`: the wall clock (s since 1970) at its second 0."""
        self.world = World(scheduler, seed=seed, pace=pace, epoch=epoch)
        self.nova = Nova(self.world)
        self.identity = Identity(self.world)
        self.images = Images(self.world)
        nova = self.nova
        self.hosts = Hosts(self.world, nova.services, nova.guests, nova.reaper, nova.sync)
        self.power = Power(self.world, self.hosts)
        self.storage = Storage(self.world)
        self.wire = Wire(self.world)
        self.witness = Witness(self.world, self.wire, self.nova.evacuations, self.storage)

    @property
    def diary(self) -> Diary:
        """What really runs where."""
        return self.world.diary

    def add_host(
        self,
        name: str,
        *,
        cell: str = "cell1",
        zone: str = "nova",
        capacity: int | None = None,
        enabled: bool = True,
        has_device: bool = True,
    ) -> Host:
        """Add a healthy host whose nova-compute has been reporting for a while, at a phase of its own."""
        world = self.world
        service = Service(
            service_id=str(world.derive("service", name)),
            enabled=enabled,
            has_trait=not enabled,
            reporting_since=world.now() - world.draw((0.0, world.pace.report_interval)),
        )
        host = Host(name=name, service=service, cell=cell, zone=zone, capacity=capacity)
        host.device.is_configured = has_device
        world.hosts[name] = host
        return host

    def add_guest(
        self,
        name: str,
        host: str | None,
        *,
        vm_state: str = "active",
        launched: bool = True,
        metadata: Mapping[str, str] | None = None,
        locked_by: str | None = None,
        **about: Any,
    ) -> Guest:
        """Add a guest with the actions that led to its vm_state; an active or paused one runs on its host. `about`:
        tags, image, flavor, extra_specs, project."""
        world = self.world
        runs = vm_state in ("active", "paused", "rescued") and launched
        guest = Guest(
            uuid=str(world.derive("guest", name)),
            name=name,
            host=None if host is None else world.host(host).name,
            vm_state=vm_state,
            power_state=RUNNING if runs else SHUT_DOWN,
            metadata=dict(metadata or {}),
            locked_by=locked_by,
            launched_at=world.now() - AGE if launched else None,
            created_at=world.now() - AGE,
            updated_at=world.now(),
            **about,
        )
        if guest.uuid in world.guests:
            raise ValueError(f"there is a guest {name!r} already")
        world.guests[guest.uuid] = guest
        self.nova.actions.record_history(guest)
        if host is not None:
            world.diary.define(guest.uuid, host)
            self.nova.guests.resume_deletion(guest)
        if runs and host is not None:
            world.diary.start(guest.uuid, host)
        return guest

    def resized_from(self, guest: str, host: str) -> None:
        """The guest waits for its resize to be confirmed: its former host keeps a copy, its record is `finished`."""
        resized = self.world.guest(guest)
        resized.vm_state = "resized"
        self.diary.define(resized.uuid, self.world.host(host).name)
        record = self.world.add_migration(resized, RESIZE, resized.host)
        record.source = host
        self.world.set_status(record, "finished")

    def add_aggregate(self, name: str, *hosts: str) -> Aggregate:
        """Add an aggregate of hosts."""
        number = len(self.world.aggregates) + 1
        aggregate = Aggregate(aggregate_id=number, name=name, hosts=list(hosts))
        self.world.aggregates[number] = aggregate
        return aggregate

    def add_group(self, name: str, *guests: str) -> None:
        """Put guests into an anti-affinity server group: no two of them on one host."""
        self.world.groups[name] = frozenset(map(self.uuid, guests))

    def add_image(self, name: str, *tags: str, **properties: str) -> None:
        """Let Glance know an image of that id, with these tags and properties."""
        self.world.images[name] = Image(properties=properties, tags=tags)

    def add_project(self, name: str, *tags: str, known: bool = True) -> None:
        """Let Keystone say these tags of a project, or that it does not know it."""
        self.world.projects[name] = tags if known else None

    def uuid(self, guest: str) -> str:
        """Return a guest's uuid by its name (or uuid)."""
        return self.world.guest(guest).uuid

    def knows(self, guest: str) -> bool:
        """Whether there is or was a guest of that name or uuid."""
        return any(guest in (each.uuid, each.name) for each in self.world.guests.values())

    def running_on(self, guest: str) -> frozenset[str]:
        """Return the hosts on which the guest (name or uuid) runs at this instant: never more than one, if all is
        well."""
        return self.diary.running_on(self.uuid(guest))

    def running_twice(self) -> tuple[str, ...]:
        """Return the uuids of guests that run on more than one host at this instant, and can write on each."""
        return tuple(uuid for uuid in self.world.guests if len(self.witness.writing_on(uuid)) > 1)

    def nowhere(self) -> tuple[str, ...]:
        """Return the uuids of guests that Nova knows, that no hypervisor has, and that nobody builds."""
        built = {e.guest.uuid for e in self.nova.evacuations.in_progress if e.may_go_on}
        return tuple(
            guest.uuid
            for guest in self.world.guests.values()
            if guest.host
            and not guest.deleted
            and guest.uuid not in built
            and not self.diary.copies_of(guest.uuid)
        )

    def census(self) -> tuple[Place, ...]:
        """Return where everything is; `str()` of each is a line for a scenario's log."""
        return census(self.world, frozenset(self.nowhere()))

    # Operators and users, who do not go through the wire.

    def operator_forces_down(self, host: str, down: bool = True) -> None:
        """An operator sets or clears forced_down."""
        self.nova.update_service(self.world.host(host).service.service_id, forced_down=down)

    def operator_disables(self, host: str, reason: str = "maintenance") -> None:
        """An operator disables a compute service."""
        service_id = self.world.host(host).service.service_id
        self.nova.update_service(service_id, status="disabled", reason=reason)

    def operator_enables(self, host: str) -> None:
        """An operator enables a compute service."""
        self.nova.update_service(self.world.host(host).service.service_id, status="enabled")

    def operator_evacuates(self, guest: str, target: str | None = None) -> None:
        """An operator evacuates a guest by hand."""
        self.nova.evacuate(self.uuid(guest), target, by=By.OTHERS)

    def operator_live_migrates(
        self, guest: str, dest: str, *, switch_after: float = 5.0, finish_after: float = 6.0
    ) -> None:
        """A live migration begins (seconds from now: the guest runs on `dest`; Nova names `dest`)."""
        self.nova.guests.live_migrate(
            self.world.guest(guest), dest, switch_after=switch_after, finish_after=finish_after
        )

    def operator_aborts(self, guest: str) -> None:
        """An operator aborts the live migration of a guest that is under way."""
        self.nova.live.abort(self.world.guest(guest))

    def user_asks(self, guest: str, what: str) -> None:
        """A user asks one of `verbs.VERBS` of a guest: `stop`, `hard reboot`, `shelve`, ..."""
        self.nova.guests.do(self.uuid(guest), what, By.OTHERS)

    def user_stops(self, guest: str) -> None:
        """A user stops a guest."""
        self.nova.stop(self.uuid(guest), By.OTHERS)

    def user_starts(self, guest: str) -> None:
        """A user starts a guest."""
        self.nova.start(self.uuid(guest), By.OTHERS)

    def user_deletes(self, guest: str) -> None:
        """A user deletes a guest."""
        self.nova.guests.delete(self.uuid(guest), By.OTHERS)

    def user_locks(self, guest: str, reason: str | None = None) -> None:
        """A user locks a guest."""
        self.nova.guests.lock(self.uuid(guest), reason, by="owner")

    def guest_dies(self, guest: str) -> None:
        """A guest ceases to run on its host; Nova notices later, if its host's nova-compute can (`sync`)."""
        for host in self.running_on(guest):
            self.diary.stop(self.uuid(guest), host)
        self._tell(guest)

    def guest_stalls(self, guest: str) -> None:
        """A guest's disk fails, and its hypervisor lets it stand still: Nova notes its power_state and does nothing."""
        self.world.stalled.add(self.uuid(guest))
        self._tell(guest)

    def _tell(self, guest: str) -> None:
        if self.world.guest(guest).host:
            self.nova.sync.tell(self.world.guest(guest))

    def purge_actions(self, guest: str) -> None:
        """Nova does not know any more what was asked of a guest."""
        self.nova.actions.purge(self.world.guest(guest))

    # Troubles inside the cloud; those of the wire are `wire`'s, those of machines `hosts`' and `power`'s.

    def slow_conductor(self, seconds: float) -> None:
        """A call accepted from now on is carried out so many seconds later (0: at once again)."""
        self.world.conductor_delay = seconds

    def answer_500(self, action: str, times: int = 1) -> None:
        """So many of the next calls (evacuate, stop) end in 500 after they have written what they wrote."""
        self.world.fails_next[action] = times

    def api_dies(self, line: str, times: int = 1) -> None:
        """So many of the next evacuations end with the process of the API that carries them out: behind the guest's
        `task`, or behind the `action`. Others of its processes serve on."""
        self.world.fails_next[death(line)] = times

    def conductor_away(self, lasting: float) -> None:
        """nova-conductor stands still for so many seconds: calls wait in its queue, and what it was asking the
        scheduler is forgotten when that is longer than an RPC time-out."""
        self.world.controllers.away(CONDUCTOR, lasting)

    def scheduler_away(self, lasting: float) -> None:
        """nova-scheduler does not answer for so many seconds: a call for which that is longer than an RPC time-out is
        forgotten, with its task and its record as they are."""
        self.world.controllers.away(SCHEDULER, lasting)

    def no_valid_host(self, on: bool = True) -> None:
        """The scheduler finds no destination."""
        self.world.no_valid_host = on

    def fail_spawns(self, host: str, message: str = "the disk is full") -> None:
        """Spawning on the host fails with this message; an empty one heals it."""
        self.world.host(host).spawn_fault = message

    def fail_live(self, host: str, message: str = "its CPU is another one") -> None:
        """Live migrations to the host fail with this message; an empty one heals it."""
        self.world.host(host).live_fault = message

    def silence_cell(self, cell: str = "cell1", *, ids_readable: bool = False) -> None:
        """The cell's records are missing from lists; reads by id answer 500, or work with `ids_readable`."""
        self.world.silent_cells[cell] = ids_readable

    def wake_cell(self, cell: str = "cell1") -> None:
        """The cell answers again."""
        self.world.silent_cells.pop(cell, None)
