"""A step of the operator's own in the laboratory: its state is the world's, and outlives every worker."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kasugai.core.recovering.look import CustomState


@dataclass(slots=True, kw_only=True)
class SimulatedStep:
    """A step whose state comes about once it has acted."""

    say: Callable[[str], None]
    """Writes a line into the story's log."""
    raises: int = 0
    """So many of its first acts raise, before they have changed anything."""
    takes: float = 0.0
    """Seconds that an act takes; its state comes about at their end."""
    comes_after: float = 0.0
    """Seconds from the end of an act until its state holds: it is pending meanwhile."""
    is_impossible: bool = False
    holds_from: float | None = None
    """The loop's time from which on its state holds; None: it has not acted."""

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        """Say how its state stands."""
        if self.is_impossible:
            return CustomState.IMPOSSIBLE, "nobody can bring this about"
        if self.holds_from is None:
            return CustomState.ABSENT, ""
        now = asyncio.get_running_loop().time()
        return (CustomState.HOLDS if now >= self.holds_from else CustomState.PENDING), ""

    async def act(self, about: Mapping[str, str]) -> None:
        """Bring it about."""
        if self.raises > 0:
            self.raises -= 1
            raise ValueError("the ticket system said no")
        await asyncio.sleep(self.takes)
        self.say("its state comes about")
        self.holds_from = asyncio.get_running_loop().time() + self.comes_after
