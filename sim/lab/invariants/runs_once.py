"""The first of all invariants: a guest that runs twice has its disk written by both."""

from collections.abc import Iterator

from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud.diary import Entry
from kasugai.sim.lab.invariants.watcher import Sight, Watcher


class RunsOnce(Watcher):
    """No guest runs on two hosts at a time."""

    sees = (Entry,)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Look at all guests whenever one has started or stopped."""
        for guest in self.cloud.running_twice():
            hosts = ", ".join(sorted(self.cloud.running_on(guest)))
            yield f"{self.cloud.world.guests[guest].name} runs on two hosts: {hosts}"
