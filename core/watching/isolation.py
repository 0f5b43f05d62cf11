"""When a host that beats is isolated: by its own word it reaches nobody on a network on which others reach somebody.

A living host says so itself, so it is no proof of anything: at most one witness, and only where the matrix says so.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from kasugai.core.watching.rules import Networks
from kasugai.core.words.heartbeats import Link

ASKED = 2
"""So many peers must have been asked in vain: one that does not answer may be dead itself."""


def lost_on(links: Iterable[Link]) -> Networks:
    """Return the networks on which a host reaches nobody."""
    return frozenset(link.network for link in links if link.asked >= ASKED and link.reached <= 0)


@dataclass(slots=True)
class Census:
    """How many hosts say anything of a network, and how many of them reach somebody there."""

    _asking: Counter[str] = field(default_factory=Counter)
    _reaching: Counter[str] = field(default_factory=Counter)

    def count(self, links: Iterable[Link]) -> None:
        """Count what one host sees."""
        for link in links:
            if link.asked >= ASKED:
                self._asking[link.network] += 1
                self._reaching[link.network] += link.reached > 0

    def working(self, networks: Networks) -> Networks:
        """Return those of the networks that work: more than half of who asks there reaches somebody. Of the others it
        is the network that is down, and not a host that is isolated."""
        return frozenset(name for name in networks if 2 * self._reaching[name] > self._asking[name])
