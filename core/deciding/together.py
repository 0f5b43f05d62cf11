"""What a segment's row remembers of hosts that failed together. When they have is decided elsewhere (`blasts.py`)."""

from dataclasses import dataclass

from kasugai.core.words.domains import Domain
from kasugai.core.words.timing import SteadyTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Blast:
    """Hosts that failed together, as it was last told."""

    domain: Domain
    """What they share; of a guess its name is what their names have in common."""
    is_guess: bool = False
    """Whether nobody has declared it."""
    since: SteadyTime
    """Steady time at which the first of them became unhealthy."""
    last: SteadyTime
    """Steady time at which somebody first spoke against the newest of them."""
    told: SteadyTime
    """Steady time at which it was last told."""
    count: int
    """How many hosts it was then."""
