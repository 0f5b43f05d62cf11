"""A nova-compute that starts destroys the guests of which an evacuation is under way (nova.md)."""

from collections.abc import Iterator

from kasugai.core.recovering.nova_views import EVACUATION
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.lab.invariants.watcher import Asked, Sight, Watcher

OPEN = ("accepted", "pre-migrating")
"""Statuses of evacuations that may come to nothing yet."""


class PoweredOn(Watcher):
    """No host is switched on by us while an evacuation of a guest of its is under way."""

    sees = (Asked,)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Look at Nova's records when the order leaves us."""
        if not isinstance(what, Asked) or what.action != "power-on" or not what.is_sent:
            return
        for record in self.cloud.world.migrations:
            guest = self.cloud.world.guests[record.guest]
            is_open = record.migration_type == EVACUATION and record.status in OPEN
            if is_open and record.source == what.subject and guest.host == what.subject and not guest.deleted:
                yield f"{what.subject} was switched on while {guest.name} was being evacuated from it"
