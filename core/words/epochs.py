"""Whose word about an attempt counts: an epoch is the number of an ownership, and `adopted` says whose.

Workers count epochs up by one under a lease. A fact is only a record, which whoever may write to its topic can write;
what it says of its epoch is held against what was adopted before.
"""

from dataclasses import dataclass

from kasugai.core.words.facts import Fact, FactKind

LEAP = 1_000
"""So many owners may have come and gone unrecorded, each dead between its lease and its record."""
FIRST = 1_000_000
"""The highest epoch that is believed where none is known: the log keeps 30 days, and the ledger forgets."""
KEPT = 16
"""So many owners are remembered: a fenced one's `done` still counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who adopted under an epoch. Two may have, of whom the ledger let one go on."""

    epoch: int
    author: str


Owners = tuple[Owner, ...]
"""The newest last."""


def highest_believed(known: int) -> int:
    """Return the highest epoch that is believed of a subject of which `known` is the highest so far, 0 where none is:
    one far beyond it is nobody's, for it would leave no room for those that follow."""
    return max(known, FIRST) + LEAP


def is_next(fact: Fact, current: int, known: int) -> bool:
    """Whether an `adopted` begins an ownership of an incident whose newest epoch is `current`; `known` is the highest
    of its subject."""
    return fact.kind is FactKind.ADOPTED and max(current, 1) <= fact.epoch <= highest_believed(known)


def with_owner(owners: Owners, fact: Fact) -> Owners:
    """Return the owners with the one that `fact` adopts for."""
    owner = Owner(epoch=fact.epoch, author=fact.author)
    return owners if owner in owners else (*owners, owner)[-KEPT:]


def speaks_for_itself(owners: Owners, fact: Fact) -> bool:
    """Whether its author has adopted under the epoch that it speaks under."""
    return Owner(epoch=fact.epoch, author=fact.author) in owners
