"""Bytes to notifications: Nova's own on both buses, and whatever else may lie there."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.bridge.envelope import Undecipherable, Why, unwrap
from tests.support.nova_samples import NAMES, enveloped, message, on_kafka, on_rabbit

EVACUATE = "instance.evacuate"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def objects_in(value: object) -> list[str]:
    """The keys of Nova's objects that were not unwrapped."""
    match value:
        case dict():
            return [*(key for key in value if "nova_object" in key), *objects_in(list(value.values()))]
        case list():
            return [key for each in value for key in objects_in(each)]
        case _:
            return []


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_says_the_same_on_both_buses(name: str) -> None:
    found = unwrap(on_rabbit(name))
    assert found == unwrap(on_kafka(name)) and found.payload == unwrap(on_kafka(name)).payload
    inner = message(name)
    assert (found.id, found.event) == (inner["message_id"], inner["event_type"])
    assert (found.publisher, found.priority) == (inner["publisher_id"], inner["priority"])
    assert found.request == inner["_context_request_id"]
    assert found.payload.keys() == inner["payload"]["nova_object.data"].keys()
    assert objects_in(found.payload) == []


def test_an_evacuation_is_read_to_its_innermost_object() -> None:
    found = unwrap(on_rabbit(EVACUATE))
    assert found.event == "instance.evacuate" and found.publisher == "nova-api:controller"
    assert found.at == datetime(2026, 11, 22, 8, 37, 58, 116090, UTC)
    assert found.request == "req-5a27d6cf-9fe4-401c-a2b5-601dbf22f822"
    flavor: Any = found.payload["flavor"]
    assert found.payload["host"] == "host3" and flavor["name"] == "lab.tiny"


def test_where_a_notifier_emptied_the_context_the_payload_names_the_request() -> None:
    inner = {key: value for key, value in message(EVACUATE).items() if not key.startswith("_context")}
    assert unwrap(enveloped(inner)).request == "req-5a27d6cf-9fe4-401c-a2b5-601dbf22f822"
    inner["payload"]["nova_object.data"].pop("request_id")
    assert unwrap(enveloped(inner | {"_context": {}})).request is None


@pytest.mark.parametrize(
    ("body", "reason", "why"),
    [
        (b"\xff\xfe", "the message is not UTF-8", Why.NOT_JSON),
        (b"", "the message is not JSON", Why.NOT_JSON),
        (b'{"a": NaN}', "the message is not JSON", Why.NOT_JSON),
        (b'{"a": ' + b"9" * 5_000 + b"}", "the message is not JSON", Why.NOT_JSON),
        (b"[" * 200_000, "the message is nested too deeply", Why.NOT_JSON),
        (b'{"a": "\\ud800"}', "the message is not UTF-8", Why.NOT_JSON),
        (b"7", "the message is no JSON object", Why.ENVELOPE),
        (b'{"event_type": "x"}', "no oslo.version and oslo.message", Why.ENVELOPE),
        (enveloped({}, version="3.0"), "its oslo.version is not 2.x", Why.ENVELOPE),
        (b'{"oslo.version": "2.0", "oslo.message": {}}', "its oslo.message is not text", Why.ENVELOPE),
        (b'{"oslo.version": "2.0", "oslo.message": "["}', "oslo.message is not JSON", Why.NOT_JSON),
        (b'{"oslo.version": "2.0", "oslo.message": "[]"}', "oslo.message is no JSON object", Why.ENVELOPE),
    ],
)
def test_what_is_no_envelope_has_its_reason(body: bytes, reason: str, why: Why) -> None:
    with pytest.raises(Undecipherable, match=reason) as found:
        unwrap(body)
    assert found.value.why is why


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_id", None),
        ("message_id", "x" * 256),
        ("event_type", "a\nb"),
        ("publisher_id", ""),
        ("priority", 7),
        ("timestamp", "yesterday"),
        ("timestamp", "1969-12-31 23:59:59"),
        ("timestamp", "0001-01-01T00:00:00+23:59"),
        ("payload", []),
        ("payload", {"nova_object.data": "text"}),
    ],
)
def test_a_field_that_is_nothing_of_its_kind_is_named_and_not_shown(field: str, value: object) -> None:
    with pytest.raises(Undecipherable, match=f"its {field} is no") as found:
        unwrap(enveloped(message(EVACUATE) | {field: value}))
    assert found.value.why is Why.FIELD


@given(st.binary())
def test_any_bytes_are_a_notification_or_undecipherable(body: bytes) -> None:
    with suppress(Undecipherable):
        unwrap(body)


@given(inner=JSON, outer=JSON)
def test_any_json_is_a_notification_or_undecipherable(inner: object, outer: object) -> None:
    for body in (json.dumps(outer), json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(inner)})):
        with suppress(Undecipherable):
            unwrap(body.encode())


@given(field=st.sampled_from(sorted(message(EVACUATE))), value=JSON)
def test_what_is_read_can_be_written_whatever_stood_in_a_field(field: str, value: object) -> None:
    with suppress(Undecipherable):
        found = unwrap(enveloped(message(EVACUATE) | {field: value}))
        json.dumps(dict(found.payload), ensure_ascii=False).encode()
        assert found.at >= datetime(1970, 1, 1, tzinfo=UTC) and found.id.isprintable()


@given(at=st.integers(0, 2_000), byte=st.integers(0, 255))
def test_a_spoiled_byte_is_a_notification_or_undecipherable(at: int, byte: int) -> None:
    body = bytearray(on_rabbit(EVACUATE))
    body[at % len(body)] = byte
    with suppress(Undecipherable):
        unwrap(bytes(body))
