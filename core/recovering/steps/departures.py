"""Evacuations that left a host: whether one is still under way, and whether the host has cleaned up after them.

A nova-compute that starts destroys its copy of each guest of which an evacuation is accepted or has been begun with,
landed or not (Nova 34, _destroy_evacuated_instances), and sets those that are done to completed.
"""

from collections.abc import Iterator

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Blocked, Pending
from kasugai.core.recovering.nova_views import EVACUATION, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

DONE = "done"
"""The status of one that has landed and that its source has not heard of."""


def unfinished(s: Situation) -> Blocked | Pending | None:
    """Return what to do where an evacuation from the host may still come to nothing; None where all guests that Nova
    names are seen elsewhere, or gone. Nothing is concluded from records that one look alone does not show: a cell that
    is silent leaves all of them out, and the host's own row with them."""
    before = s.memory.before
    if before is None or before.service is None or s.look.service is None:
        return Pending()
    guests = sorted({m.guest for m in _of(s.look, s.order.host) if not m.is_ended})
    unread = tuple(g for g in guests if g not in s.look.guests and g not in s.look.read)
    if unread:
        return Pending(reads=unread)
    there = [guest for guest in guests if not _has_left(s, guest)]
    if not there:
        return None
    if between(s.memory.owner_since, s.now) <= s.timing.landing:
        return Pending(reads=tuple(there))
    return Blocked(
        reason=Reason.EVACUATION_OPEN,
        detail=f"evacuations that are not over: {', '.join(there)}; a nova-compute that starts on {s.order.host} "
        "would destroy them"[:500],
    )


def uncleaned(s: Situation) -> tuple[str, ...]:
    """Return the guests of which the host has not heard yet that they have left."""
    return tuple(sorted({m.guest for m in _of(s.look, s.order.host) if m.status == DONE or not m.is_ended}))


def _of(look: Look, host: str) -> Iterator[MigrationView]:
    records = (record for some in look.migrations.values() for record in some)
    return (m for m in records if m.migration_type == EVACUATION and m.source == host)


def _has_left(s: Situation, guest: str) -> bool:
    """Whether a look by id shows it at rest on another host, or nowhere at all: what its record says is left over."""
    if guest in s.look.guests:
        return False
    view = s.look.read[guest]
    return view is None or view.deleted or (view.host != s.order.host and view.task_state is None)
