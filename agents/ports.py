"""What the parts of an agent ask of one another: somebody who watches, and a voice that what was seen is told by.

A watch knows its own corner of the host and nothing of Kafka, disks or keys; the voice knows nothing of what is seen.
"""

from typing import Protocol

from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Subject


class Voice(Protocol):
    """How what was seen is told: each word is on disk when the call returns, and reaches Kafka once."""

    def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
        """Tell of a subject: of this host's processes and guests, or that another host cannot be reached.

        A `down` begins a new episode, unless it is said `again`: then it repeats the last one under the same id. A
        `clear` ends it. `seen` is what was seen, in a few words for people. Raises nothing: what cannot be kept is
        counted and told in the log.
        """


class Watch(Protocol):
    """One part of what an agent watches: processes, guests, a cluster's membership, peers."""

    @property
    def name(self) -> str:
        """What it is called in logs and health."""

    @property
    def trouble(self) -> str:
        """Why it sees nothing, and what to do, in one line; empty while it sees."""

    async def run(self) -> None:
        """Watch until cancelled. What the world does to it is trouble that passes, never an exception."""
