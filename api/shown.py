"""Bodies of answers: key for key what Masakari answers (masakari.md 1.9-1.13). Pure; a row is a JSON object."""

from typing import Any
from uuid import UUID

from kasugai.api.views import NotificationView, VMoveView, WorkflowDetail
from kasugai.api.words import shown, shown_as_progress, shown_finely
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import Instant

Row = dict[str, Any]

KEPT = {"deleted_at": None, "deleted": False}
"""What is deleted is not shown."""


def number_of(record: SegmentRecord | HostRecord) -> int:
    """Return a record's integer id; a record from before there were numbers has one that its uuid gives for ever."""
    if record.number:
        return record.number
    uuid = record.segment_id if isinstance(record, SegmentRecord) else record.host_uuid
    try:
        return 2**40 + UUID(uuid).int % 2**40
    except ValueError:
        return 2**40 + int.from_bytes(uuid.encode()[-5:], "big")


def segment(record: SegmentRecord) -> Row:
    """Return a segment."""
    return {
        "id": number_of(record),
        "uuid": record.segment_id,
        "name": record.name,
        "service_type": record.service_type,
        "enabled": record.armed,
        "description": record.description or None,
        "recovery_method": str(record.policy.method),
        **_times(record.created_at, record.updated_at or None),
    }


def host(record: HostRecord, of: SegmentRecord, now: Instant, *, is_out: bool) -> Row:
    """Return a host with its segment inside; `is_out`: a recovery has taken it out of service, which Masakari's clients
    know as on_maintenance (ADR 23)."""
    return {
        "id": number_of(record),
        "uuid": record.host_uuid,
        "name": record.name,
        "failover_segment_id": of.segment_id,
        "failover_segment": segment(of),
        "type": record.host_type,
        "reserved": record.reserved,
        "control_attributes": record.control_attributes,
        "on_maintenance": is_out or record.is_set_aside(now),
        **_times(record.created_at, record.updated_at or None),
    }


def notification(view: NotificationView) -> Row:
    """Return a notification without its progress details."""
    return {
        "id": view.number,
        "notification_uuid": view.notification_uuid,
        "generated_time": view.generated_time,
        "source_host_uuid": view.source_host_uuid,
        "type": view.type,
        "payload": dict(view.payload),
        "status": str(view.status),
        "failover_segment_uuid": view.failover_segment_uuid,
        "message": view.message or None,
        **_times(view.created_at, view.updated_at),
    }


def workflow_detail(detail: WorkflowDetail) -> Row:
    """Return one task's progress; the inner progress is a string, as Masakari has it."""
    return {
        "name": detail.name,
        "progress": detail.percent / 100,
        "progress_details": [
            {
                "timestamp": shown_as_progress(each.at),
                "message": each.message,
                "progress": str(each.percent / 100),
            }
            for each in detail.progress
        ],
        "state": detail.state,
    }


def vmove(view: VMoveView) -> Row:
    """Return one instance's move."""
    return {
        "id": view.number,
        "uuid": view.uuid,
        "notification_uuid": view.notification_uuid,
        "instance_uuid": view.instance_uuid,
        "instance_name": view.instance_name,
        "source_host": view.source_host,
        "dest_host": view.dest_host or None,
        "start_time": shown_finely(view.start_time),
        "end_time": shown_finely(view.end_time),
        "type": view.type,
        "status": str(view.status),
        "message": view.message or None,
        **_times(view.created_at, view.updated_at),
    }


def _times(created_at: Instant, updated_at: Instant | None) -> Row:
    return {"created_at": shown(created_at), "updated_at": shown(updated_at), **KEPT}
