"""The OpenAPI 3.1 document of both mounts: Masakari's resources below /v1, Kasugai's own below /kasugai/v1.

Drawn from the schemas by which bodies are checked and from what answers look like; tools/draw_openapi.py writes it to
docs/api/openapi.json, and tests hold it against the routes and against real answers.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version

from kasugai.api import bodies
from kasugai.api.own.commands import BODY as COMMAND
from kasugai.api.own.describing import (
    MAYBE,
    MAYBE_STAMP,
    MAYBE_TIME,
    STAMP,
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
from kasugai.api.own.describing_explain import EXPLAIN_OPERATIONS, EXPLAIN_QUERIES, STANDING
from kasugai.api.own.describing_recoveries import RECOVERY, RECOVERY_OPERATIONS, RECOVERY_QUERIES
from kasugai.api.own.links import BODY as LINK
from kasugai.api.own.rules import MOUNT
from kasugai.api.views import MoveStatus, Status
from kasugai.core.words.facts import StepState
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Method
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.core.words.verdicts import Reason, Verb

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

SCHEMAS: Mapping[str, Schema] = {
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
    "Incident": thing(
        incident=TEXT,
        kind=words(*INCIDENT_KINDS),
        subject=TEXT,
        name=TEXT,
        host=TEXT,
        host_uuid=TEXT,
        segment=TEXT,
        segment_id=TEXT,
        phase=words(*Phase),
        is_open=YES_NO,
        why=TEXT,
        opened_at=STAMP,
        closed_at=MAYBE_STAMP,
        updated_at=STAMP,
        attempt=WHOLE,
        epoch=WHOLE,
        instances=thing(total=WHOLE, done=WHOLE, left=many(thing(instance=TEXT, reason=TEXT))),
        notifications=many(TEXT),
    ),
    "Plan": thing(
        incident=TEXT,
        attempt=WHOLE,
        steps=many(
            thing(
                step=TEXT,
                action=TEXT,
                subject=TEXT,
                name=TEXT,
                needs=many(TEXT),
                state=words("waiting", *StepState),
                tries=WHOLE,
                reason=TEXT,
                destination=MAYBE,
                disks=MAYBE,
                began_at=MAYBE_STAMP,
                ended_at=MAYBE_STAMP,
            )
        ),
    ),
    "Standing": STANDING,
    "Recovery": RECOVERY,
    "Line": thing(at=STAMP, actor=TEXT, sentence=TEXT),
    "Verdict": thing(
        verdict=TEXT,
        at=STAMP,
        subject=TEXT,
        segment_id=TEXT,
        verb=words(*Verb),
        reason=words(*Reason),
        meaning=TEXT,
        also=many(words(*Reason)),
        detail=TEXT,
        hosts=many(TEXT),
        incident=MAYBE,
        evidence=many(thing(event_id=TEXT, observer=TEXT, symptom=TEXT, episode=TEXT)),
        count=WHOLE,
    ),
    "Command": {
        "type": "object",
        "properties": {"command_id": TEXT, "order": TEXT, "segment": TEXT, "author": TEXT, "reason": TEXT},
        "required": ["command_id", "order", "segment", "author", "reason"],
    },
}

PARAMETERS: dict[str, Schema] = {
    "limit": {"type": "integer", "minimum": 0},
    "marker": {"type": "integer", "minimum": 0},
    "sort_key": TEXT,
    "sort_dir": words("asc", "desc"),
}

V1 = "/v1"
OPERATIONS: tuple[Operation, ...] = (
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
    (
        "get",
        f"{MOUNT}/incidents",
        "List incidents, newest first.",
        200,
        thing(incidents=many(ref("Incident")), next_marker=MAYBE),
    ),
    ("get", f"{MOUNT}/incidents/{{incident}}", "Show an incident.", 200, thing(incident=ref("Incident"))),
    (
        "get",
        f"{MOUNT}/incidents/{{incident}}/plan",
        "Show its plan and each step's state.",
        200,
        thing(plan=ref("Plan")),
    ),
    (
        "get",
        f"{MOUNT}/incidents/{{incident}}/timeline",
        "Tell its story.",
        200,
        thing(timeline=many(ref("Line"))),
    ),
    *EXPLAIN_OPERATIONS,
    *RECOVERY_OPERATIONS,
    (
        "get",
        f"{MOUNT}/verdicts",
        "Say why, and why not: what was decided about a subject.",
        200,
        thing(verdicts=many(ref("Verdict"))),
    ),
    ("post", f"{MOUNT}/commands", "Order something, with a reason.", 202, thing(command=ref("Command"))),
    (
        "post",
        f"{MOUNT}/links/{{link}}",
        "Order what a message's link offers, with a token; the second time it is the same command.",
        202,
        thing(command=ref("Command")),
    ),
    ("get", f"{MOUNT}/openapi.json", "Show this document.", 200, {"type": "object"}),
)

BODIES: Mapping[tuple[str, str], Schema] = {
    ("post", f"{V1}/segments"): bodies.SEGMENT_CREATE_1_2.schema,
    ("put", f"{V1}/segments/{{segment_id}}"): bodies.SEGMENT_UPDATE_1_2.schema,
    ("post", f"{V1}/segments/{{segment_id}}/hosts"): bodies.HOST_CREATE.schema,
    ("put", f"{V1}/segments/{{segment_id}}/hosts/{{host_id}}"): bodies.HOST_UPDATE.schema,
    ("post", f"{V1}/notifications"): bodies.NOTIFICATION_CREATE.schema,
    ("post", f"{MOUNT}/commands"): COMMAND,
    ("post", f"{MOUNT}/links/{{link}}"): LINK,
}

QUERIES: Mapping[str, Mapping[str, Schema]] = {
    f"{V1}/segments": PARAMETERS | {"recovery_method": words(*Method), "service_type": TEXT, "enabled": TEXT},
    f"{V1}/segments/{{segment_id}}/hosts": PARAMETERS
    | {"type": TEXT, "on_maintenance": TEXT, "reserved": TEXT},
    f"{V1}/notifications": PARAMETERS
    | {"status": words(*Status), "type": TEXT, "source_host_uuid": TEXT, "generated-since": TEXT},
    f"{V1}/notifications/{{notification_id}}/vmoves": PARAMETERS
    | {"status": words(*MoveStatus), "type": TEXT},
    f"{MOUNT}/incidents": {
        "kind": words(*INCIDENT_KINDS),
        "host": TEXT,
        "segment": TEXT,
        "phase": words(*Phase),
        "open": YES_NO,
        "limit": {"type": "integer", "minimum": 1},
        "marker": TEXT,
    },
    **EXPLAIN_QUERIES,
    **RECOVERY_QUERIES,
    f"{MOUNT}/verdicts": {"subject": TEXT | {"minLength": 1}, "limit": {"type": "integer", "minimum": 1}},
}


def document() -> bytes:
    """Return the document as JSON with sorted keys."""
    return (json.dumps(described(), indent=1, sort_keys=True) + "\n").encode()


def described() -> Schema:
    """Return the document."""
    paths: dict[str, Schema] = {}
    for method, path, summary, status, shown in OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(method, path, summary, status, shown)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kasugai",
            "version": version("kasugai"),
            "description": "Masakari's API below /v1, and Kasugai's own resources below /kasugai/v1.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
        "security": [{"token": []}],
    }


def _operation(method: str, path: str, summary: str, status: int, shown: Schema | None) -> Schema:
    answer: Schema = {"description": summary}
    if shown is not None:
        answer["content"] = {"application/json": {"schema": shown}}
    found: Schema = {
        "summary": summary,
        "operationId": f"{method} {path}",
        "parameters": [*_in_path(path), *_in_query(method, path)],
        "responses": {str(status): answer, "default": _fault()},
    }
    if (method, path) in BODIES:
        schema = json.loads(
            json.dumps(BODIES[method, path]).replace("\\\\Z", "$")
        )  # ECMA 262's word for the end
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _in_path(path: str) -> list[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]


def _in_query(method: str, path: str) -> list[Schema]:
    found = QUERIES.get(path, {}) if method == "get" else {}
    return [
        {"name": name, "in": "query", "required": name == "subject", "schema": schema}
        for name, schema in found.items()
    ]


def _fault() -> Schema:
    return {
        "description": "What is wrong; a path that leads nowhere and a refused token are plain text.",
        "content": {
            "application/json": {"schema": ref("Fault")},
            "text/plain": {"schema": TEXT},
        },
    }
