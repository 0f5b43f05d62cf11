"""The committed schemas by the ids that frames carry: ids.json pins each id to one file for ever.

It reads what lies in the package and asks nobody. The newest version of a type is the one with its highest id.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import fastavro

FIRST_ID, LAST_ID = 1000, 9999
"""The ids that are ours, now or in a later release; others are left to registries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of one type."""

    id: int
    type: str
    """The core class's name."""
    text: str
    """The schema as committed."""
    fingerprint: str
    """CRC-64-AVRO of the parsing canonical form, as pinned."""
    since: str
    """The release that wrote it first."""
    parsed: Any
    """What fastavro reads and writes with."""


@cache
def versions() -> dict[int, Version]:
    """Return every version by its id."""
    folder = files("kasugai.schemas")
    pinned = json.loads(folder.joinpath("ids.json").read_text("utf-8"))
    found = {}
    for key, pin in pinned.items():
        text = folder.joinpath("avsc", pin["schema"]).read_text("utf-8")
        found[int(key)] = _version(int(key), pin, text)
    return found


def _version(id_: int, pin: dict[str, str], text: str) -> Version:
    raw = json.loads(text)
    return Version(
        id=id_,
        type=raw["name"],
        text=text,
        fingerprint=pin["fingerprint"],
        since=pin["since"],
        parsed=fastavro.parse_schema(raw),
    )


@cache
def newest(name: str) -> Version:
    """Return the version of type `name` that is written today."""
    return max((each for each in versions().values() if each.type == name), key=lambda each: each.id)


def fingerprint_of(schema: object) -> str:
    """Return the CRC-64-AVRO of `schema`'s parsing canonical form: names and types, no docs, no defaults."""
    form = fastavro.schema.to_parsing_canonical_form(schema)  # type: ignore[arg-type]
    return fastavro.schema.fingerprint(form, "CRC-64-AVRO")
