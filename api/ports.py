"""The doors that the REST API needs, as it wants them: the inventory, the reports, claims, Nova, the views, a clock.

All are plain calls from any thread. Whoever implements one passes tests/conformance/test_api_doors.py (views:
test_views.py).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from kasugai.adapters.inventory import Description, Inventory
from kasugai.api.recoveries import RecoveryView
from kasugai.api.views import (
    IncidentView,
    NotificationView,
    OutView,
    TimelineLine,
    VerdictView,
    VMoveView,
    WorkflowDetail,
)
from kasugai.core.telling.about import Remembered
from kasugai.core.words.signals import Command, Fault, Stamp
from kasugai.core.words.timing import Instant, Millis

Edit = Callable[[Inventory], Sequence[Description]]
"""Looks at the inventory and says which records should follow; it may raise, and nothing is written then."""


class Registry(Protocol):
    """kasugai.inventory. Calls raise LogAway while Kafka cannot be reached."""

    def read(self) -> Inventory:
        """Return the inventory with all that was written before the call. Nobody changes what is returned."""
        ...

    def known(self) -> Inventory:
        """Return the inventory as it was last heard, at once."""
        ...

    def offset(self) -> int:
        """Return up to where `known` has heard, as a fault's `inventory_offset` says it."""
        ...

    def edit(self, edit: Edit) -> Inventory:
        """Write what `edit` says, all or none, and return the inventory after it; Conflict when it does not fit."""
        ...


class Reports(Protocol):
    """kasugai.faults.reported."""

    def report(self, fault: Fault) -> Stamp:
        """Publish and return when Kafka has acknowledged; LogAway when it does not."""
        ...


class Orders(Protocol):
    """kasugai.commands."""

    def order(self, command: Command) -> Stamp:
        """Publish and return when Kafka has acknowledged; LogAway when it does not."""
        ...


class Claims(Protocol):
    """Which notifications stand. Calls raise LedgerAway while Redis does not answer."""

    def take(self, key: str, notification_uuid: str) -> str | None:
        """Claim `key` for a while: None when it is ours now, else the uuid of the notification that holds it and that
        Kafka has; LedgerAway also while nobody knows whether it has."""
        ...

    def confirm(self, key: str, notification_uuid: str, lifetime: Millis = Millis(0)) -> None:
        """Keep the claim until it is released, or until its lifetime is over if it has one."""
        ...

    def release(self, key: str, notification_uuid: str) -> None:
        """Give the claim back; silent when it is another's."""
        ...


class Computes(Protocol):
    """Nova's compute services."""

    def knows(self, host: str) -> bool:
        """Whether there is a nova-compute service of exactly that host; CloudAway or CloudRefused without an answer."""
        ...


class Wall(Protocol):
    """What is not derived: the time, and fresh ids."""

    def now(self) -> Instant:
        """Return the time in milliseconds since 1970."""
        ...

    def new_uuid(self) -> str:
        """Return a fresh uuid."""
        ...


class UnknownMarker(Exception):
    """A list is to go on after something that is not in it: 400."""


class Views(Protocol):
    """The views. Every call raises LedgerAway (core/recovering/doors.py) when Redis does not answer: 503.

    Whoever reads asks `caught_up` first: while it says no, what is here may be older than what clients were told.
    """

    def caught_up(self) -> bool:
        """Return whether a projector has read everything that there was, a minute ago or later."""
        ...

    def accept(self, notification: NotificationView) -> None:
        """Show a notification that Kafka has taken, until the projector comes to it; nothing if it is known."""
        ...

    def notification(self, uuid: str) -> NotificationView | None:
        """Return a notification."""
        ...

    def notifications(self, after: int | None = None) -> Iterator[NotificationView]:
        """Yield notifications as they are needed, newest first (created_at, number), those after the one of that
        number; UnknownMarker when there is none."""
        ...

    def details(self, uuid: str) -> tuple[WorkflowDetail, ...]:
        """Return a notification's progress details."""
        ...

    def vmoves(self, uuid: str) -> tuple[VMoveView, ...]:
        """Return a notification's moves, oldest first (created_at, number)."""
        ...

    def busy_hosts(self) -> frozenset[str]:
        """Return the uuids of the hosts that are under recovery: an open incident, or an unfinished notification."""
        ...

    def hosts_out(self) -> tuple[OutView, ...]:
        """Return what keeps hosts out of service, in any order."""
        ...

    def incident(self, incident: str) -> IncidentView | None:
        """Return an incident by its id."""
        ...

    def incidents(self, after: str | None = None) -> Iterator[IncidentView]:
        """Yield incidents as they are needed, newest first, those after that one; UnknownMarker when unknown."""
        ...

    def recovery(self, project: str, recovery: str) -> RecoveryView | None:
        """Return what is listed to that project under that id; None for another project's as for what never was."""
        ...

    def recoveries(self, project: str, after: str | None = None) -> Iterator[RecoveryView]:
        """Yield what became of the project's servers, newest first, those after that one; UnknownMarker when it is not
        listed to the project."""
        ...

    def timeline(self, incident: str) -> tuple[TimelineLine, ...]:
        """Return an incident's story in the order of time."""
        ...

    def verdicts(self, subject: str) -> tuple[VerdictView, ...]:
        """Return what was decided about a subject (`host/cmp1`), oldest first."""
        ...

    def remembered(self, subjects: Collection[str], incidents: Collection[str]) -> tuple[Remembered, ...]:
        """Return what is remembered of what was said of these subjects (`host/cmp1`) and of these incidents."""
        ...
