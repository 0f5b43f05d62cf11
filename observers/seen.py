"""What one round of looking gives: a word about each host of which something is known, or no opinion at all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from kasugai.core.words.signals import Source, Symptom


class NoOpinion(Exception):
    """The system that was asked cannot be believed now: it is away, answers in part, or says more of itself than of
    hosts. One line, without secrets. What stood before is not repeated, and expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one host now."""

    host: str
    """Nova's service host, byte for byte."""
    symptom: Symptom
    episode: str
    """What tells this failure from the host's next one: the same for as long as it stands, also after a restart where
    the system that is asked knows since when."""
    process: str = ""
    """What of the host it is about; empty: the host itself."""


class Watch(Protocol):
    """One observer of one kind of witness."""

    @property
    def name(self) -> str:
        """The observer's name in what it says."""
        ...

    @property
    def source(self) -> Source:
        """Which kind of witness it is."""
        ...

    async def look(self, hosts: Collection[str], now: float) -> Sequence[Seen]:
        """Return what is known of these hosts, all that the inventory has; nothing of one means: no opinion about it.

        `now`: seconds of a clock that only grows. NoOpinion when nothing is known of anybody."""
        ...


MAJORITY = 2
"""More than one host in so many..."""


def doubt(named: int, known: int, whose: str) -> None:
    """NoOpinion when so many of the known hosts are called down at once that the cause is rather in whoever says so: a
    network that does not reach them, a comparison that somebody forgot in a query. One host may always be named."""
    if named > 1 and named * MAJORITY > known:
        raise NoOpinion(
            f"{whose} calls {named} of {known} hosts down at once: that says more of itself than of hosts, look at it"
        )
