"""JSON for people: every value comes back, and what is wrong is said with its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.words.signals import Source, fault
from kasugai.schemas.codec import CLASSES
from kasugai.schemas.plain import Malformed, from_json, to_json
from tests.strategies import values_of

FAULT = fault(host="cmp1", observer="host/cmp2", source=Source.PEER, episode="e1")


@given(st.one_of(*(values_of(cls) for cls in CLASSES)))
def test_a_value_comes_back_from_its_json(value: object) -> None:
    assert from_json(json.loads(json.dumps(to_json(value)))) == value


def test_what_has_a_default_may_be_left_out() -> None:
    body = {key: value for key, value in to_json(FAULT).items() if key not in ("boot_id", "inventory_offset")}
    assert from_json(body) == FAULT


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"type": "Planet"}, "value.type: 'Planet' is none of Fault, Tick"),
        ({"colour": "red"}, "value: Fault has no colour"),
        ({"subject": {"kind": "host", "host": 5}}, "value.subject.host: text belongs here, not 5"),
        ({"asserted": 1}, "value.asserted: true or false belongs here, not 1"),
        ({"observed_at": "now"}, "value.observed_at: a whole number belongs here, not 'now'"),
        (
            {"subject": {"kind": "galaxy"}},
            "value.subject.kind: one of host, process, instance, segment, domain belongs here, not 'galaxy'",
        ),
        ({"event_id": "x"}, "value.event_id: a uuid belongs here, not 'x'"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], line: str) -> None:
    with pytest.raises(Malformed) as caught:
        from_json(to_json(FAULT) | change)
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ([], "value: an object belongs here, not []"),
        (
            {"type": "Fault", "episode": "e"},
            "value: Fault lacks event_id, observer, source, subject, symptom",
        ),
        (
            {"type": "Letter", "segment": "s", "signal": {"type": "Plan"}},
            "value.signal.type: 'Plan' is none of Fault",
        ),
        (
            {"type": "Fact", "plan": {"excluded": [["a"]]}},
            "value.plan.excluded[0]: 2 items belong here, not 1",
        ),
        ({"type": "Fact", "steps": "none"}, "value.steps: a list belongs here, not 'none'"),
    ],
)
def test_a_wrong_shape_is_named(body: Any, line: str) -> None:
    with pytest.raises(Malformed) as caught:
        from_json(body)
    assert str(caught.value).startswith(line)
