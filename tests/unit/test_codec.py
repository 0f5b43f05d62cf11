"""The wire: round trips, equal bytes for equal values, and one clear line for whatever cannot be read."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from unittest.mock import patch
from uuid import UUID

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding.rows import ClockRow
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.plan import Plan
from kasugai.core.words.signals import Fault, Letter, Outcome, Source, Tick, fault
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import Millis
from kasugai.schemas import codec, mapper
from kasugai.schemas.codec import (
    CLASSES,
    NewerSchema,
    Undecodable,
    Unencodable,
    decode,
    encode,
    frame_id,
    schema_of,
)
from tests.strategies import values_of

values = st.one_of(*(values_of(cls) for cls in CLASSES))
FAULT = fault(
    host="cmp1", observer="host/cmp2", source=Source.PEER, episode="e1", observed_at=1_795_000_000_000
)

FACT = Fact(
    fact_id=UUID(int=1),
    kind=FactKind.ADOPTED,
    incident=UUID(int=2),
    segment="s",
    subject=host_subject("cmp1"),
    attempt=1,
    epoch=1,
    author="w1",
    n=1,
)


@given(values)
def test_a_value_comes_back_as_it_was_and_its_bytes_are_the_same_again(value: object) -> None:
    data = encode(value)
    back = decode(data)
    assert type(back) is type(value) and back == value
    assert encode(back) == data
    assert frame_id(data) == schema_of(type(value)).id


@given(values, st.data())
def test_a_shortened_frame_is_refused_wherever_it_ends(value: object, data: st.DataObject) -> None:
    whole = encode(value)
    with pytest.raises(Undecodable):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(values, st.binary(min_size=1, max_size=4))
def test_trailing_bytes_are_refused(value: object, tail: bytes) -> None:
    with pytest.raises(Undecodable, match=f"^{len(tail)} trailing bytes after a "):
        decode(encode(value) + tail)


@given(st.sampled_from(CLASSES), st.binary(max_size=60))
def test_rubbish_behind_a_good_head_is_a_value_or_undecodable(cls: type, body: bytes) -> None:
    try:
        value = decode(b"\0" + schema_of(cls).id.to_bytes(4, "big") + body)
    except Undecodable as error:
        assert "\n" not in str(error) and str(error)
    else:
        assert decode(encode(value)) == value


@given(values, st.data())
def test_a_flipped_bit_is_a_value_or_undecodable(value: object, data: st.DataObject) -> None:
    frame = bytearray(encode(value))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = decode(bytes(frame))
    except Undecodable:
        return
    assert decode(encode(other)) == other


def test_the_trace_travels_in_headers_only() -> None:
    letter = Letter(segment="s", signal=Tick(period=Millis(500)), trace={"traceparent": "00-1-2-01"})
    assert encode(letter) == encode(replace(letter, trace={}))


def _frame(cls: type, body: dict[str, object]) -> bytes:
    """A frame as a writer in another language may send it."""
    out = BytesIO()
    out.write(b"\0" + schema_of(cls).id.to_bytes(4, "big"))
    fastavro.schemaless_writer(out, schema_of(cls).parsed, body)
    return out.getvalue()


def _fault_body(**change: object) -> dict[str, object]:
    body: dict[str, object] = mapper.writer(Fault)(FAULT)
    return body | change


def _fact_body(**change: object) -> dict[str, object]:
    plan = Plan(incident=UUID(int=2), attempt=1, epoch=1, host="cmp1", window=8, steps=())
    body: dict[str, object] = mapper.writer(Fact)(FACT)
    return body | {"plan": mapper.writer(Plan)(plan) | change}


REASONS: list[tuple[str, Callable[[], bytes]]] = [
    ("short data: 3 bytes are no frame", lambda: b"\0\0\0"),
    ("short data: a Fault ends after 9 bytes", lambda: encode(FAULT)[:9]),
    ("bad magic byte 0x7b: not Confluent framing", lambda: b'{"host": "cmp1"}'),
    ("unknown schema id 7: not written by Kasugai", lambda: b"\0\0\0\0\7rest"),
    ("unknown schema id 10000: not written by Kasugai", lambda: b"\0\0\0\x27\x10rest"),
    ("unknown schema id 9999: written by a newer Kasugai", lambda: b"\0\0\0\x27\x0frest"),
    (
        "Fault: unknown Symptom UNKNOWN: written by a newer Kasugai",
        lambda: _frame(Fault, _fault_body(symptom="UNKNOWN")),
    ),
    ("1 trailing bytes after a Fault", lambda: encode(FAULT) + b"x"),
    (
        "Letter: 0 of fault, tick, outcome, command, inventory_change, silence are set",
        lambda: _frame(Letter, {}),
    ),
    (
        "Letter: 2 of fault, tick, outcome, command, inventory_change, silence are set",
        lambda: _frame(Letter, {"tick": {"period": 1}, "silence": {}}),
    ),
    (
        "Fact: value out of range: 1 items where 2 belong",
        lambda: _frame(Fact, _fact_body(excluded=[["only"]])),
    ),
]


@pytest.mark.parametrize(("line", "make"), REASONS, ids=[line[:30] for line, _ in REASONS])
def test_every_refusal_says_why_in_one_line(line: str, make: Callable[[], bytes]) -> None:
    with pytest.raises(Undecodable) as caught:
        decode(make())
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_text_that_is_no_utf8_is_a_bad_body() -> None:
    data = encode(replace(FAULT, subject=host_subject("cmp1"))).replace(b"cmp1", b"\xff\xfe\xfd\xfc")
    with pytest.raises(Undecodable, match=r"^bad body of a Fault: UnicodeDecodeError"):
        decode(data)


def test_an_unknown_id_can_be_told_from_a_broken_record() -> None:
    with pytest.raises(NewerSchema):
        decode(b"\0\0\0\x27\x0f")
    for data in (encode(ClockRow(partition=1))[:-1], b"\0\0\0\0\7", b"\0\xff\xff\xff\xff"):
        with pytest.raises(Undecodable) as caught:
            decode(data)
        assert not isinstance(caught.value, NewerSchema), "another's id, or broken"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (Kind.HOST, "Kind has no schema"),
        (None, "NoneType has no schema"),
        (Tick(period=Millis(2**63)), "Tick: "),
        (replace(FAULT, subject=host_subject(None)), "Fault: "),  # type: ignore[arg-type]
        (replace(FAULT, subject=Subject(kind="galaxy")), "Fault: "),  # type: ignore[arg-type]
        (replace(FAULT, event_id="text"), "Fault: "),  # type: ignore[arg-type]
        (SegmentRecord(segment_id="\ud800", name="n"), "SegmentRecord: "),
        (Tick(period=3.9), "Tick: "),  # type: ignore[arg-type]
        (Tick(period="3"), "Tick: "),  # type: ignore[arg-type]
        (replace(FAULT, inventory_offset=None), "Fault: "),  # type: ignore[arg-type]
        (replace(FAULT, asserted="no"), "Fault: "),  # type: ignore[arg-type]
        (replace(FAULT, asserted=None), "Fault: "),  # type: ignore[arg-type]
        (replace(FAULT, observer=b"bytes"), "Fault: "),  # type: ignore[arg-type]
    ],
)
def test_what_has_no_form_is_refused_before_it_is_written(value: object, line: str) -> None:
    with pytest.raises(Unencodable) as caught:
        encode(value)
    assert str(caught.value).startswith(line) and "\n" not in str(caught.value)


def test_a_field_that_the_schema_does_not_have_is_refused_and_not_dropped() -> None:
    head, schema, _ = codec._writer(Tick)
    with (
        patch.dict(codec._WRITERS, {Tick: (head, schema, lambda _: {"period": 1, "perod": 2})}),
        pytest.raises(Unencodable),
    ):
        encode(Tick(period=Millis(1)))


def test_the_default_of_a_field_that_was_not_there_is_nobody_s_to_change() -> None:
    """fastavro gives all records the same list."""
    old = json.loads(schema_of(Fact).text)
    old["fields"] = [field for field in old["fields"] if field["name"] != "black_holes"]
    version = replace(schema_of(Fact), id=999, parsed=fastavro.parse_schema(old))
    body = mapper.writer(Fact)(FACT)
    del body["black_holes"]
    out = BytesIO()
    fastavro.schemaless_writer(out, version.parsed, body)
    with patch.dict(codec._ways(), {999: codec._way(version, Fact)}):
        found = [decode(b"\0" + (999).to_bytes(4, "big") + out.getvalue()) for _ in range(2)]
    assert found == [FACT, FACT]
    assert [type(each.black_holes) for each in found if isinstance(each, Fact)] == [tuple, tuple]


@given(st.one_of(*(values_of(cls) for cls in CLASSES)))
def test_what_was_read_can_be_a_key_for_nobody_can_change_it(value: object) -> None:
    assert hash(decode(encode(value))) == hash(value)


def test_an_outcome_is_told_from_its_fact() -> None:
    assert decode(encode(FACT)) == FACT
    assert decode(encode(Outcome(fact=FACT))) == Outcome(fact=FACT)
    assert decode(encode(HostRecord(host_uuid="u", name="cmp1", segment_id="s"))) != FACT


def test_a_record_of_an_older_version_is_read_with_the_defaults_of_today() -> None:
    old = json.loads(schema_of(Fault).text)
    old["fields"] = [field for field in old["fields"] if field["name"] not in ("boot_id", "inventory_offset")]
    version = replace(schema_of(Fault), id=999, parsed=fastavro.parse_schema(old))
    way = codec._way(version, Fault)
    body = mapper.writer(Fault)(replace(FAULT, inventory_offset=7))
    out = BytesIO()
    fastavro.schemaless_writer(out, version.parsed, body)
    with patch.dict(codec._ways(), {999: way}):
        assert decode(b"\0" + (999).to_bytes(4, "big") + out.getvalue()) == FAULT


def test_equal_frames_are_decoded_once_while_they_are_remembered_and_only_then() -> None:
    frame = encode(FAULT)
    with codec.remembering():
        first = decode(frame)
        assert first == FAULT and decode(bytes(bytearray(frame))) is first
        with pytest.raises(Undecodable):
            decode(frame[:-1])
    assert decode(frame) == FAULT and decode(frame) is not first
