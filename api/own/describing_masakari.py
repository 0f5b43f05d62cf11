"""What the OpenAPI document says of Masakari's resources, below /v1."""

from collections.abc import Mapping

from kasugai.api import bodies
from kasugai.api.own.describing import (
    MAYBE,
    MAYBE_TIME,
    TEXT,
    TIME,
    WHOLE,
    YES_NO,
    Operation,
    Schema,
    many,
    ref,
    thing,
    words,
)
from kasugai.api.views import MoveStatus, Status
from kasugai.core.words.policy import Method

_TIMES = {
    "created_at": TIME,
    "updated_at": MAYBE_TIME,
    "deleted_at": {"type": "null"},
    "deleted": {"const": False},
}
_NOTIFICATION = {
    "id": WHOLE,
    "notification_uuid": TEXT,
    "generated_time": TIME,
    "source_host_uuid": TEXT,
    "type": words("COMPUTE_HOST", "VM", "PROCESS"),
    "payload": {"type": "object", "additionalProperties": TEXT},
    "status": words(*Status),
    "failover_segment_uuid": TEXT,
    "message": MAYBE,
    **_TIMES,
}

MASAKARI: Mapping[str, Schema] = {
    "Fault": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": {
            "type": "object",
            "properties": {"code": WHOLE, "message": TEXT, "retryAfter": TEXT},
            "required": ["code", "message"],
        },
    },
    "Segment": thing(
        id=WHOLE,
        uuid=TEXT,
        name=TEXT,
        service_type=TEXT,
        enabled=YES_NO,
        description=MAYBE,
        recovery_method=words(*Method),
        **_TIMES,
    ),
    "Host": thing(
        id=WHOLE,
        uuid=TEXT,
        name=TEXT,
        failover_segment_id=TEXT,
        failover_segment=ref("Segment"),
        type=TEXT,
        reserved=YES_NO,
        control_attributes=TEXT,
        on_maintenance=YES_NO,
        **_TIMES,
    ),
    "Notification": thing(**_NOTIFICATION),
    "NotificationDetail": thing(**_NOTIFICATION)
    | {"properties": {**_NOTIFICATION, "recovery_workflow_details": many(ref("Task"))}},
    "Task": thing(
        name=TEXT,
        progress={"type": "number"},
        state=TEXT,
        progress_details=many(thing(timestamp=TEXT, message=TEXT, progress=TEXT)),
    ),
    "VMove": thing(
        id=WHOLE,
        uuid=TEXT,
        notification_uuid=TEXT,
        instance_uuid=TEXT,
        instance_name=TEXT,
        source_host=TEXT,
        dest_host=MAYBE,
        start_time=MAYBE_TIME,
        end_time=MAYBE_TIME,
        type=words("evacuation", "migration", "live_migration"),
        status=words(*MoveStatus),
        message=MAYBE,
        **_TIMES,
    ),
    "Extension": thing(
        name=TEXT, alias=TEXT, description=TEXT, namespace=TEXT, updated=TEXT, links=many({"type": "object"})
    ),
}

V1 = "/v1"
MASAKARI_OPERATIONS: tuple[Operation, ...] = (
    ("get", f"{V1}/", "Show the version.", 200, thing(version={"type": "object"})),
    ("get", f"{V1}/versions/v1.0", "Show the version.", 200, thing(version={"type": "object"})),
    ("get", f"{V1}/segments", "List segments.", 200, thing(segments=many(ref("Segment")))),
    ("post", f"{V1}/segments", "Create a segment.", 201, thing(segment=ref("Segment"))),
    ("get", f"{V1}/segments/{{segment_id}}", "Show a segment.", 200, thing(segment=ref("Segment"))),
    ("put", f"{V1}/segments/{{segment_id}}", "Change a segment.", 200, thing(segment=ref("Segment"))),
    ("delete", f"{V1}/segments/{{segment_id}}", "Delete a segment and its hosts.", 204, None),
    ("get", f"{V1}/segments/{{segment_id}}/hosts", "List hosts.", 200, thing(hosts=many(ref("Host")))),
    ("post", f"{V1}/segments/{{segment_id}}/hosts", "Add a host.", 201, thing(host=ref("Host"))),
    ("get", f"{V1}/segments/{{segment_id}}/hosts/{{host_id}}", "Show a host.", 200, thing(host=ref("Host"))),
    (
        "put",
        f"{V1}/segments/{{segment_id}}/hosts/{{host_id}}",
        "Change a host.",
        200,
        thing(host=ref("Host")),
    ),
    ("delete", f"{V1}/segments/{{segment_id}}/hosts/{{host_id}}", "Delete a host.", 204, None),
    (
        "get",
        f"{V1}/notifications",
        "List notifications.",
        200,
        thing(notifications=many(ref("Notification"))),
    ),
    ("post", f"{V1}/notifications", "Report a failure.", 202, thing(notification=ref("Notification"))),
    (
        "get",
        f"{V1}/notifications/{{notification_id}}",
        "Show a notification; from microversion 1.1 with its progress.",
        200,
        thing(notification=ref("NotificationDetail")),
    ),
    (
        "get",
        f"{V1}/notifications/{{notification_id}}/vmoves",
        "List the moves of a host's instances.",
        200,
        thing(vmoves=many(ref("VMove"))),
    ),
    (
        "get",
        f"{V1}/notifications/{{notification_id}}/vmoves/{{vmove_id}}",
        "Show a move.",
        200,
        thing(vmove=ref("VMove")),
    ),
    ("get", f"{V1}/extensions", "List extensions.", 200, thing(extensions=many(ref("Extension")))),
    ("get", f"{V1}/extensions/{{alias}}", "Show an extension.", 200, thing(extension=ref("Extension"))),
)

MASAKARI_BODIES: Mapping[tuple[str, str], Schema] = {
    ("post", f"{V1}/segments"): bodies.SEGMENT_CREATE_1_2.schema,
    ("put", f"{V1}/segments/{{segment_id}}"): bodies.SEGMENT_UPDATE_1_2.schema,
    ("post", f"{V1}/segments/{{segment_id}}/hosts"): bodies.HOST_CREATE.schema,
    ("put", f"{V1}/segments/{{segment_id}}/hosts/{{host_id}}"): bodies.HOST_UPDATE.schema,
    ("post", f"{V1}/notifications"): bodies.NOTIFICATION_CREATE.schema,
}


_PARAMETERS: dict[str, Schema] = {
    "limit": {"type": "integer", "minimum": 0},
    "marker": {"type": "integer", "minimum": 0},
    "sort_key": TEXT,
    "sort_dir": words("asc", "desc"),
}

MASAKARI_QUERIES: Mapping[str, Mapping[str, Schema]] = {
    f"{V1}/segments": _PARAMETERS
    | {"recovery_method": words(*Method), "service_type": TEXT, "enabled": TEXT},
    f"{V1}/segments/{{segment_id}}/hosts": _PARAMETERS
    | {"type": TEXT, "on_maintenance": TEXT, "reserved": TEXT},
    f"{V1}/notifications": _PARAMETERS
    | {"status": words(*Status), "type": TEXT, "source_host_uuid": TEXT, "generated-since": TEXT},
    f"{V1}/notifications/{{notification_id}}/vmoves": _PARAMETERS
    | {"status": words(*MoveStatus), "type": TEXT},
}
