"""The quick look at a body says yes only where jsonschema does, and where it matters as often."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.api import bodies
from kasugai.api.forms import Form
from kasugai.api.own import commands

FORMS: dict[str, tuple[Form, dict[str, Any]]] = {
    "notification": (
        bodies.NOTIFICATION_CREATE,
        {
            "notification": {
                "type": "COMPUTE_HOST",
                "hostname": "cmp1.example.org",
                "generated_time": "2026-11-22T07:31:18.329622",
                "payload": {"event": "STOPPED", "host_status": "NORMAL"},
            }
        },
    ),
    "host payload": (bodies.PAYLOADS["COMPUTE_HOST"], {"event": "STOPPED", "cluster_status": "OFFLINE"}),
    "process payload": (bodies.PAYLOADS["PROCESS"], {"event": "STARTED", "process_name": "nova-compute"}),
    "instance payload": (
        bodies.PAYLOADS["VM"],
        {"event": "LIFECYCLE", "vir_domain_event": "STOPPED_FAILED", "instance_uuid": "0" * 32},
    ),
    "segment": (
        bodies.SEGMENT_CREATE_1_2,
        {"segment": {"name": "r", "recovery_method": "auto", "service_type": "c", "enabled": "yes"}},
    ),
    "segment update": (bodies.SEGMENT_UPDATE, {"segment": {"description": None}}),
    "host": (
        bodies.HOST_CREATE,
        {"host": {"name": "cmp1", "type": "COMPUTE", "control_attributes": "SSH", "reserved": False}},
    ),
}
STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2),
    st.floats(0, 1),
    st.text(max_size=3),
    st.sampled_from(["", " x", "x" * 256, "on", "a\n", "x.y", "2026-02-30", "urn:uuid:0", "STARTED", "auto"]),
    st.builds(list),
    st.builds(dict, event=st.just(1)),
    st.builds(dict),
)


@pytest.mark.parametrize("name", FORMS)
def test_what_clients_send_is_passed_at_a_glance(name: str) -> None:
    form, body = FORMS[name]
    assert form.surely_fits(body) and form.validator.is_valid(body)


def places(body: Any) -> list[dict[str, Any]]:
    """Every object in a body."""
    inner = [each for value in body.values() if isinstance(value, dict) for each in places(value)]
    return [body, *inner]


@pytest.mark.parametrize("name", FORMS)
@given(data=st.data())
def test_the_look_agrees_with_jsonschema(name: str, data: st.DataObject) -> None:
    form, body = FORMS[name]
    changed = copy.deepcopy(body)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(changed)))
        key = data.draw(st.sampled_from([*place, "event", "on_maintenance", "x y", "x/y"]))
        if data.draw(st.booleans()):
            place.pop(key, None)
        else:
            place[key] = data.draw(STRANGE)
    assert form.surely_fits(changed) == form.validator.is_valid(changed) == form.fits(changed)


def test_what_the_look_does_not_know_is_left_to_jsonschema() -> None:
    order = {"command": {"order": "arm", "reason": "drill", "segment": "rack1"}}
    form = Form(commands.BODY)
    assert not form.surely_fits(order) and form.fits(order)
    both = {"command": order["command"] | {"host": "cmp1"}}
    assert not form.fits(both)
