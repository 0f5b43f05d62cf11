"""Masakari's versioned notifications (masakari.md 2.9) as values: event type, publisher, and the versioned payload.

Unlike Masakari's, every one has its ids as soon as there are any, and the end of processing carries the final status.
Pure; who sends them is not known here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from kasugai.api import shown
from kasugai.api.recoveries import RecoveryView
from kasugai.api.views import NotificationView
from kasugai.api.words import moment
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import Instant

Payload = dict[str, Any]


class Phase(StrEnum):
    """Where an action stands."""

    START = "start"
    END = "end"
    ERROR = "error"


class Publisher(StrEnum):
    """Which of Masakari's services a listener takes us for."""

    API = "masakari-api"
    ENGINE = "masakari-engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One message."""

    publisher: Publisher
    event_type: str
    """`segment.create.end`."""
    payload: Payload

    @property
    def is_error(self) -> bool:
        """Whether its priority is ERROR, else INFO."""
        return self.event_type.endswith(Phase.ERROR)


def of_segment(
    action: str, phase: Phase, record: SegmentRecord, fault: Exception | None = None
) -> Announcement:
    """Return what is said about a segment. `action`: create, update or delete."""
    data = _segment_data(record) | {"fault": _fault(fault)}
    return _announcement(Publisher.API, f"segment.{action}", phase, "SegmentApiPayload", "1.1", data)


def of_host(
    action: str, phase: Phase, record: HostRecord, segment: SegmentRecord, fault: Exception | None = None
) -> Announcement:
    """Return what is said about a host."""
    data = {
        "id": record.number or None,
        "uuid": record.host_uuid,
        "name": record.name,
        "failover_segment": _object("FailoverSegment", "1.1", _segment_data(segment)),
        "type": record.host_type,
        "reserved": record.reserved,
        "control_attributes": record.control_attributes,
        "on_maintenance": record.on_maintenance,
        "fault": _fault(fault),
    }
    return _announcement(Publisher.API, f"host.{action}", phase, "HostApiPayload", "1.0", data)


def of_notification(
    publisher: Publisher, action: str, phase: Phase, view: NotificationView, fault: Exception | None = None
) -> Announcement:
    """Return what is said about a notification. `action`: create or process."""
    data = {
        "id": view.number or None,
        "notification_uuid": view.notification_uuid,
        "generated_time": moment(view.generated_time).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source_host_uuid": view.source_host_uuid,
        "type": view.type,
        "payload": dict(view.payload),
        "status": str(view.status),
        "fault": _fault(fault),
    }
    return _announcement(publisher, f"notification.{action}", phase, "NotificationApiPayload", "1.0", data)


def of_recovery(phase: Phase, project: str, view: RecoveryView) -> Announcement:
    """Return what is said to a project about one of its servers: what it may read of it, and nothing else (ADR 34)."""
    data = {
        "recovery": view.recovery,
        "instance_uuid": view.server,
        "instance_name": view.name,
        "project_id": project,
        "tenant_id": project,
        "cause": str(view.cause),
        "state": str(view.state),
        "why": view.why,
        "opened_at": _stamp(view.opened_at),
        "began_at": _stamp(view.began_at),
        "ended_at": _stamp(view.ended_at),
    }
    payload = _object("InstanceRecoveryPayload", "1.0", data) | {"masakari_object.namespace": "kasugai"}
    return Announcement(publisher=Publisher.ENGINE, event_type=f"instance.recovery.{phase}", payload=payload)


def _stamp(at: Instant | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _announcement(
    publisher: Publisher, event: str, phase: Phase, name: str, version: str, data: Payload
) -> Announcement:
    return Announcement(
        publisher=publisher, event_type=f"{event}.{phase}", payload=_object(name, version, data)
    )


def _segment_data(record: SegmentRecord) -> Payload:
    row = shown.segment(record)
    names = ("uuid", "name", "service_type", "description", "recovery_method", "enabled")
    return {"id": record.number or None} | {name: row[name] for name in names}


def _object(name: str, version: str, data: Payload) -> Payload:
    return {
        "masakari_object.name": name,
        "masakari_object.namespace": "masakari",
        "masakari_object.version": version,
        "masakari_object.data": data,
    }


def _fault(error: Exception | None) -> Payload | None:
    """The traceback stays here: it names files, and may hold what was posted."""
    if error is None:
        return None
    data = {
        "module_name": type(error).__module__,
        "function_name": "unknown",
        "exception": type(error).__name__,
        "exception_message": str(error),
        "traceback": "",
    }
    return _object("ExceptionPayload", "1.0", data)
