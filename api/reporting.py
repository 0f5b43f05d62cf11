"""What a notification says, in Kasugai's words: which fault it is (masakari.md 2.3-2.5). Pure.

STOPPED with NORMAL says that the host has been fenced, which is an assertion if its sender may make one; anything less
is one witness; STARTED is a sign of life.
Of an instance's events only those that Masakari recovers are failures (core/words/guest_events.py).
"""

from dataclasses import dataclass
from typing import Final

from kasugai.api.numbers import notification_number
from kasugai.api.views import NotificationView
from kasugai.api.words import canonical, moment
from kasugai.core.words.guest_events import is_failure
from kasugai.core.words.inventory import HostRecord
from kasugai.core.words.signals import Fault, Notification, Source, Stamp, Symptom, fault
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Instant, Millis

OBSERVER: Final = "api"

BELIEVED: Final[Millis] = Millis(600_000)
"""A client's clock counts if it is not further behind than this: monitors repeat a POST for two minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the rules let a notification's sender claim; bearing witness is what posting at all is."""

    assertion: bool
    """That a host has been fenced."""
    alive: bool
    """That a host lives."""


def fault_of(
    notification: Notification, host: HostRecord, now: Instant, inventory_offset: int, may: Trust
) -> Fault:
    """Return the fault that a notification about `host` is, of a sender who may claim so much."""
    kind, detail, symptom, asserted = _meaning(notification)
    if symptom is Symptom.ALIVE and not may.alive:
        symptom = Symptom.CLEAR
    return fault(
        kind=kind,
        detail=detail,
        host=host.name,
        host_uuid=host.host_uuid,
        observer=OBSERVER,
        source=Source.REPORTED,
        symptom=symptom,
        asserted=asserted,
        trusted=may.assertion or not asserted,
        episode=notification.notification_uuid,
        observed_at=_observed(notification.generated_time, now),
        inventory_offset=inventory_offset,
        notification=notification,
    )


def _meaning(notification: Notification) -> tuple[Kind, str, Symptom, bool]:
    said = notification.payload
    match notification.notification_type:
        case "COMPUTE_HOST":
            is_down = said["event"] == "STOPPED"
            symptom = Symptom.DOWN if is_down else Symptom.ALIVE
            return Kind.HOST, "", symptom, is_down and said.get("host_status") == "NORMAL"
        case "PROCESS":
            symptom = Symptom.DOWN if said["event"] == "STOPPED" else Symptom.CLEAR
            return Kind.PROCESS, said["process_name"], symptom, False
        case _:
            failed = is_failure(said["event"], said["vir_domain_event"])
            symptom = Symptom.DOWN if failed else Symptom.CLEAR
            return Kind.INSTANCE, canonical(said["instance_uuid"]), symptom, False


def _observed(generated_time: str, now: Instant) -> Instant:
    """Return when it was seen by the client's clock, now at the latest: one that is a millisecond ahead of ours is the
    usual case. 0 (unknown) when that clock is too far behind to be believed."""
    at = int(moment(generated_time).timestamp() * 1000)
    return min(at, now) if at >= now - BELIEVED else 0


def is_kept(said: Fault) -> bool:
    """Whether the notification stands until its incident closes; signs of life and ordinary events do not."""
    return said.symptom is Symptom.DOWN


def view_of(said: Fault, notification: Notification, stamp: Stamp | None) -> NotificationView:
    """Return what is shown of a notification that has just been accepted; before Kafka has it, it has no number."""
    return NotificationView(
        number=notification_number(stamp) if stamp else 0,
        notification_uuid=notification.notification_uuid,
        type=notification.notification_type,
        generated_time=notification.generated_time,
        source_host_uuid=said.host_uuid,
        payload=notification.payload,
        failover_segment_uuid=notification.segment_id,
        created_at=stamp.at if stamp else 0,
    )
