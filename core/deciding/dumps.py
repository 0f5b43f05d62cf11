"""The gate before a host that dumps: whoever fences it loses what its crashed kernel writes.

It knows what was said of dumps and how long the segment waits for one. Nothing is opened meanwhile: nothing is fenced,
and nobody is evacuated before the fence.
"""

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Bars, Gate, Wait
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import Millis, SteadyTime, later
from kasugai.core.words.verdicts import Reason

SILENT: Millis = Millis(45_000)
"""A dump of which nobody has heard for so long has ended: who hears it says so every 30 s, and when it ends."""


def _ends(asked: Asked) -> SteadyTime | None:
    """Return until when the fence waits by what has been said so far; None where nobody dumps, its power is off by
    whoever's proof or word, or an attempt has begun to switch it off."""
    counted = evidence.standing(asked.row.conditions)
    dumps = [c for c in counted if c.symptom is Symptom.DUMPING]
    has_begun = asked.row.incident is not None and asked.row.incident.effects
    is_off = any(c.symptom is Symptom.OFF for c in counted) or asked.row.vouch is not None
    if not dumps or has_begun or is_off or evidence.asserted_at(counted, asked.policy) is not None:
        return None
    longest = later(min(c.since.steady for c in dumps), asked.policy.dump_wait)
    return min(longest, later(max(c.seen.steady for c in dumps), SILENT))


def _why(asked: Asked) -> Reason | None:
    ends = _ends(asked)
    return Reason.DUMPING if ends is not None and asked.deadline < ends else None


def _told(asked: Asked, reason: Reason) -> str:
    return f"the fence waits until its dump has ended, {asked.policy.dump_wait // 1000} s from its first word at most"


DUMPED = Gate(
    reasons=frozenset({Reason.DUMPING}),
    why=_why,
    wait=lambda asked: Wait(until=_ends(asked), on=frozenset({asked.row.name})),
    bars=Bars.BEGINNING,
    detail=_told,
)
"""It does not write its kernel's memory to disk, or has had its time for that."""
