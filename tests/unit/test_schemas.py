"""The committed schemas: pinned, complete, in step with the core, and read alike by the reference implementation.

avro-python3 is the reference: it parses every schema, reads and writes the golden vectors, and resolves old against
new. Released vectors are never rewritten; tools/draw_schemas.py writes those of a new version.
"""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import avro.io
import avro.schema
import fastavro
import pytest

from kasugai.schemas.codec import CLASSES, HEAD, decode, encode
from kasugai.schemas.draw import draw
from kasugai.schemas.plain import from_json, to_json
from kasugai.schemas.registry import FIRST_ID, Version, fingerprint_of, newest, versions

REPO = Path(__file__).resolve().parents[2]
GOLDEN = REPO / "tests" / "golden"
VERSIONS = list(versions().values())
REDRAW = "type .venv/bin/python tools/draw_schemas.py"
each_version = pytest.mark.parametrize(
    "version", VERSIONS, ids=lambda version: f"{version.id}-{version.type}"
)


def records(schema: Any) -> Iterator[dict[str, Any]]:
    """Every record type in a schema, nested ones included."""
    match schema:
        case {"type": "record"}:
            yield schema
            for field in schema["fields"]:
                yield from records(field["type"])
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            yield from records(inner)
        case list():
            for branch in schema:
                yield from records(branch)
        case _:
            pass


def named(schema: Any) -> Iterator[dict[str, Any]]:
    """Every enum in a schema."""
    for record in records(schema):
        for field in record["fields"]:
            for branch in field["type"] if isinstance(field["type"], list) else [field["type"]]:
                if isinstance(branch, dict) and branch["type"] == "enum":
                    yield branch


@each_version
def test_an_id_is_pinned_to_its_schema_for_ever(version: Version) -> None:
    assert version.id > FIRST_ID
    assert fingerprint_of(json.loads(version.text)) == version.fingerprint, (
        f"{version.type} changed under id {version.id}, which data may carry: {REDRAW} for a new id"
    )


def test_every_file_has_one_id_and_every_class_has_a_schema() -> None:
    pinned = json.loads((REPO / "schemas" / "ids.json").read_text())
    files = [pin["schema"] for pin in pinned.values()]
    assert sorted(files) == sorted(path.name for path in (REPO / "schemas" / "avsc").iterdir())
    assert {version.type for version in VERSIONS} == {cls.__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_newest_schema_says_what_the_core_says(cls: type) -> None:
    assert draw(cls) == json.loads(newest(cls.__name__).text), f"{cls.__name__} has changed: {REDRAW}"


@each_version
def test_every_record_and_field_is_documented_and_has_a_default_but_ids(version: Version) -> None:
    for record in records(json.loads(version.text)):
        assert record["doc"], record["name"]
        for field in record["fields"]:
            assert field["doc"].strip(), f"{record['name']}.{field['name']}"
            assert "default" in field or holds_an_id(field["type"]), f"{record['name']}.{field['name']}"


def holds_an_id(kind: Any) -> bool:
    return "Uuid" in json.dumps(kind) or kind in ("Open", "Fact", "SegmentRecord", "HostRecord")


@each_version
def test_every_enum_has_a_symbol_for_what_a_reader_does_not_know(version: Version) -> None:
    for enum in named(json.loads(version.text)):
        assert enum["symbols"][0] == enum["default"] == "UNKNOWN"


@each_version
def test_there_is_no_union_but_with_null(version: Version) -> None:
    for record in records(json.loads(version.text)):
        for field in record["fields"]:
            if isinstance(field["type"], list):
                assert field["type"][0] == "null" and len(field["type"]) == 2


@each_version
def test_the_reference_implementation_parses_it(version: Version) -> None:
    parsed = avro.schema.parse(version.text)
    assert parsed.fullname == f"kasugai.{version.type}"
    assert [field.name for field in parsed.fields] == [
        field["name"] for field in json.loads(version.text)["fields"]
    ]


def golden() -> list[Any]:
    found = []
    for version in VERSIONS:
        body = json.loads((GOLDEN / f"{version.id}.json").read_text())
        assert (body["id"], body["type"]) == (version.id, version.type)
        found += [pytest.param(version, v, id=f"{version.type}-{n}") for n, v in enumerate(body["vectors"])]
    return found


each_vector = pytest.mark.parametrize(("version", "vector"), golden())


@each_vector
def test_a_golden_vector_is_read_and_written_by_the_codec(version: Version, vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])
    value = decode(data)
    assert value == from_json(vector["value"])
    assert to_json(value) == vector["value"]
    if version is newest(version.type):
        assert encode(value) == data


@each_vector
def test_both_avro_libraries_read_a_golden_vector_alike(version: Version, vector: dict[str, Any]) -> None:
    body = bytes.fromhex(vector["bytes"])[HEAD:]
    parsed = avro.schema.parse(version.text)
    reference = avro.io.DatumReader(parsed).read(avro.io.BinaryDecoder(BytesIO(body)))
    assert as_json(reference) == vector["avro"]
    assert as_json(fastavro.schemaless_reader(BytesIO(body), version.parsed, None)) == vector["avro"]


@each_vector
def test_both_avro_libraries_write_a_golden_vector_alike(version: Version, vector: dict[str, Any]) -> None:
    body = bytes.fromhex(vector["bytes"])[HEAD:]
    datum = fastavro.schemaless_reader(BytesIO(body), version.parsed, None)
    assert write_reference(version.text, datum) == body
    assert write_fast(version.parsed, datum) == body


def test_old_and_new_versions_of_a_type_read_each_other() -> None:
    for writer in VERSIONS:
        for reader in (version for version in VERSIONS if version.type == writer.type):
            for vector in json.loads((GOLDEN / f"{writer.id}.json").read_text())["vectors"]:
                assert_resolves(
                    bytes.fromhex(vector["bytes"])[HEAD:], json.loads(writer.text), json.loads(reader.text)
                )


@each_version
def test_a_schema_can_grow_and_shrink_by_every_field_that_has_a_default(version: Version) -> None:
    whole = json.loads(version.text)
    vectors = json.loads((GOLDEN / f"{version.id}.json").read_text())["vectors"]
    body = bytes.fromhex(vectors[-1]["bytes"])[HEAD:]
    for field in whole["fields"]:
        if "default" not in field or defines_a_name(field["type"]):
            continue
        smaller = whole | {"fields": [other for other in whole["fields"] if other is not field]}
        datum = fastavro.schemaless_reader(BytesIO(body), version.parsed, fastavro.parse_schema(smaller))
        assert_resolves(body, whole, smaller)
        assert_resolves(write_fast(fastavro.parse_schema(smaller), datum), smaller, whole)


def test_a_symbol_that_an_older_reader_lacks_becomes_unknown() -> None:
    fault = json.loads(newest("Fault").text)
    newer = json.loads(json.dumps(fault).replace('"CLEAR"', '"CLEAR", "SMOKE"'))
    datum = fastavro.schemaless_reader(
        BytesIO(bytes.fromhex(json.loads((GOLDEN / "1001.json").read_text())["vectors"][0]["bytes"])[HEAD:]),
        newest("Fault").parsed,
        None,
    )
    assert isinstance(datum, dict)
    body = write_fast(fastavro.parse_schema(newer), datum | {"symptom": "SMOKE"})
    read = fastavro.schemaless_reader(
        BytesIO(body), fastavro.parse_schema(newer), fastavro.parse_schema(fault)
    )
    assert isinstance(read, dict) and read["symptom"] == "UNKNOWN"


def defines_a_name(kind: Any) -> bool:
    """Without such a field, a later field's reference would hang in the air."""
    return any(word in json.dumps(kind) for word in ('"enum"', '"fixed"', '"record"'))


def assert_resolves(body: bytes, writer: dict[str, Any], reader: dict[str, Any]) -> None:
    """Both libraries read `body` with the other version's schema, and see the same."""
    old, new = avro.schema.parse(json.dumps(writer)), avro.schema.parse(json.dumps(reader))
    reference = avro.io.DatumReader(old, new).read(avro.io.BinaryDecoder(BytesIO(body)))
    fast = fastavro.schemaless_reader(
        BytesIO(body), fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    )
    assert as_json(reference) == as_json(fast)


def write_reference(schema: str, datum: Any) -> bytes:
    out = BytesIO()
    avro.io.DatumWriter(avro.schema.parse(schema)).write(datum, avro.io.BinaryEncoder(out))
    return out.getvalue()


def write_fast(schema: Any, datum: Any) -> bytes:
    out = BytesIO()
    fastavro.schemaless_writer(out, schema, datum, strict=True)
    return out.getvalue()


def as_json(datum: Any) -> Any:
    """An Avro datum as the golden files spell it: fixed bytes as hex."""
    match datum:
        case bytes():
            return datum.hex()
        case dict():
            return {key: as_json(value) for key, value in datum.items()}
        case list():
            return [as_json(value) for value in datum]
        case _:
            return datum
