"""Turns what was decided about a subject into verdicts: told when it changes or when a fault was not covered yet."""

from dataclasses import replace
from uuid import UUID

from kasugai.core.deciding import keeping
from kasugai.core.deciding.rows import RECENT_LIMIT, SubjectRow, evidence_of
from kasugai.core.words.bounds import cut
from kasugai.core.words.identity import verdict_id
from kasugai.core.words.signals import Fault
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import EVIDENCE_LIMIT, Evidence, Reason, Verb, Verdict

ASIDE = 50
"""What is said aside is numbered from here on: a command's word may have the verb of what follows from it."""


def put_into_words(
    row: SubjectRow,
    verb: Verb,
    reason: Reason,
    *,
    at: BrokerTime,
    offset: int,
    fresh: Fault | None = None,
    incident: UUID | None = None,
    also: tuple[Reason, ...] = (),
    detail: str = "",
    aside: bool = False,
    alone: bool = False,
) -> tuple[SubjectRow, tuple[Verdict, ...]]:
    """Return the row with the new last word, and the verdicts to publish: none when nothing changed and `fresh` (a
    fault not heard before) is absent. A word `aside` is always told, and the last word stays what it was; one told
    `alone` stands on the fresh fault and on nothing that is held against the subject."""
    changed = aside or (verb, reason) != (row.verb, row.reason)
    if not changed and fresh is None:
        return row, ()
    keys = _evidence(None if alone else row, fresh)
    said = cut("; ".join(filter(None, [detail, keeping.told(row)])))
    first = 100 * verb_rank(verb) + (ASIDE if aside else 0)
    parts = [keys[i : i + EVIDENCE_LIMIT] for i in range(0, len(keys), EVIDENCE_LIMIT)] or [()]
    verdicts = tuple(
        Verdict(
            verdict_id=verdict_id(row.segment, row.subject.name, offset, first + part),
            verb=verb,
            subject=row.subject,
            segment=row.segment,
            reason=reason,
            evidence=evidence,
            count=len(keys),
            at=at,
            incident=incident,
            also=also,
            detail=said,
        )
        for part, evidence in enumerate(parts)
    )
    return row if aside else replace(row, verb=verb, reason=reason), verdicts


def plain_word(
    segment: str,
    subject: Subject,
    verb: Verb,
    reason: Reason,
    *,
    at: BrokerTime,
    offset: int,
    part: int = 0,
    incident: UUID | None = None,
    also: tuple[Reason, ...] = (),
    detail: str = "",
    hosts: tuple[str, ...] = (),
) -> Verdict:
    """Return a verdict that stands on no fault. `part`, below ASIDE, tells apart those of one record that have subject
    and verb in common: readers take two with one id for one that was repeated."""
    return Verdict(
        verdict_id=verdict_id(segment, subject.name, offset, 100 * verb_rank(verb) + part),
        verb=verb,
        subject=subject,
        segment=segment,
        reason=reason,
        evidence=(),
        count=0,
        at=at,
        incident=incident,
        also=also,
        detail=detail,
        hosts=hosts,
    )


def verb_rank(verb: Verb) -> int:
    """Return a number per verb, so that two verdicts of one record about one subject have two ids."""
    return _RANKS[verb]


_RANKS = {verb: rank for rank, verb in enumerate(Verb)}


def remembered(row: SubjectRow, name: UUID) -> tuple[UUID, ...]:
    """Return what the row remembers when it hears of a fault or a command that is new to it: the oldest beyond the
    limit is forgotten."""
    return (*row.recent, name)[-RECENT_LIMIT:]


def _evidence(row: SubjectRow | None, fresh: Fault | None) -> tuple[Evidence, ...]:
    keys = {} if row is None else {c.event_id: evidence_of(c) for c in row.conditions}
    if fresh is not None:
        keys[fresh.event_id] = evidence_of(fresh)
    return tuple(keys[key] for key in sorted(keys))
