"""The gate that lets a guest wait for its host's own evidence when many guests of one host fail at once."""

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Gate, Wait, When
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.words.timing import Millis, SteadyTime, later
from kasugai.core.words.verdicts import Reason

MANY = 10
"""So many other guests of one host make a crowd."""
WITHIN: Millis = Millis(10_000)
"""If they were noted within so long."""
PAUSE: Millis = Millis(3_000)
"""Each then waits for so long after its own first sign: a host that dies is suspected by then."""
TOLD_AGAIN: Millis = Millis(60_000)
"""A host is told of again no sooner than this: one crowd is told once."""


def _patient_until(asked: Asked) -> SteadyTime:
    return later(evidence.oldest(evidence.standing(asked.row.conditions)), PAUSE)


def _together(asked: Asked) -> Reason | None:
    if _patient_until(asked) <= asked.deadline:
        return None
    crowd = asked.tally.fail_together(asked.row.host, asked.deadline, besides=asked.row.name)
    return Reason.GUESTS_FAIL_TOGETHER if crowd else None


CROWD = Gate(
    reasons=frozenset({Reason.GUESTS_FAIL_TOGETHER}),
    why=_together,
    wait=lambda asked: Wait(until=_patient_until(asked)),
    when=When.LAST,
)
"""Few guests of its host have failed with it."""


def is_to_be_told(host: SubjectRow | None, now: SteadyTime) -> bool:
    """Whether nobody was told of the host's guests lately."""
    return host is None or host.warned is None or later(host.warned.steady, TOLD_AGAIN) <= now
