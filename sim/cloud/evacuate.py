"""Evacuation, as the real Nova does it: not idempotent, guarded by nothing but a compare-and-set of task_state.

This is the API's part: what it checks (vm_state and the source's service, never task_state, a lock, or an evacuation
under way) and what it writes before it answers. Source of every rule: nova.md.
"""

from kasugai.core.recovering.nova_views import EVACUATION, By
from kasugai.sim.cloud.actions import Actions
from kasugai.sim.cloud.conductor import Conductor
from kasugai.sim.cloud.evacuation import Evacuation, Progress
from kasugai.sim.cloud.model import REBUILDING, UNEXPECTED, Answer, Ended, Guest, Refused
from kasugai.sim.cloud.placement import Placement
from kasugai.sim.cloud.reaper import Reaper
from kasugai.sim.cloud.rebuild import Rebuild
from kasugai.sim.cloud.scheduler import Chooser
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.voice import API, CONTROLLER
from kasugai.sim.cloud.world import World

LEAVES_STOPPED = (2, 95)
"""From this microversion on an evacuated guest is left stopped, unless its vm_state was error."""

EVACUABLE = ("active", "stopped", "error")

DEATHS = ("task", "action")
"""Behind which line of an evacuation a process of the API may be let die: each is a transaction of its own, the record
is the next, and only then anybody else hears of it."""


def death(line: str) -> str:
    """Return how deaths behind that line are called in `World.fails_next`."""
    if line not in DEATHS:
        raise ValueError(f"{' or '.join(DEATHS)} belongs here, not {line}")
    return f"evacuate: {line}"


class Evacuations:
    """The evacuations of a world, from the API's check to the changed host."""

    def __init__(self, world: World, services: Services, actions: Actions, reaper: Reaper) -> None:
        """Evacuate guests of `world`."""
        self._world = world
        self._services = services
        self._actions = actions
        self._progress = Progress(world, actions, reaper)
        self.placement = Placement(world, self._progress)
        self.chooser = Chooser(world, services, self.placement)
        self._conductor = Conductor(
            world,
            actions,
            self._progress,
            self.chooser,
            Rebuild(world, actions, self._progress),
        )

    @property
    def in_progress(self) -> list[Evacuation]:
        """The accepted calls that somebody still works on, or will."""
        return self._progress.in_progress

    def evacuate(
        self,
        guest: Guest,
        target: str | None = None,
        microversion: tuple[int, int] = (2, 93),
        by: By = By.US,
    ) -> Answer[None]:
        """Take the call: 200 although another one of the same guest may be under way. A named target stands in the
        record at once, a chosen one only when it has claimed the guest. A 500 may come when task and record are
        written: they stay, and nobody carries the call out; nor one whose process dies before the record (Ended)."""
        self._check(guest, target)
        is_running = guest.vm_state == "active"
        guest.task_state, guest.updated_at = REBUILDING, self._world.now()
        self._may_die("task")
        action = self._actions.start(guest, "evacuate", by)
        self._world.voice.saved(guest)
        self._may_die("action")
        evacuation = Evacuation(
            guest=guest,
            source=guest.host or "",
            action=action,
            target=target,
            ends_stopped=guest.vm_state == "stopped" or (is_running and microversion >= LEAVES_STOPPED),
        )
        self._world.add_migration(guest, EVACUATION, target)
        if self._world.fails("evacuate"):
            raise Refused(500, UNEXPECTED, evacuation.action.request_id)
        self._world.voice.says(guest, "evacuate", API, CONTROLLER)
        self._progress.begin(evacuation)
        self._conductor.take(evacuation)
        took = self._world.draw(self._world.pace.evacuate)
        took *= 1 + 0.15 * self._progress.slowness()
        return Answer(None, took, evacuation.action.request_id)

    def _may_die(self, line: str) -> None:
        if self._world.fails(death(line)):
            raise Ended

    def _check(self, guest: Guest, target: str | None) -> None:
        """Check what the API checks, in its order. That a named target is up, enabled and has room is the scheduler's
        business: without it the call ends in `error`."""
        world = self._world
        if target is not None and target not in world.hosts:
            raise Refused(404, f"Compute host {target} not found.")
        if guest.host == target:
            raise Refused(400, "The target host can't be the same one.")
        if guest.vm_state not in EVACUABLE:
            raise Refused(
                409, f"Cannot 'evacuate' instance {guest.uuid} while it is in vm_state {guest.vm_state}"
            )
        if guest.launched_at is None:
            raise Refused(409, f"Instance {guest.uuid} is in an invalid state for 'evacuate'")
        if self._services.is_up(world.host(guest.host or "")):
            raise Refused(400, f"Compute service of {guest.host} is still in use.")
