"""The doors that the REST API needs, as it wants them: the inventory, the reports, claims, Nova, a clock.

All are plain calls from any thread. Whoever implements one passes tests/conformance/test_api_doors.py.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from kasugai.adapters.inventory import Description, Inventory
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
