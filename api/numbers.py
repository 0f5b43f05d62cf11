"""Masakari's integer ids of what stands on a topic: derived from the record's place, so that a rebuild gives the same.

They are unique and never given twice; clients use them as markers of pages and for nothing else.
"""

from kasugai.core.words.signals import Stamp

PARTITIONS = 1000
"""More than any topic of ours has."""


def notification_number(stamp: Stamp) -> int:
    """Return the id of the notification whose fault stands there on kasugai.faults.reported: offset, then partition."""
    return (stamp.offset + 1) * PARTITIONS + stamp.partition
