"""Bytes as oslo.messaging puts them on either bus -> a notification, or the reason why they are none.

On both, the body is `{"oslo.version": "2.0", "oslo.message": "<JSON>"}`. RabbitMQ's driver spreads the context over
keys (`_context_request_id`), Kafka's keeps it in one object (`_context`); a notifier may have emptied it. It refuses to
know what an event means.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from kasugai.bridge.notification import Notification

VERSION, MESSAGE, DATA = "oslo.version", "oslo.message", "nova_object.data"
UNDERSTOOD = "2."
"""The envelope has been 2.0 since 2013; a reader of it understands each 2.x."""
LONGEST = 255
"""Characters of a name."""
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing happened before."""
HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character, escaped: two in a row are a character, one alone cannot be written anywhere."""

Json = Mapping[str, object]


class Why(StrEnum):
    """Why bytes are no notification, as a metric's label."""

    NOT_JSON = "not-json"
    """They are not JSON in UTF-8."""
    ENVELOPE = "envelope"
    """JSON, and not the envelope of oslo.messaging."""
    FIELD = "field"
    """A field is missing, or nothing of its kind."""


class Undecipherable(Exception):
    """Bytes that are no notification: put aside with this reason."""

    def __init__(self, reason: str, why: Why = Why.FIELD) -> None:
        """`reason`: a sentence without anything that the bytes hold but field names."""
        super().__init__(reason)
        self.why = why


def unwrap(data: bytes) -> Notification:
    """Return the notification in a message's body; Undecipherable for any other bytes, and no other exception."""
    message = _message(_object(data, "the message"))
    return Notification(
        id=_name(message, "message_id"),
        event=_name(message, "event_type"),
        publisher=_name(message, "publisher_id"),
        priority=_name(message, "priority"),
        at=_moment(message.get("timestamp")),
        request=_request(message),
        payload=_payload(message),
    )


def _message(envelope: Json) -> Json:
    version, inner = envelope.get(VERSION), envelope.get(MESSAGE)
    if version is None and inner is None:
        raise Undecipherable(f"no {VERSION} and {MESSAGE}: it is not from oslo.messaging", Why.ENVELOPE)
    if not isinstance(version, str) or not version.startswith(UNDERSTOOD):
        raise Undecipherable(f"its {VERSION} is not 2.x, which this version understands", Why.ENVELOPE)
    if not isinstance(inner, str):
        raise Undecipherable(f"its {MESSAGE} is not text", Why.ENVELOPE)
    return _object(inner, MESSAGE)


def _object(text: bytes | str, what: str) -> Json:
    """Return a JSON object whose every text can be written again; Nova's objects within it are their data."""
    try:
        plain = text.decode() if isinstance(text, bytes) else text
        found = json.loads(plain, object_hook=_data, parse_constant=_refuse)
        if HALF.search(plain):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeError:
        raise Undecipherable(f"{what} is not UTF-8", Why.NOT_JSON) from None
    except RecursionError:
        raise Undecipherable(f"{what} is nested too deeply", Why.NOT_JSON) from None
    except ValueError:
        raise Undecipherable(f"{what} is not JSON", Why.NOT_JSON) from None
    if not isinstance(found, dict):
        raise Undecipherable(f"{what} is no JSON object", Why.ENVELOPE)
    return found


def _data(found: dict[str, object]) -> object:
    return found.get(DATA, found)


def _refuse(constant: str) -> object:
    raise ValueError(constant)  # NaN and infinities are Python's alone


def _name(message: Json, field: str) -> str:
    value = message.get(field)
    if not isinstance(value, str) or not _is_name(value):
        raise Undecipherable(f"its {field} is no text of 1 to {LONGEST} printable characters")
    return value


def _moment(said: object) -> datetime:
    """Nova writes UTC without saying so: `2026-11-22 08:37:58.116090`."""
    try:
        found = datetime.fromisoformat(said) if isinstance(said, str) else None
        if found is not None:
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or found < FIRST:
        raise Undecipherable("its timestamp is no time since 1970")
    return found


def _payload(message: Json) -> Json:
    payload = message.get("payload")
    if not isinstance(payload, dict):
        raise Undecipherable("its payload is no object")
    return payload


def _request(message: Json) -> str | None:
    context, payload = message.get("_context"), message.get("payload")
    said = (
        message.get("_context_request_id"),
        context.get("request_id") if isinstance(context, dict) else None,
        payload.get("request_id") if isinstance(payload, dict) else None,
    )
    return next((each for each in said if isinstance(each, str) and _is_name(each)), None)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isprintable()
