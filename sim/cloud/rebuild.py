"""What a destination does with a guest that it was given: claims it, builds it, and takes it over last of all.

Every phase and its order is nova.md's (measured). Two rebuilds of one guest run side by side and disturb each other by
nothing but the compare-and-set of task_state; no outcome is written down here, all follow from the phases.
"""

import math
from collections.abc import Callable
from typing import Literal

from kasugai.core.recovering.nova_views import EVACUATION
from kasugai.sim.cloud.actions import Actions
from kasugai.sim.cloud.evacuation import LOST, Evacuation, Progress, save
from kasugai.sim.cloud.model import (
    MANAGEMENT,
    MAPPING,
    REBUILDING,
    RUNNING,
    SHUT_DOWN,
    SPAWNING,
    Host,
)
from kasugai.sim.cloud.turns import Turns
from kasugai.sim.cloud.voice import COMPUTE, CONDUCTOR
from kasugai.sim.cloud.world import World

SPAWN_FAILURE = "InstanceDeployFailure"
"""What a nova-compute raises whose hypervisor cannot build a guest."""
BEGINNING, END = range(5), range(5, 8)
"""The turns of an evacuation at its destination, where computes work in turns."""


class Rebuild:
    """The destinations' part of all evacuations."""

    def __init__(self, world: World, actions: Actions, progress: Progress) -> None:
        """Build guests of `world`."""
        self._world = world
        self._actions = actions
        self._progress = progress
        self._turns = Turns(world)

    def deliver(self, evacuation: Evacuation, dest: Host) -> None:
        """The message waits in the queue of a destination that died unnoticed, also for its restart."""
        if dest.answers:
            self._claim(evacuation, dest)
        else:
            dest.inbox.append(lambda: self._claim(evacuation, dest))

    def _claim(self, evacuation: Evacuation, dest: Host) -> None:
        """Claim it; a member of its anti-affinity group that came here at the same time, unseen by the scheduler, keeps
        it away, and so does a copy of its own: a resize came from here, or an earlier destination was given up when
        it had built it (InstanceExists). From here on the record names the destination
        (ResourceTracker._claim_existing_migration). When the conductor found none, since a start of the source has
        completed it, the destination writes one that nobody ever ends."""
        evacuation.life = dest.life
        evacuation.event = self._actions.begin(evacuation.action, "compute_rebuild_instance", dest.name)
        dest.claimed.add(evacuation.guest.uuid)
        if evacuation.record is None:
            stray = self._world.add_migration(evacuation.guest, EVACUATION, dest.name)
            self._world.set_status(stray, "pre-migrating")
        else:
            evacuation.record.dest = dest.name
        self._progress.set_status(evacuation, "pre-migrating")
        self._world.voice.says(evacuation.guest, "rebuild_scheduled", CONDUCTOR, dest.name)
        self._world.voice.says(evacuation.guest, "rebuild.start", COMPUTE, dest.name)
        if any(
            each.host == dest.name or each.uuid in dest.claimed
            for each in self._world.fellows(evacuation.guest)
        ):
            self._refuse(evacuation, dest, "Anti-affinity instance group policy was violated")
        elif dest.name in self._world.diary.copies_of(evacuation.guest.uuid):
            self._refuse(evacuation, dest, f"Instance instance-{evacuation.guest.uuid[:8]} already exists.")
        elif self._move_task(evacuation, dest, REBUILDING, MAPPING):
            self._work(evacuation, dest, self._world.pace.attach, self._attach, turns=BEGINNING)

    def _refuse(self, evacuation: Evacuation, dest: Host, fault: str) -> None:
        """The destination has claimed the guest and finds that it cannot have it."""
        self._work(
            evacuation,
            dest,
            self._world.pace.conflict,
            lambda each, _: self._progress.fail(each, "failed", fault),
        )

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
        voice, action = self._world.voice, evacuation.action
        voice.says(evacuation.guest, "rebuild.error", COMPUTE, dest.name, SPAWN_FAILURE)
        self._progress.fail(evacuation, "failed", dest.spawn_fault)
        voice.raises(dest.name, SPAWN_FAILURE, action.request_id)

    def _finish(self, evacuation: Evacuation, dest: Host) -> None:
        """The guest is ACTIVE without a task, and Nova still names the source."""
        task, step = ("powering-off", self._stop) if evacuation.ends_stopped else (None, self._land)
        if self._move_task(evacuation, dest, SPAWNING, task):
            save(
                evacuation.guest,
                self._world,
                vm_state="active",
                power_state=RUNNING,
                fault="",
                launched_at=self._world.now(),
            )
            self._work(evacuation, dest, self._world.pace.land, step, turns=END)

    def _stop(self, evacuation: Evacuation, dest: Host) -> None:
        self._world.diary.stop(evacuation.guest.uuid, dest.name)
        save(evacuation.guest, self._world, vm_state="stopped", task_state=None, power_state=SHUT_DOWN)
        self._work(evacuation, dest, self._world.pace.land, self._land)

    def _land(self, evacuation: Evacuation, dest: Host) -> None:
        """The host changes last."""
        if not evacuation.guest.deleted:
            self._world.voice.says(evacuation.guest, "rebuild.end", COMPUTE, dest.name)
            save(evacuation.guest, self._world, host=dest.name)
        self._progress.end(evacuation, "failed" if evacuation.guest.deleted else "done")

    def _move_task(self, evacuation: Evacuation, dest: Host, expected: str, task: str | None) -> bool:
        """Compare and set the task_state. The loser of a race writes ERROR a little later, with the task that it had
        wanted to set: its copy of the record is dirty (nova.md: REBUILD/error/rebuild_block_device_mapping)."""
        guest = evacuation.guest
        if guest.deleted:
            self._progress.end(evacuation, "failed")
        elif guest.task_state == expected:
            save(guest, self._world, task_state=task)
            return True
        else:
            fault = (
                f"Conflict updating instance {guest.uuid}. Expected: {{'task_state': ['{expected}']}}. "
                f"Actual: {{'task_state': {guest.task_state!r}}}"
            )
            self._work(
                evacuation,
                dest,
                self._world.pace.conflict,
                lambda e, _: self._progress.fail(e, "failed", fault, task),
            )
        return False

    def _work(
        self,
        evacuation: Evacuation,
        dest: Host,
        phase: float,
        act: Callable[[Evacuation, Host], None],
        on: Literal["nova", "hypervisor"] = "nova",
        turns: range = BEGINNING,
    ) -> None:
        """Let the destination act after a phase. If its nova-compute has died by then, nobody acts and nobody says
        so; if it hangs, it acts when it wakes; if it is cut off, what concerns Nova waits for an RPC time-out. Where
        computes work in turns, `turns` is what the phase takes instead of its seconds."""

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
            self._take_time(dest, phase, turns, do)
        else:
            do()

    def _take_time(self, dest: Host, phase: float, turns: range, act: Callable[[], None]) -> None:
        if self._world.pace.turn:
            self._turns.take(dest, turns, act)
        else:
            self._progress.later(phase, act)
