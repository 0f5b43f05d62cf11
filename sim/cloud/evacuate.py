"""Evacuation, as the real Nova does it: not idempotent, guarded by nothing but a compare-and-set of task_state.

Every phase below and its order is nova.md's (measured). Two calls for one guest run side by side and disturb each other
as there; no outcome is written down here, all follow from the phases.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from kasugai.core.recovering.look import EVACUATION
from kasugai.sim.cloud.model import (
    MANAGEMENT,
    MAPPING,
    PENDING,
    REBUILDING,
    RUNNING,
    SHUT_DOWN,
    SPAWNING,
    Answer,
    Guest,
    Host,
    Migration,
    Refused,
)
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.world import World

LEAVES_STOPPED = (2, 95)
"""From this microversion on an evacuated guest is left stopped, unless its vm_state was error."""

EVACUABLE = ("active", "stopped", "error")


NO_HOST = "No valid host was found. There are not enough hosts available."

LOST = -1
"""The life of an evacuation with which nobody goes on."""


@dataclass(slots=True, kw_only=True, eq=False)
class Evacuation:
    """One accepted call."""

    guest: Guest
    record: Migration
    target: str | None
    ends_stopped: bool
    dest: Host | None = None
    life: int | None = None
    """The destination's life in which it was claimed; None before."""

    @property
    def is_lost(self) -> bool:
        """Whether its destination died or gave up: its record stays pre-migrating for ever."""
        return self.life is not None and self.dest is not None and self.dest.life != self.life


class Evacuations:
    """The evacuations of a world, from the API's check to the changed host."""

    def __init__(self, world: World, services: Services) -> None:
        """Evacuate guests of `world`."""
        self._world = world
        self._services = services
        self._open: list[Evacuation] = []

    @property
    def in_progress(self) -> list[Evacuation]:
        """The accepted calls that somebody still works on, or will."""
        self._open = [evacuation for evacuation in self._open if not evacuation.is_lost]
        return self._open

    def evacuate(
        self, guest: Guest, target: str | None = None, microversion: tuple[int, int] = (2, 93)
    ) -> Answer[None]:
        """Take the call: 200 although another one of the same guest may be under way."""
        self._check(guest, target)
        is_running = guest.vm_state == "active"
        evacuation = Evacuation(
            guest=guest,
            record=self._world.add_migration(guest, EVACUATION),
            target=target,
            ends_stopped=guest.vm_state == "stopped" or (is_running and microversion >= LEAVES_STOPPED),
        )
        self._open.append(evacuation)
        _set(guest, self._world, task_state=REBUILDING)
        pace = self._world.pace
        self._later(pace.schedule, lambda: self._schedule(evacuation), waiting=self._world.conductor_delay)
        return Answer(None, self._world.draw(pace.evacuate) * (1 + 0.15 * self._slowness()))

    def _check(self, guest: Guest, target: str | None) -> None:
        """Check what the API checks, in its order: vm_state and the source's service, never task_state or a lock."""
        world = self._world
        if target is not None and target not in world.hosts:
            raise Refused(404, f"Compute host {target} not found.")
        if guest.host == target:
            raise Refused(400, "The target host can't be the same one.")
        if guest.vm_state not in EVACUABLE:
            raise Refused(
                409, f"Cannot 'evacuate' instance {guest.uuid} while it is in vm_state {guest.vm_state}"
            )
        if not guest.launched:
            raise Refused(409, f"Instance {guest.uuid} is in an invalid state for 'evacuate'")
        if self._services.is_up(world.host(guest.host or "")):
            raise Refused(400, f"Compute service of {guest.host} is still in use.")

    def _schedule(self, evacuation: Evacuation) -> None:
        """The conductor chooses a destination and leaves a message in its queue; it does not look at task_state."""
        dest = self._choose(evacuation)
        if evacuation.guest.deleted:
            self._end(evacuation, "error")
        elif dest is None:
            self._fail(evacuation, "error", NO_HOST)
        else:
            evacuation.dest, evacuation.record.dest = dest, dest.name
            _set(evacuation.guest, self._world, power_state=PENDING)
            self._later(self._world.pace.claim, lambda: self._deliver(evacuation, dest))

    def _choose(self, evacuation: Evacuation) -> Host | None:
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
        load.update(evacuation.record.dest for evacuation in self.in_progress)
        return load

    def _deliver(self, evacuation: Evacuation, dest: Host) -> None:
        """The message waits in the queue of a destination that died unnoticed, also for its restart."""
        if dest.answers:
            self._claim(evacuation, dest)
        else:
            dest.inbox.append(lambda: self._claim(evacuation, dest))

    def _claim(self, evacuation: Evacuation, dest: Host) -> None:
        evacuation.life = dest.life
        self._set_status(evacuation, "pre-migrating")
        if self._move_task(evacuation, dest, REBUILDING, MAPPING):
            self._work(evacuation, dest, self._world.pace.attach, self._attach)

    def _attach(self, evacuation: Evacuation, dest: Host) -> None:
        if self._move_task(evacuation, dest, MAPPING, SPAWNING):
            self._work(evacuation, dest, self._world.pace.spawn, self._spawn, on="hypervisor")

    def _spawn(self, evacuation: Evacuation, dest: Host) -> None:
        """The hypervisor has built the guest: it runs, whether or not Nova ever hears of it."""
        if not dest.spawn_fault:
            self._world.diary.start(evacuation.guest.uuid, dest.name)
        self._work(evacuation, dest, 0.0, self._report_failure if dest.spawn_fault else self._finish)

    def _report_failure(self, evacuation: Evacuation, dest: Host) -> None:
        """ERROR on the source host, and the guest may be evacuated again."""
        self._fail(evacuation, "failed", dest.spawn_fault)

    def _finish(self, evacuation: Evacuation, dest: Host) -> None:
        """The guest is ACTIVE without a task, and Nova still names the source."""
        task, step = ("powering-off", self._stop) if evacuation.ends_stopped else (None, self._land)
        if self._move_task(evacuation, dest, SPAWNING, task):
            _set(evacuation.guest, self._world, vm_state="active", power_state=RUNNING, fault="")
            self._work(evacuation, dest, self._world.pace.land, step)

    def _stop(self, evacuation: Evacuation, dest: Host) -> None:
        self._world.diary.stop(evacuation.guest.uuid, dest.name)
        _set(evacuation.guest, self._world, vm_state="stopped", task_state=None, power_state=SHUT_DOWN)
        self._work(evacuation, dest, self._world.pace.land, self._land)

    def _land(self, evacuation: Evacuation, dest: Host) -> None:
        """The host changes last."""
        if not evacuation.guest.deleted:
            _set(evacuation.guest, self._world, host=dest.name)
        self._end(evacuation, "failed" if evacuation.guest.deleted else "done")

    def _move_task(self, evacuation: Evacuation, dest: Host, expected: str, task: str | None) -> bool:
        """Compare and set the task_state. The loser of a race writes ERROR a little later, with the task that it had
        wanted to set: its copy of the record is dirty (nova.md: REBUILD/error/rebuild_block_device_mapping)."""
        guest = evacuation.guest
        if guest.deleted:
            self._end(evacuation, "failed")
        elif guest.task_state == expected:
            _set(guest, self._world, task_state=task)
            return True
        else:
            fault = (
                f"Conflict updating instance {guest.uuid}. Expected: {{'task_state': ['{expected}']}}. "
                f"Actual: {{'task_state': {guest.task_state!r}}}"
            )
            self._work(
                evacuation, dest, self._world.pace.conflict, lambda e, _: self._fail(e, "failed", fault, task)
            )
        return False

    def _fail(self, evacuation: Evacuation, status: str, fault: str, task: str | None = None) -> None:
        """ERROR where Nova has the guest; what was spawned stays."""
        if not evacuation.guest.deleted:
            _set(evacuation.guest, self._world, vm_state="error", task_state=task, fault=fault)
        self._end(evacuation, status)

    def _end(self, evacuation: Evacuation, status: str) -> None:
        """Write the record's last state. A deleted guest is destroyed where it was being built."""
        if evacuation.guest.deleted and evacuation.dest is not None:
            self._world.diary.stop(evacuation.guest.uuid, evacuation.dest.name)
        self._set_status(evacuation, status)
        self._open.remove(evacuation)

    def _set_status(self, evacuation: Evacuation, status: str) -> None:
        """Move the record, unless a restarted source has completed it."""
        if evacuation.record.status != "completed":
            self._world.set_status(evacuation.record, status)

    def _work(
        self,
        evacuation: Evacuation,
        dest: Host,
        phase: float,
        act: Callable[[Evacuation, Host], None],
        on: Literal["nova", "hypervisor"] = "nova",
    ) -> None:
        """Let the destination act after a phase. If its nova-compute has died by then, nobody acts and nobody says
        so; if it hangs, it acts when it wakes; if it is cut off, what concerns Nova waits for an RPC time-out."""

        def do(give_up: float = math.inf) -> None:
            if self._world.now() > give_up:
                evacuation.life = LOST
            if evacuation.is_lost:
                return
            if dest.is_hung:
                dest.parked.append(do)
            elif on == "nova" and MANAGEMENT in dest.unplugged:
                until = self._world.now() + self._world.pace.rpc_timeout
                dest.parked.append(lambda: do(until))
            else:
                act(evacuation, dest)

        if on == "hypervisor":
            self._world.later(phase, do)
        elif phase:
            self._later(phase, do)
        else:
            do()

    def _later(self, phase: float, act: Callable[[], None], *, waiting: float = 0.0) -> None:
        """Act after a phase that lasts the longer, the more is in progress."""
        self._world.later(waiting + phase * self._slowness() * self._world.draw((0.95, 1.05)), act)

    def _slowness(self) -> float:
        return self._world.congestion(len(self.in_progress))


def _set(guest: Guest, world: World, **changes: Any) -> None:
    """Save fields of Nova's record."""
    for name, value in changes.items():
        setattr(guest, name, value)
    guest.updated_at = world.now()
