"""What a row counts and decides nothing by: words that are not kept by name, and callers that have failed on a host."""

from dataclasses import dataclass
from uuid import UUID

from kasugai.core.words.signals import Source
from kasugai.core.words.timing import SteadyTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Words of one kind of source that are not kept by name."""

    source: Source
    """The kind."""
    count: int
    """How many words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCaller:
    """Somebody who has failed on a host lately."""

    observer: str
    """Under which name the bridge tells of him."""
    event_id: UUID
    """Of the last word about that."""
    at: SteadyTime
    """Steady time at which it was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """The callers of one host."""

    failed: tuple[FailedCaller, ...] = ()
    """The last few who have failed there, by name."""
    told: SteadyTime | None = None
    """Steady time at which it was last told that they are several."""


NOBODY = Callers()
"""Nobody has failed."""
