"""How many of those who speak against a subject its row keeps by name; the others are counted.

A row is as large as what it keeps, and so are verdicts and orders: whoever can invent observers (an agent with a new
name per start is enough) must not make them grow. It knows conditions and no rule: who counts is decided by `evidence`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from kasugai.core.deciding.counted import Others
from kasugai.core.deciding.rows import Condition, SubjectRow
from kasugai.core.words.bounds import bytes_of
from kasugai.core.words.signals import Source, Symptom

MOST = 16
"""So many conditions of one kind of source."""
WEIGHT = 8_192
"""And so many bytes of all together, with which a row stays below 16 KiB. Two of each kind always have room."""
FIXED = 96
"""Bytes of a condition besides its names."""


def keep(row: SubjectRow, conditions: tuple[Condition, ...], newest: str) -> SubjectRow:
    """Return the row with as many of the conditions as it may hold: the one of the `newest` observer, of each kind the
    oldest, the last and the proofs before the rest, of which those stay that stood longer. What goes is counted."""
    kept = list(conditions)
    gone: Counter[Source] = Counter()
    while (one := _one_too_many(kept, newest)) is not None:
        kept.remove(one)
        gone[one.source] += 1
    others = Counter({each.source: each.count for each in row.others}) + gone if gone else None
    return replace(row, conditions=tuple(kept), others=row.others if others is None else _sorted(others))


def forget(row: SubjectRow) -> SubjectRow:
    """Return the row without the count of a kind of which nobody is left."""
    if not row.others:
        return row
    left = {condition.source for condition in row.conditions}
    others = tuple(each for each in row.others if each.source in left)
    return row if others == row.others else replace(row, others=others)


def may_be_explained(row: SubjectRow, source: Source) -> bool:
    """Whether somebody of that kind who is not kept may be among those whom the last incident explains: then what
    repeats itself is no news, for nothing is done twice because a name was not kept."""
    lost = any(each.source is source for each in row.others)
    return lost and any(c.explained and c.source is source for c in row.conditions)


def told(row: SubjectRow) -> str:
    """Say how many words are counted only; empty when all are kept."""
    said = ", ".join(f"{each.count} of {each.source}" for each in row.others)
    return f"more observers speak than are kept by name: further words counted: {said}" if said else ""


def _one_too_many(conditions: list[Condition], newest: str) -> Condition | None:
    by_source: dict[Source, list[Condition]] = {}
    for condition in conditions:
        by_source.setdefault(condition.source, []).append(condition)
    full = [each for each in by_source.values() if len(each) > MOST]
    if not full and _weight(conditions) > WEIGHT:
        full = [max(by_source.values(), key=_weight)]
    return _dispensable(full[0], newest) if full else None


def _dispensable(conditions: list[Condition], newest: str) -> Condition:
    """Return whom of one kind nobody will miss: the latest but one of those that prove nothing, but the oldest; where
    all prove something, the word that is older than the others (the youngest is what counts)."""
    aged = sorted(conditions, key=lambda c: (c.observer == newest, c.since.steady, c.event_id))
    plain = [c for c in aged[1:-1] if not _proves(c)]
    return plain[-1] if plain else min(aged[:-1] or aged, key=lambda c: (_proves(c), c.vouched_at))


def _proves(condition: Condition) -> bool:
    proven = condition.symptom is Symptom.OFF or condition.useless != ""
    return proven or (condition.asserted and condition.doubt is None)


def _weight(conditions: Iterable[Condition]) -> int:
    return sum(FIXED + bytes_of(c.observer) + bytes_of(c.episode) for c in conditions)


def _sorted(others: Counter[Source]) -> tuple[Others, ...]:
    return tuple(Others(source=source, count=count) for source, count in sorted(others.items()))
