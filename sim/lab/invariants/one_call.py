"""What has not been answered may still be carried out: the same call beside it would be a second one."""

from collections.abc import Iterator

from kasugai.core.words.timing import PRODUCTION, BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.lab.invariants.watcher import Asked, Sight, Watcher

POWER = frozenset({"stop", "start", "migrate", "live-migrate", "confirm-migration"})
ARRIVES = (PRODUCTION.client + PRODUCTION.wire) / 1000
"""Seconds after which nothing arrives any more: so long a call may be on the wire, in this world's own terms."""


class OneCall(Watcher):
    """No stop, start or migration of a guest is called while an earlier one may still be carried out."""

    sees = (Asked,)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing was called."""
        super().__init__(cloud)
        self._calls: dict[str, list[Request]] = {}
        """By guest: the calls that were on the wire when last one left."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Hold each call against those that are on the wire."""
        if not isinstance(what, Asked) or what.action not in POWER or not what.is_sent:
            return
        now, wire = self.cloud.world.now(), self.cloud.wire
        under_way = [
            earlier
            for earlier in self._calls.get(what.subject, ())
            if wire.is_on_its_way(earlier) and now - earlier.t < ARRIVES
        ]
        if under_way:
            name = self.cloud.world.guests[what.subject].name
            yield f"{what.action} of {name} was called while {under_way[-1].action} was on the wire"
        self._calls[what.subject] = [*under_way, what.request]
