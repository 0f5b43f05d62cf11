"""The gate of evidence: what is held against a subject is proof, by the measure of its kind."""

from collections.abc import Callable

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Gate, Wait
from kasugai.core.deciding.rows import Condition, SubjectRow
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import SteadyTime
from kasugai.core.words.verdicts import Reason, Verb

Weigh = Callable[[tuple[Condition, ...], Policy, SteadyTime], Reason]
"""Says why unexplained conditions (at least one) prove something by a deadline (one of `evidence.PROOFS`), or why they
do not."""

UNPROVEN = frozenset(
    {
        Reason.FIRST_SIGHTING,
        Reason.WAITING_FOR_WITNESSES,
        Reason.WAITING_TO_CONFIRM,
        Reason.INSUFFICIENT_EVIDENCE,
    }
)


def proof(
    weigh: Weigh, row: SubjectRow, counted: tuple[Condition, ...], policy: Policy, deadline: SteadyTime
) -> Reason:
    """Return what proves that the subject is dead, or why nothing does: a person's word, else its kind's measure of the
    conditions (at least one)."""
    return Reason.VOUCHED if row.vouch is not None else weigh(counted, policy, deadline)


def proven_by(weigh: Weigh) -> Gate:
    """Return the gate that lets through what is proven by this measure."""

    def why(asked: Asked) -> Reason | None:
        counted = evidence.standing(asked.row.conditions)
        reason = proof(weigh, asked.row, counted, asked.policy, asked.deadline) if counted else None
        return None if reason in evidence.PROOFS else reason

    return Gate(reasons=UNPROVEN, why=why, wait=_until_agreed, verb=Verb.SUSPECT, detail=_doubts)


def _doubts(asked: Asked, reason: Reason) -> str:
    return evidence.doubts(evidence.standing(asked.row.conditions), asked.policy)


def _until_agreed(asked: Asked) -> Wait:
    counted = evidence.standing(asked.row.conditions)
    if not counted or asked.segment is None:
        return Wait()
    return Wait(until=evidence.turns_at(counted, asked.policy), on=frozenset({asked.row.name}))
