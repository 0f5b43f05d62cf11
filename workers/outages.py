"""One clear log line a minute while something is away, and one when it is back, instead of a thousand."""

import asyncio
import logging

LOG = logging.getLogger(__name__)

AWAY = "is away, nothing is done until it is back"
REFUSES = "refuses what concerns one host, the others go on"
QUIET = 60.0
"""Seconds between two lines about one trouble."""


class Outages:
    """What is away right now, and when that was last said."""

    def __init__(self) -> None:
        """Nothing is away."""
        self._told: dict[str, float] = {}
        self._open: set[str] = set()
        """What was said to be away, and not yet to be back."""

    def tell(self, what: str, why: str, how: str = AWAY) -> None:
        """Say that `what` is away, or how else it does not serve, at most once a minute."""
        now = asyncio.get_running_loop().time()
        if what not in self._told or now - self._told[what] >= QUIET:
            self._told[what] = now
            self._open.add(what)
            LOG.warning("%s %s: %s", what, how, why)

    def over(self, what: str) -> None:
        """Say that it is back, if it was said to be away; what comes and goes is not said more often for that."""
        if what in self._open:
            self._open.remove(what)
            LOG.warning("%s is back", what)
