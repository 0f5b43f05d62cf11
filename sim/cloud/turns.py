"""One nova-compute works on all guests that it builds in turns, so that they land nearly together: a convoy.

Measured (nova.md section 12): of 25 guests called in 3 s the first was done after 12-17 s and the rest within 5 s more;
of 50 called at once the first after 45 s, all within 6 s; spread over four hosts by a window of eight, 50 took 27-35 s.
`Pace.turn` switches it on; how long a spawn takes is the hypervisor's own and not part of it.
"""

from collections.abc import Callable
from heapq import heappop, heappush

from kasugai.sim.cloud.model import Host
from kasugai.sim.cloud.world import World

_Job = tuple[int, int, int, Callable[[], None]]
"""How many turns it has had, its number, how many it wants, and what then."""


class Turns:
    """The queues of all computes of a cloud that lives on one machine: a turn takes the longer, the more of them are at
    work, and the more this one has in hand."""

    def __init__(self, world: World) -> None:
        """Nobody is at work."""
        self._world = world
        self._queues: dict[tuple[str, int], list[_Job]] = {}
        """By host and life: what a dead nova-compute had in hand is gone."""
        self._count = 0

    def take(self, host: Host, turns: range, act: Callable[[], None]) -> None:
        """Act when the host has given it these turns. Whoever has had the fewest is next, so that those who came early
        wait for those who came late."""
        key = (host.name, host.life)
        is_idle = key not in self._queues
        self._count += 1
        heappush(self._queues.setdefault(key, []), (turns.start, self._count, turns.stop, act))
        if is_idle:
            self._go_on(host, key)

    def _go_on(self, host: Host, key: tuple[str, int]) -> None:
        pace = self._world.pace
        seconds = (pace.turn + pace.crowding * len(self._queues[key])) * len(self._queues)
        self._world.later(seconds, lambda: self._turn(host, key))

    def _turn(self, host: Host, key: tuple[str, int]) -> None:
        """Give a turn to who is next. What it does then may queue again, so ask for more work last."""
        queue = self._queues[key]
        if host.life != key[1]:
            queue.clear()
        else:
            had, number, wanted, act = heappop(queue)
            if had + 1 < wanted:
                heappush(queue, (had + 1, number, wanted, act))
            else:
                act()
        if queue:
            self._go_on(host, key)
        else:
            del self._queues[key]
