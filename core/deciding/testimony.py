"""How a word about a subject changes what is held against it: what is news, what is late, what contradicts what.

It knows faults and conditions, and takes each word for as old as its record. What conditions prove is weighed elsewhere
(`evidence`).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from kasugai.core.deciding import keeping
from kasugai.core.deciding.evidence import COALESCE, believed, is_reset
from kasugai.core.deciding.rows import Condition, Moment, SubjectRow
from kasugai.core.words.signals import REPORT_LASTS, Fault, Source, Symptom
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime, between
from kasugai.core.words.verdicts import Reason

AROUND: Millis = Millis(5_000)
"""No boot follows within so much of the last word of the one before: its watchdog alone takes longer."""
STALE_AFTER: Millis = Millis(60_000)
"""A one-off report that was made this long before the close of an incident is no news."""
PROMPT: Millis = Millis(1_000)
"""So long a word is on its way through route and the mailbox when all is well."""


def is_late(fault: Fault, now: Moment) -> bool:
    """Whether what is said is no news: its record is older than a report lasts, or what speaks against the subject was
    seen so long before its record was made (an outbox sent it late). An assertion's own date decides nothing: it is as
    old as its record."""
    if fault.said_at <= 0:
        return False
    blames = fault.symptom.blames and not fault.asserted
    kept_back = blames and 0 < fault.observed_at < fault.said_at - REPORT_LASTS
    return kept_back or fault.said_at < now.at - REPORT_LASTS


def is_stale(row: SubjectRow, fault: Fault, *, heard: bool) -> bool:
    """Whether a one-off report was evidence before, or was made well before the last incident closed (an assertion by
    its own record's time: a slow clock must not hide a second failure, and the last look asks Nova); a sign of life or
    a word taken back is said once by anybody. `heard`: whether the row remembers the fault."""
    if fault.symptom in (Symptom.ALIVE, Symptom.CLEAR):
        return heard
    if fault.source.repeats:
        return _is_of_an_earlier_boot(row, fault)
    if heard:
        return not any(condition.event_id == fault.event_id for condition in row.conditions)
    made = fault.said_at if fault.asserted and fault.said_at > 0 else fault.observed_at
    return row.closed is not None and 0 < made < row.closed.at.at - STALE_AFTER


def _is_of_an_earlier_boot(row: SubjectRow, fault: Fault) -> bool:
    """Whether it is proven that a boot has ended (its episode says when it was last heard) after which the host has
    shown life."""
    if fault.symptom is not Symptom.OFF or fault.source is not Source.HEARTBEAT or row.alive is None:
        return False
    heard = fault.episode
    return heard.isascii() and heard.isdigit() and row.alive.at > int(heard[:16]) + AROUND


def upgrades(row: SubjectRow, fault: Fault) -> bool:
    """Whether it says for certain what its observer said less surely under the same id."""
    return any(_upgrades(c, fault) for c in row.conditions if c.observer == fault.observer)


def note(row: SubjectRow, fault: Fault, now: Moment, recent: tuple[UUID, ...]) -> SubjectRow:
    """Return the row after a fault that is not stale, before anything is decided; `recent`: what it then remembers."""
    match fault.symptom:
        case Symptom.DOWN | Symptom.DUMPING | Symptom.OFF:
            noted = _noted(row, fault, now)
            if noted is row.conditions:
                return row if recent is row.recent else replace(row, recent=recent)
            return replace(keeping.keep(row, noted, fault.observer), recent=recent)
        case Symptom.CLEAR:
            rest = tuple(c for c in row.conditions if c.observer != fault.observer)
            return replace(row, conditions=rest, recent=recent)
        case Symptom.ALIVE:
            return _lives(replace(row, recent=recent), replace(now, at=said_at(fault, now)))
        case Symptom.FAILING:
            return row
        case _:
            assert_never(fault.symptom)


def note_late(row: SubjectRow, fault: Fault) -> SubjectRow:
    """Return the row after what is late: nothing new is held against the subject, and a sign of life or a word taken
    back ends what had last been said before it, and nothing else."""
    before = tuple(c for c in row.conditions if max(c.seen.at, c.vouched_at) <= fault.said_at)
    match fault.symptom:
        case Symptom.DOWN | Symptom.DUMPING | Symptom.OFF | Symptom.FAILING:
            return row
        case Symptom.CLEAR:
            over = tuple(c for c in before if c.observer == fault.observer)
        case Symptom.ALIVE:
            over = tuple(c for c in before if (c.symptom is not Symptom.OFF or is_reset(c)) and not c.useless)
        case _:
            assert_never(fault.symptom)
    return replace(row, conditions=tuple(c for c in row.conditions if c not in over)) if over else row


def _lives(row: SubjectRow, alive: Moment) -> SubjectRow:
    """Return the row after a sign of life: what is younger than it stands, as far as that is known (two topics have no
    common order, and what was said first may be read last)."""
    stands = tuple(c for c in row.conditions if _stands(c, alive) or c.useless)
    vouch = row.vouch if row.vouch is not None and row.vouch.at.at > alive.at else None
    last = alive if row.alive is None or row.alive.at < alive.at else row.alive
    return replace(row, conditions=stands, alive=last, vouch=vouch)


def _stands(condition: Condition, alive: Moment) -> bool:
    """Whether a sign of life does not contradict it. Who was reset may have started anew since."""
    if is_reset(condition):
        return condition.since.at > alive.at
    return condition.symptom is Symptom.OFF or condition.vouched_at > alive.at


def _noted(row: SubjectRow, fault: Fault, now: Moment) -> tuple[Condition, ...]:
    conditions = row.conditions
    old = next((c for c in conditions if c.observer == fault.observer), None)
    others = tuple(c for c in conditions if c.observer != fault.observer)
    same = old is not None and old.event_id == fault.event_id and old.symptom is fault.symptom
    if old is not None and same and not _upgrades(old, fault):
        if between(old.seen.steady, now.steady) < COALESCE:
            return conditions
        return _sorted((*others, replace(old, seen=now, late=_late(fault, now))))
    new = _condition(row, fault, now)
    if old is not None and believed(old) and not believed(new) and not old.explained:
        return conditions
    if old is not None and not new.source.repeats and old.symptom is new.symptom and not old.explained:
        new = replace(new, since=old.since)  # said again: as long as it has stood
    if old is None and new.source.repeats and keeping.may_be_explained(row, new.source):
        new = replace(new, explained=True)
    return _sorted((*others, new))


def _condition(row: SubjectRow, fault: Fault, now: Moment) -> Condition:
    return Condition(
        observer=fault.observer,
        source=fault.source,
        symptom=fault.symptom,
        event_id=fault.event_id,
        episode=fault.episode,
        asserted=fault.asserted,
        vouched_at=said_at(fault, now) if fault.asserted else BrokerTime(0),
        doubt=_doubt(row, fault, now),
        since=now,
        seen=now if fault.source.repeats else _told_at(fault, now),
        observed=_observed(fault, now),
        late=_late(fault, now),
    )


def _late(fault: Fault, now: Moment) -> Millis:
    """Return how long its record has waited for route, which reads many partitions: what was said after it, elsewhere,
    may be as far behind."""
    waited = between(said_at(fault, now), now.at)
    return Millis(waited) if waited > PROMPT else Millis(0)


def _observed(fault: Fault, now: Moment) -> BrokerTime:
    """A word may be long on its way to the broker (a monitor repeats its POST for minutes), and the subject may have
    been mended by then."""
    is_earlier = 0 < fault.observed_at < said_at(fault, now)
    return BrokerTime(fault.observed_at) if is_earlier and not fault.source.repeats else BrokerTime(0)


def _told_at(fault: Fault, now: Moment) -> Moment:
    """What is told once is as old as its record."""
    at = said_at(fault, now)
    return Moment(at=at, steady=SteadyTime(now.steady - between(at, now.at)))


def said_at(fault: Fault, now: Moment) -> BrokerTime:
    """Return when a word was said: it is never younger than its own record. Whatever kept it on the way since (an
    absent route, a full mailbox), the host may have shown life in that time. Its sender's clock is not asked: a slow
    one, or a time typed by hand, would set the word before the host's last sign of life, and it would be contradicted
    for ever."""
    return BrokerTime(min(now.at, fault.said_at)) if fault.said_at > 0 else now.at


def _doubt(row: SubjectRow, fault: Fault, now: Moment) -> Reason | None:
    """Why an assertion counts as one witness from the beginning."""
    if not fault.asserted:
        return None
    if not fault.trusted:
        return Reason.SENDER_NOT_TRUSTED
    is_late = row.alive is not None and row.alive.at > said_at(fault, now)
    return Reason.SIGN_OF_LIFE if is_late else None


def _upgrades(old: Condition, fault: Fault) -> bool:
    same = old.event_id == fault.event_id and old.symptom is fault.symptom
    doubted = old.doubt is Reason.SENDER_NOT_TRUSTED and fault.trusted
    return same and fault.asserted and (not old.asserted or doubted)


def _sorted(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(sorted(conditions, key=lambda condition: condition.observer))
