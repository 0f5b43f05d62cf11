"""On what a guest's data lies, which says what an evacuation would do to it: Nova's API tells volumes from the rest,
and only the operator knows whether a compute host's own directory is shared."""

from enum import StrEnum


class RootDisks(StrEnum):
    """Where the disks lie that compute hosts keep by themselves, as an operator says."""

    SHARED = "shared"
    """On storage that every host of the segment reaches: RBD (`images_type = rbd`), NFS."""
    LOCAL = "local"
    """On each host's own disks."""
    UNSAID = "unknown"
    """Nobody has said so (a wire's enum keeps the name UNKNOWN for what a newer Kasugai says)."""


class DiskClass(StrEnum):
    """On what a guest's data lies."""

    VOLUME = "volume"
    """In volumes alone."""
    CONFIG_DRIVE = "config-drive"
    """In volumes, beside a config drive that Nova writes anew."""
    SWAP = "local-swap"
    """In volumes, beside a swap disk on its host: what was swapped out died with the guest."""
    SHARED = "shared"
    """On shared storage."""
    LOCAL = "local"
    """Its root disk is on its host: elsewhere it begins anew from its image."""
    EPHEMERAL = "local-ephemeral"
    """It has an ephemeral disk on its host: elsewhere that one is empty."""
    UNKNOWN = "unknown"
    """On its host or on shared storage: nobody has said which."""


LOST_ELSEWHERE = frozenset({DiskClass.LOCAL, DiskClass.EPHEMERAL})
"""Data that an evacuation would leave behind."""
