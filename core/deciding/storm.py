"""Says when so many hosts of a segment are unhealthy that the cause may be elsewhere: a storm.

What a person approved is looked up here too; who may approve what is decided with the commands.
"""

from kasugai.core.deciding.asked import Asked, Crowd
from kasugai.core.deciding.asone import counted
from kasugai.core.deciding.gates import Bars, Gate, Wait, When
from kasugai.core.deciding.rows import SegmentRow, Word
from kasugai.core.words.crowds import is_too_many
from kasugai.core.words.timing import Millis, SteadyTime
from kasugai.core.words.verdicts import Reason

APPROVAL_LASTS: Millis = Millis(3_600_000)
"""A storm's approval is good for an hour: the next storm is another question."""


def storm(asked: Asked) -> Reason | None:
    """Return why a confirmed subject is held in a storm; None when there is none, or when a person approved it. What is
    not in service is in no storm."""
    row, segment, tally, deadline = asked.row, asked.segment, asked.tally, asked.deadline
    if segment is None:
        return None
    crowd = 1 + tally.unhealthy(deadline, besides=row.host)
    over = is_over(segment, tally, counted(asked, crowd))
    steady = tally.counts(row.host, deadline) and tally.changed_at(deadline) + asked.cooldown <= deadline
    if not over and (steady or not tally.is_storm):
        return None
    if is_approved(row.approval, crowd, deadline) or is_approved(segment.approval, crowd, deadline):
        return None
    known = over and (steady or row.reason is Reason.APPROVAL_NEEDED)
    return Reason.APPROVAL_NEEDED if known else Reason.STORM


def is_over(segment: SegmentRow, tally: Crowd, crowd: int) -> bool:
    """Whether so many unhealthy hosts are too many: more than one, and as much of the segment as its policy says."""
    return is_too_many(crowd, len(tally.hosts), segment.record.policy.max_unhealthy)


def is_approved(approval: Word | None, crowd: int, deadline: SteadyTime) -> bool:
    """Whether a person allowed to act while so many hosts are unhealthy."""
    return approval is not None and crowd <= approval.up_to and deadline < approval.at.steady + APPROVAL_LASTS


def next_count(tally: Crowd, after: SteadyTime, cooldown: Millis) -> SteadyTime:
    """Return the next steady time later than `after` at which the count is asked about again: when it has been steady
    for long enough, and every half `cooldown` from then on."""
    first = tally.changed_at(after) + cooldown
    pause = cooldown // 2
    return SteadyTime(first if first > after else first + ((after - first) // pause + 1) * pause)


def _until_steady(asked: Asked) -> Wait:
    """The count changes by what is said about any host, and a burst must not ask all for each: it is asked about at
    times. An open incident has times of its own."""
    if asked.row.incident is not None:
        return Wait()
    return Wait(until=next_count(asked.tally, asked.deadline, asked.cooldown))


def _told(asked: Asked, reason: Reason) -> str:
    """What a person who is asked must know: how many are unhealthy. Nothing where the number still moves."""
    if reason is not Reason.APPROVAL_NEEDED:
        return ""
    unhealthy = 1 + asked.tally.unhealthy(asked.deadline, besides=asked.row.host)
    return f"{unhealthy} of {len(asked.tally.hosts)} hosts are unhealthy"


CALM = Gate(
    reasons=frozenset({Reason.STORM, Reason.APPROVAL_NEEDED}),
    why=storm,
    wait=_until_steady,
    when=When.PROVEN,
    bars=Bars.PUBLISHING,
    detail=_told,
)
"""Not so many are unhealthy, or a person allows it."""
