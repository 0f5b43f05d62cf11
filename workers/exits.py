"""How a worker process ends; a supervisor starts it again after all but a wrong configuration."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of a worker."""

    ENDED = 0
    """It was asked to."""
    UNFIT = 2
    """Topics or settings are not as they must be: starting again does not help before somebody corrects them."""
    BUG = 70
    """A lane ended as none should. What it left is taken over as from a dead worker."""
    REPLACED = 74
    """Another process took our place in the group, or the Kafka client has failed for good."""
