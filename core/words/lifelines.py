"""What an agent says once a second of its host's watchdog: what keeps the host running, and whom it asks when in doubt.

The log itself confirms it: a record that the brokers have acknowledged is in the log, where whoever judges sees it. The
inequality that both sides keep stands in ADR 26.
"""

from dataclasses import dataclass

from kasugai.core.words.timing import Millis

PARTITION = 0
"""Of `kasugai.heartbeats`: all lifelines lie in one, so that one reader sees all of them in one order."""
LEASE: Millis = Millis(6_000)
"""How long an acknowledged record lets its host run, from the moment at which it was sent."""
HEARD: Millis = Millis(3_000)
"""How long a neighbour's word that it is without confirmation too counts, from the moment at which it was asked."""
DOUBT: Millis = Millis(2_500)
"""Who has had no confirmation for so long says so to who asks, and asks others."""
AFTERGLOW: Millis = Millis(30_000)
"""And says so for as long after it is confirmed again: others may still be on their way back to Kafka."""
SIDE = 4
"""Neighbours on each side of the ring."""
NOBODY: Millis = Millis(-1)
"""No record has been acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifeline:
    """One host's word about its own watchdog."""

    host: str
    """Nova's service host, byte for byte."""
    boot_id: str
    """The kernel's id of this boot."""
    uptime: Millis
    """Since boot, suspension included (CLOCK_BOOTTIME), when this was sent."""
    is_armed: bool
    """Whether the watchdog runs, and stops being petted as the next fields say. Once this is false in the log, nothing
    follows from its silence."""
    timeout: Millis = Millis(0)
    """After so long without being petted the watchdog resets the host, by its driver's own word."""
    lease: Millis = LEASE
    """It is petted for so long after a record was sent that was acknowledged."""
    heard: Millis = HEARD
    """And while `enough` of `neighbours`, asked within this, said that they are without confirmation too."""
    neighbours: tuple[str, ...] = ()
    """Whose word counts, by name."""
    enough: int = 1
    """So many of them keep the host running."""
    clean_since: Millis
    """By `uptime`: when this agent last told anybody that it is without confirmation, or began. It has not since."""
    acknowledged: Millis = NOBODY
    """The `uptime` of its newest record that the brokers had acknowledged when this was sent."""


def enough_of(neighbours: int) -> int:
    """Return how many of so many neighbours keep a host running: 1, and 2 of a full circle. So at most two of five
    hosts in a row end when any set of hosts that see one another loses Kafka, fewer than half of all."""
    return max(1, neighbours // (2 * SIDE) * 2)


def neighbours_of(own: str, ring: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts that stand next to `own` in a ring of names, `SIDE` on each side, each once; the ring is sorted
    here and may lack `own`."""
    names = sorted({*ring, own})
    at, others = names.index(own), len(names) - 1
    after = [names[(at + step) % len(names)] for step in range(1, min(SIDE, others) + 1)]
    before = [names[(at - step) % len(names)] for step in range(1, min(SIDE, others) + 1)]
    return tuple(dict.fromkeys((*after, *before)))
