"""Holds a ledger's epochs to the log: one that no chain of owners can have reached is somebody's slip or lie.

An owner that went on from there would be nobody's: neither correlate nor the next owner's fold would believe what it
records, so its calls would be made again. It knows no Redis and no Kafka.
"""

from dataclasses import replace
from types import MappingProxyType

from kasugai.core.recovering.doors import NOTHING_READ, Folded
from kasugai.core.recovering.ledger import highest
from kasugai.core.words.epochs import highest_believed


def needs_the_log(kept: Folded) -> bool:
    """Whether only the log can say that the epochs in there are ones: without it, the next would not be believed."""
    return max(kept.epoch, highest(kept.entries)) >= highest_believed(0)


def plausible(kept: Folded, logged: int) -> Folded:
    """Return what is kept without the epochs behind which a log whose highest is `logged` lets nobody go on, nor the
    entries under them; `kept` itself where there are none. What is left says nothing of how far it was folded, so that
    the log is read from its beginning."""
    believed = highest_believed(logged)
    entries = {incident: entry for incident, entry in kept.entries.items() if entry.epoch < believed}
    if kept.epoch < believed and len(entries) == len(kept.entries):
        return kept
    epoch = kept.epoch if kept.epoch < believed else 0
    return replace(kept, epoch=epoch, offsets=NOTHING_READ, entries=MappingProxyType(entries))
