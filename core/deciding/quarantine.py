"""How often a host may fail before it comes back by itself no more: three times within a day.

What fails while it is out of service fails no second time.
"""

from dataclasses import replace

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Gate, Wait
from kasugai.core.deciding.rows import Moment, SubjectRow
from kasugai.core.words.timing import Millis, later
from kasugai.core.words.verdicts import Reason

MOST = 3
"""The so many-th failure within a day is the last one that is mended by itself."""
WITHIN: Millis = Millis(24 * 3_600_000)
"""A day."""


def count(row: SubjectRow, now: Moment) -> SubjectRow:
    """Return the row after a recovery of its host has ended, as it was before: one that was in service, or had been
    brought back, has failed once more."""
    if row.is_out and row.closed is not None and row.closed.shut is not None:
        return row
    lately = tuple(at for at in row.failures if later(at, WITHIN) > now.steady)
    failures = (*lately, now.steady)[-MOST:]
    quarantined = row.quarantined or (now if len(failures) >= MOST else None)
    return replace(row, failures=failures, quarantined=quarantined)


def lifted(row: SubjectRow) -> SubjectRow:
    """Return the row after a person has ended the quarantine: the count begins anew."""
    return replace(row, quarantined=None, failures=())


def _quarantined(asked: Asked) -> Reason | None:
    """It stands before a return alone: a host against which anything is said is recovered like any other."""
    row = asked.row
    stands = row.quarantined is not None and row.retired is None and not evidence.standing(row.conditions)
    return Reason.QUARANTINE if stands else None


TRUSTED_TO_STAY = Gate(
    reasons=frozenset({Reason.QUARANTINE}),
    why=_quarantined,
    wait=lambda asked: Wait(on=frozenset({asked.row.name})),
    undoing=True,
    detail=lambda asked, _: f"{len(asked.row.failures)} failures within a day",
)
"""The host has not failed three times within a day."""
