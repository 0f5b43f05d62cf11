"""What a notification lets one conclude: faults, landings, wishes, callers that failed.

Each is evidence, never a command: whoever acts reads Nova first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kasugai.core.words.sighting import Sighting
from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import Instant

OBSERVER = "bridge"
"""Under which name the bridge speaks of guests; all bridges together are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A guest is on another host than before, by Nova's record and without a task."""

    guest: str
    """Its uuid."""
    source: str
    """The host that it was on before the request."""
    destination: str
    """The host that it is on."""
    at: datetime
    """When Nova said so."""
    request: str | None
    """The request that moved it."""

    @property
    def sighting(self) -> Sighting:
        """What the worker that waits for it is told."""
        return Sighting(
            host=self.source,
            guest=self.guest,
            destination=self.destination,
            observer=OBSERVER,
            observed_at=Instant(round(self.at.timestamp() * 1000)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a user wished a guest to be. Nobody decides by it: a worker asks Nova's own account of the guest."""

    guest: str
    """Its uuid."""
    runs: bool
    """Whether it should run."""
    user: str
    """Who wished so."""
    event: str
    """By what."""
    at: datetime
    """When Nova said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFailed:
    """Somebody asked something of a host, and it failed there."""

    host: str
    """The host."""
    caller: str
    """Who asked: a user's id, or the service itself where it speaks of its own."""
    what: str
    """What failed: the event, and the exception where there is one."""
    at: datetime
    """When Nova said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """All that one notification adds to what was heard before; mostly nothing."""

    faults: Sequence[Fault] = ()
    """To be published on `kasugai.faults.nova`, the failed callers among them."""
    landings: Sequence[Landing] = ()
    wishes: Sequence[Wish] = ()
    failures: Sequence[CallerFailed] = ()
    note: str = ""
    """What the table says of it."""
