"""What a user did to a guest last is how he wants it, however it failed afterwards."""

from collections.abc import Iterator

from kasugai.core.recovering.nova_views import By
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.lab.invariants.watcher import Asked, Sight, Watcher

LOOKED = 2.0
"""Seconds by which a look is older than the call that stands on it, at most: what its user asks for in between nobody
can know."""

RUNS = frozenset({"create", "start", "reboot", "unpause", "resume", "unrescue", "unshelve", "restore"})
OFF = frozenset({"stop", "pause", "suspend", "rescue", "shelve", "shelveOffload", "delete"})
"""Nova's names of what says how a guest should be; all others say nothing about it."""


class UsersWish(Watcher):
    """No guest is started by us that its user has stopped, paused, suspended, rescued, shelved or deleted last."""

    sees = (Asked,)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Look at what users asked for before each start that Nova took."""
        if not isinstance(what, Asked) or what.action != "start" or not what.was_taken:
            return
        wishes = (
            action
            for action in self.cloud.nova.actions.of(what.subject)
            if action.by is By.OTHERS
            and action.action in RUNS | OFF
            and action.start < what.request.t - LOOKED
        )
        newest = next(wishes, None)
        if newest is not None and newest.action in OFF:
            name = self.cloud.world.guests[what.subject].name
            yield f"{name} was started although its user asked for {newest.action} last"
