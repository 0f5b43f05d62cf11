"""nova-conductor's part of an evacuation: it takes a call from its queue, asks the scheduler for a destination, and
leaves a message in the destination's queue. It looks at no task_state, and nobody but the destination goes on then.

What it does with records is Nova 34's (ConductorManager.rebuild_instance; nova.md section 12): the record that it
writes is the guest's FIRST one that is `accepted`, whoever's that is, and when the scheduler does not answer in time
nobody touches anything any more: task and record stay as the API wrote them, for ever. The action's event alone knows.
"""

from kasugai.sim.cloud.actions import Actions
from kasugai.sim.cloud.controllers import CONDUCTOR, CONTROLLER, SCHEDULER
from kasugai.sim.cloud.evacuation import Evacuation, Progress, save
from kasugai.sim.cloud.model import PENDING
from kasugai.sim.cloud.rebuild import Rebuild
from kasugai.sim.cloud.scheduler import Chooser
from kasugai.sim.cloud.world import World

TIMED_OUT = "Timed out waiting for a reply to message ID"
NO_HOST = "No valid host was found. There are not enough hosts available."


class Conductor:
    """Carries accepted calls to their destinations."""

    def __init__(
        self, world: World, actions: Actions, progress: Progress, scheduler: Chooser, rebuild: Rebuild
    ) -> None:
        """Work in `world`; `scheduler` chooses, `rebuild` is what destinations do."""
        self._world = world
        self._actions = actions
        self._progress = progress
        self._scheduler = scheduler
        self._rebuild = rebuild

    def take(self, evacuation: Evacuation) -> None:
        """Take a call from the API, as late as the conductor is slow."""
        delay, asking = self._world.conductor_delay, self._progress.span(self._world.pace.schedule)
        if delay:
            self._world.later(delay, lambda: self._begin(evacuation, asking))
        else:
            self._begin(evacuation, asking)

    def _begin(self, evacuation: Evacuation, asking: float) -> None:
        """Find the record and ask the scheduler. A call waits in the queue of a conductor that is away."""
        away = self._world.controllers.back(CONDUCTOR) - self._world.now()
        if away > 0:
            self._world.later(away, lambda: self._begin(evacuation, asking))
            return
        evacuation.event = self._actions.begin(evacuation.action, "rebuild_server", CONTROLLER)
        evacuation.record = self._world.first_accepted(evacuation.guest)
        asked = self._world.now()
        self._world.later(asking, lambda: self._hear(evacuation, asked))

    def _hear(self, evacuation: Evacuation, asked: float) -> None:
        """Hear the scheduler's answer to what was asked at `asked`, or that the time for it is over. A conductor that
        stands still in between hears neither before it goes on."""
        world, now = self._world, self._world.now()
        answered, last = max(now, world.controllers.back(SCHEDULER)), asked + world.pace.rpc_timeout
        heard = max(min(answered, last), world.controllers.back(CONDUCTOR))
        if heard > now:
            world.later(heard - now, lambda: self._hear(evacuation, asked))
        elif now >= last:
            self._progress.abandon(evacuation, TIMED_OUT)
        else:
            self._schedule(evacuation)

    def _schedule(self, evacuation: Evacuation) -> None:
        dest = self._scheduler.choose(evacuation)
        if evacuation.guest.deleted:
            self._progress.end(evacuation, "error", f"Instance {evacuation.guest.uuid} could not be found.")
        elif dest is None:
            self._progress.fail(evacuation, "error", NO_HOST)
        else:
            evacuation.dest = dest
            self._progress.finish_event(evacuation)
            save(evacuation.guest, self._world, power_state=PENDING)
            self._progress.later(self._world.pace.claim, lambda: self._rebuild.deliver(evacuation, dest))
