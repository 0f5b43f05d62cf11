"""Blows that lie in wait for a recovery: which trap is laid at which loss, and when it springs. Pure.

A blow that falls at a drawn second seldom meets an evacuation that is just being called. So most losses have a trap,
drawn like everything else: it springs so many seconds after the k-th evacuate call of that host's recovery.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Trap(StrEnum):
    """What waits for a recovery."""

    MUTE = "replies to evacuate calls are lost"
    """The first k calls are carried out, and nobody hears of it."""
    FLUSH = "FLUSHALL while evacuate calls are on the wire"
    """The ledger forgets steps of which Nova shows no trace yet."""
    FAILOVER = "an older replica while evacuate calls are on the wire"
    """The same, with a ledger that knows a little."""
    KILL = "kill -9 the owner while evacuate calls are on the wire"
    KILL_AND_FLUSH = "kill -9 the owner, FLUSHALL at the successor's first word"
    """The ledger forgets how high the epoch was."""
    CHORUS = "many report the host while correlate is killed"
    """Somebody speaks at every moment of the time that a processor needs to come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambush:
    """One trap at one loss."""

    trap: Trap
    call: int
    """It springs at this evacuate call of the recovery, counted from 1 (CHORUS: at the loss)."""
    after: float
    """So many seconds later (KILL_AND_FLUSH: the FLUSHALL, after the new owner's first word)."""
    late: float
    """By how many seconds evacuate calls reach Nova late; 0: they do not."""
    name: str
    """CHORUS: the process that is killed."""


ON_THE_WIRE = (2.0, 2.6)
"""A client gives up after one second, and what it sent may arrive within two more: late, but as promised."""
LATE = frozenset({Trap.FLUSH, Trap.FAILOVER, Trap.KILL})
SOON = (0.0, 0.2)
LATER = {Trap.KILL_AND_FLUSH: (0.2, 1.2), Trap.CHORUS: (0.3, 1.5)}
TURNS = (
    Trap.FLUSH,
    Trap.MUTE,
    Trap.CHORUS,
    Trap.KILL_AND_FLUSH,
    Trap.FLUSH,
    Trap.KILL,
    Trap.CHORUS,
    Trap.MUTE,
    Trap.FAILOVER,
    Trap.FLUSH,
    Trap.KILL_AND_FLUSH,
    Trap.CHORUS,
    Trap.MUTE,
    None,
)
"""The traps of one loss after another, round and round from where a seed says. None: that one is left alone."""


def ambushes(seed: int) -> Iterator[Ambush | None]:
    """Yield each loss's trap, for ever."""
    chance = random.Random(f"{seed}: ambushes")
    turn = chance.randrange(len(TURNS))
    while True:
        trap = TURNS[turn % len(TURNS)]
        yield None if trap is None else _ambush(chance, trap)
        turn += 1


def _ambush(chance: random.Random, trap: Trap) -> Ambush:
    return Ambush(
        trap=trap,
        call=chance.randint(1, 4),
        after=chance.uniform(*LATER.get(trap, SOON)),
        late=chance.uniform(*ON_THE_WIRE) if trap in LATE else 0.0,
        name=f"correlate-{chance.randint(1, 2)}",
    )
