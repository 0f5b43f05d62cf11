"""What a request's body may be: JSON schemas after Masakari's (masakari.md 1.10-1.12), and what does not fit in words.

Where Masakari's schema let through what its database then refused (null for a host's type), the schema refuses here.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError, best_match

from kasugai.api.errors import bad_request
from kasugai.api.forms import Form
from kasugai.api.microversions import Microversion
from kasugai.api.words import LONGEST_NAME, bare, is_name, is_text, moment
from kasugai.core.words.policy import Method

Body = dict[str, Any]

formats: Final = FormatChecker(formats=())


def _is_name(value: object) -> bool:
    return not isinstance(value, str) or is_name(value)


def _is_description(value: object) -> bool:
    return not isinstance(value, str) or is_text(value)


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(moment(value))


def _is_uuid_like(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[0-9a-fA-F]{32}", bare(value)) is not None


formats.checks("name")(_is_name)
formats.checks("description")(_is_description)
formats.checks("iso-time", raises=ValueError)(_is_time)
formats.checks("uuid-like")(_is_uuid_like)

NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "format": "name"}
DESCRIPTION = {"type": ["string", "null"], "format": "description"}
BOOLEAN = {
    "type": ["boolean", "string"],
    "enum": [
        *(True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes"),
        *(False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"),
    ],
}
TEXT = {"type": "string", "minLength": 1, "maxLength": 255}

SEGMENT = {
    "name": NAME,
    "recovery_method": {"type": "string", "enum": [str(method) for method in Method]},
    "service_type": NAME,
    "description": DESCRIPTION,
}
HOST = {
    "name": NAME,
    "type": {"type": "string", "maxLength": 255, "pattern": r"^[a-zA-Z0-9]*\Z"},
    "control_attributes": {"type": "string", "format": "description"},
    "reserved": BOOLEAN,
    "on_maintenance": BOOLEAN,
}
NOTIFICATION = {
    "type": {"type": "string", "enum": ["COMPUTE_HOST", "VM", "PROCESS"]},
    "hostname": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[a-zA-Z0-9-._]*\Z"},
    "generated_time": {"type": "string", "format": "iso-time"},
    "payload": {
        "type": "object",
        "patternProperties": {r"^[a-zA-Z0-9-_:. ]{1,255}\Z": {"type": "string", "maxLength": 255}},
        "additionalProperties": False,
    },
}


def _object(properties: Mapping[str, Any], required: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def _wrapped(key: str, inner: dict[str, Any]) -> Form:
    return Form(_object({key: inner}, (key,)), formats)


SEGMENT_CREATE = _wrapped("segment", _object(SEGMENT, ("name", "recovery_method", "service_type")))
SEGMENT_UPDATE = _wrapped("segment", _object(SEGMENT, minProperties=1))
_ENABLED = SEGMENT | {"enabled": BOOLEAN}
SEGMENT_CREATE_1_2 = _wrapped("segment", _object(_ENABLED, ("name", "recovery_method", "service_type")))
SEGMENT_UPDATE_1_2 = _wrapped("segment", _object(_ENABLED, minProperties=1))
HOST_CREATE = _wrapped("host", _object(HOST, ("name", "type", "control_attributes")))
HOST_UPDATE = _wrapped("host", _object(HOST, minProperties=1))
NOTIFICATION_CREATE = _wrapped("notification", _object(NOTIFICATION, tuple(NOTIFICATION)))

PAYLOADS: Mapping[str, Form] = {
    "COMPUTE_HOST": Form(
        _object(
            {
                "event": {"type": "string", "enum": ["STARTED", "STOPPED"]},
                "host_status": {"type": "string", "enum": ["NORMAL", "UNKNOWN"]},
                "cluster_status": {"type": "string", "enum": ["ONLINE", "OFFLINE"]},
            },
            ("event",),
        )
    ),
    "PROCESS": Form(
        _object(
            {"event": {"type": "string", "enum": ["STARTED", "STOPPED"]}, "process_name": TEXT},
            ("event", "process_name"),
        )
    ),
    "VM": Form(
        _object(
            {
                "event": TEXT,
                "vir_domain_event": TEXT,
                "instance_uuid": {"type": "string", "format": "uuid-like"},
            },
            ("event", "vir_domain_event", "instance_uuid"),
        ),
        formats,
    ),
}
"""What each type's payload must be."""


def segment_schema(version: Microversion, *, create: bool) -> Form:
    """Return what a segment's body must be at a microversion."""
    if version >= (1, 2):
        return SEGMENT_CREATE_1_2 if create else SEGMENT_UPDATE_1_2
    return SEGMENT_CREATE if create else SEGMENT_UPDATE


def parsed(data: bytes) -> Any:
    """Return the JSON of a body, None for an empty one; ApiError 400 for what is none."""
    if not data:
        return None
    try:
        found = json.loads(data)
        # What UTF-8 cannot carry, no topic can: half of a surrogate pair, written with a backslash or with its bytes.
        if b"\\" in data or not data.isascii():
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise bad_request("Malformed request body") from None
    return found


def valid(body: Any, schema: Form) -> Body:
    """Return the body if it fits; ApiError 400 that says what does not."""
    if schema.fits(body):
        return dict(body)
    problem = best_match(schema.validator.iter_errors(body))
    raise bad_request(_sentence(problem))


def _sentence(problem: ValidationError | None) -> str:
    """Say what is wrong where, as Masakari does, and not more of the value than a line holds."""
    if problem is None:
        return "Invalid input received"
    message = problem.message if len(problem.message) < 400 else f"{problem.message[:400]}..."
    if not problem.path:
        return message
    field = ".".join(map(str, problem.path))
    return f"Invalid input for field/attribute {field}. {message}"
