"""Reads one notification: the fields that the table and the folds ask for, checked.

Source of the fields: Nova's versioned notifications, payloads InstanceActionPayload, InstanceUpdatePayload,
ServiceStatusPayload and ExceptionPayload, as a real Nova 34 sent them (tests/samples/nova).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kasugai.bridge.envelope import Undecipherable
from kasugai.bridge.notification import Notification
from kasugai.core.words.bounds import LATEST, LONGEST, bytes_of
from kasugai.core.words.subject import UUID

COMPUTE = "nova-compute"
LONGEST_USER = 64
"""Keystone's ids are no longer."""


class Misshapen(Undecipherable):
    """A payload that no Nova sends; the message says which field, and never what stands in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a notification says, in Nova's words. "" is what it does not say."""

    id: str
    event: str
    service: str
    """Of its publisher: `nova-compute`."""
    machine: str
    """Of its publisher: the host after the colon."""
    at: datetime
    request: str
    """Of the context, else of the payload."""
    user: str
    """Who asked for it; "" where nobody did: Nova itself."""
    names_user: bool
    """Whether Nova says who asked, or that nobody did: a Nova before Stein does neither."""
    guest: str
    host: str
    """Of the guest, or of the service."""
    state: str
    task: str
    was: str
    """The guest's state before, of an update."""
    was_task: str
    exception: str
    binary: str
    forced_down: bool
    disabled: bool
    disabled_reason: str

    @property
    def millis(self) -> int:
        """When, as milliseconds since 1970."""
        return int(self.at.timestamp() * 1000)

    @property
    def place(self) -> tuple[datetime, str]:
        """What orders notifications, whenever they arrive."""
        return self.at, self.id


def hear(notification: Notification) -> Heard:
    """Return what it says. Misshapen where a field is no text, a name too long, or a guest no uuid."""
    fields = _Fields(notification.payload)
    service, _, machine = notification.publisher.partition(":")
    update, fault = fields.inner("state_update"), fields.inner("fault")
    return Heard(
        id=_bounded("message id", notification.id),
        event=_bounded("event", notification.event),
        service=service,
        machine=_bounded("publisher", machine),
        at=_time(notification.at),
        request=_bounded("request", notification.request or fields.text("request_id")),
        user=_bounded("user", fields.text("action_initiator_user"), LONGEST_USER),
        names_user="action_initiator_user" in notification.payload,
        guest=_guest(fields.text("uuid") if notification.event.startswith("instance.") else ""),
        host=_bounded("host", fields.text("host")),
        state=fields.text("state"),
        task=fields.text("task_state") or update.text("new_task_state"),
        was=update.text("old_state"),
        was_task=update.text("old_task_state"),
        exception=(fault.text("exception") or fields.text("exception"))[:LONGEST],
        binary=fields.text("binary"),
        forced_down=fields.flag("forced_down"),
        disabled=fields.flag("disabled"),
        disabled_reason=fields.text("disabled_reason"),
    )


class _Fields:
    """An object of Nova's, asked field by field."""

    def __init__(self, payload: object) -> None:
        self._payload = payload if isinstance(payload, Mapping) else {}

    def inner(self, name: str) -> "_Fields":
        return _Fields(self._payload.get(name))

    def text(self, name: str) -> str:
        value = self._payload.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise Misshapen(f"{name} is no text")
        return value

    def flag(self, name: str) -> bool:
        return self._payload.get(name) is True


def _bounded(what: str, name: str, most: int = LONGEST) -> str:
    """Names become parts of ids, keys and rows."""
    if "\x1f" in name or bytes_of(name) > most:
        raise Misshapen(f"the {what} is longer than {most} bytes, or holds a separator")
    return name


def _guest(uuid: str) -> str:
    if uuid and UUID.fullmatch(uuid) is None:
        raise Misshapen("uuid is none")
    return uuid


def _time(at: datetime) -> datetime:
    utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if not 0 <= utc.timestamp() * 1000 <= LATEST:
        raise Misshapen("its time is before 1970")
    return utc
