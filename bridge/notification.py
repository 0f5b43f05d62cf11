"""One versioned notification of Nova as a value, however it travelled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a service of Nova said once."""

    id: str
    """Its `message_id`: the same each time that it arrives."""
    event: str
    """What happened: `instance.power_off.end`."""
    publisher: str
    """Who says so: `nova-compute:cmp1`; after the colon the host that the service runs on."""
    priority: str
    """`INFO` or `ERROR`, as Nova writes it."""
    at: datetime
    """When, by the clock of the publisher's host; UTC."""
    request: str | None = None
    """The request's id (`req-...`), of the context or, where that was left out, of the payload."""
    payload: Mapping[str, object] = field(default_factory=dict, hash=False)
    """The object that it is about. Objects of Nova's within it, at whatever depth, are their data alone
    (`nova_object.data`); all else is as JSON has it."""
