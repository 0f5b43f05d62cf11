"""nova-conductor's part of an evacuation: it asks the scheduler for a destination and leaves a message in its queue.

It looks at no task_state, and nobody but the destination goes on from there.
"""

from kasugai.sim.cloud.evacuation import Evacuation, Progress, save
from kasugai.sim.cloud.model import PENDING
from kasugai.sim.cloud.rebuild import Rebuild
from kasugai.sim.cloud.scheduler import Chooser
from kasugai.sim.cloud.world import World

NO_HOST = "No valid host was found. There are not enough hosts available."


class Conductor:
    """Carries accepted calls to their destinations."""

    def __init__(self, world: World, progress: Progress, scheduler: Chooser, rebuild: Rebuild) -> None:
        """Work in `world`; `scheduler` chooses, `rebuild` is what destinations do."""
        self._world = world
        self._progress = progress
        self._scheduler = scheduler
        self._rebuild = rebuild

    def take(self, evacuation: Evacuation) -> None:
        """Take a call from the API."""
        self._progress.later(
            self._world.pace.schedule,
            lambda: self._schedule(evacuation),
            waiting=self._world.conductor_delay,
        )

    def _schedule(self, evacuation: Evacuation) -> None:
        dest = self._scheduler.choose(evacuation)
        if evacuation.guest.deleted:
            self._progress.end(evacuation, "error")
        elif dest is None:
            self._progress.fail(evacuation, "error", NO_HOST)
        else:
            evacuation.dest = dest
            save(evacuation.guest, self._world, power_state=PENDING)
            self._progress.later(self._world.pace.claim, lambda: self._rebuild.deliver(evacuation, dest))
