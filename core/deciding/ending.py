"""When a row ends: what nothing stands in any more is forgotten, or memory would grow with every name ever heard.

What a successor must know is kept however old it is: a host that is out, a reserve that was spent.
"""

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.rows import Spent
from kasugai.core.words.signals import UNKNOWN_SEGMENT
from kasugai.core.words.timing import Millis, SteadyTime, later

LASTS: Millis = Millis(36 * 24 * 3_600_000)
"""A row in which nothing stands lasts so long after its last change: longer than the topics keep what it stood on (30
days), and than the ledger keeps an attempt that has ended (35): without the row a fault that is said again under its
old id opens the incident of then, which a worker would take for recovered."""
UNKNOWN_LASTS: Millis = Millis(24 * 3_600_000)
"""One about a subject that the inventory does not know, of which nothing can ever come."""
UNKNOWN_MOST = 1_000
"""So many of those are kept; about all others is said what is to be said, and they are counted."""


def ends_at(asked: Asked) -> SteadyTime | None:
    """Return the steady time at which the subject's row ends by itself; None while something stands in it."""
    row = asked.row
    if row.segment == UNKNOWN_SEGMENT:
        return later(row.touched, UNKNOWN_LASTS)
    stands = row.conditions or row.incident or row.hold or row.vouch
    if stands or _is_needed(asked):
        return None
    return later(row.touched, LASTS)


def is_over(asked: Asked) -> bool:
    """Whether the row has ended by the last tick."""
    at = ends_at(asked)
    return at is not None and at <= asked.deadline


def has_room(segment: str, kept: int) -> bool:
    """Whether a segment that keeps so many rows keeps one more."""
    return segment != UNKNOWN_SEGMENT or kept < UNKNOWN_MOST


def _is_needed(asked: Asked) -> bool:
    closed = asked.row.closed
    is_left = asked.row.is_out or (closed is not None and closed.shut is not None)
    return (is_left and asked.host is not None) or any(
        _is_still_spent(asked, each) for each in asked.row.spent
    )


def _is_still_spent(asked: Asked, spent: Spent) -> bool:
    described = asked.hosts.get(spent.host)
    return (
        described is not None and not described.record.deleted and described.record.version == spent.version
    )
