"""An incident's ledger as a document that proves itself: all records about it as they lie in Kafka, each chained to the
one before, the whole signed.

Whoever has the public key and this file needs neither Kafka nor us. It proves that nothing was changed, left out or put
in since it was signed; that it was complete then is the word of whoever signed it.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from kasugai.core.telling.incident_views import Record
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open, Resume, Stop
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.plain import to_json
from kasugai.schemas.recordings import ROWS, Entry
from kasugai.schemas.topics import SIGNALS

FORMAT = "kasugai-ledger 1"
START = "0" * 64
"""The hash before the first record."""


class Broken(Exception):
    """This is no ledger, or not the one that was signed; the message says what is wrong first."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a ledger that is whole says of itself."""

    incident: str
    subject: str
    records: int
    unread: int
    """Records that only a newer Kasugai can read: they are chained and signed as the others."""
    key: str


def of_incident(incident: UUID, entries: Iterable[Entry]) -> list[tuple[Entry, Record]]:
    """Return the records about an incident in the order of time, then of their places."""
    found = []
    for entry in entries:
        if entry.topic in (SIGNALS, ROWS):
            continue
        try:
            value = decode(entry.frame)
        except Undecodable:
            continue
        if isinstance(value, Open | Stop | Resume | Fact | Verdict) and value.incident == incident:
            found.append((entry, value))
    return sorted(found, key=lambda each: (each[0].at, each[0].topic, each[0].partition, each[0].offset))


def document(
    incident: UUID, subject: str, records: Sequence[tuple[Entry, Record]], key: str
) -> dict[str, Any]:
    """Return the document but for its signature."""
    links, before = [], START
    for entry, value in records:
        link = _link(entry, value)
        before = link["hash"] = _hash(before, link)
        links.append(link)
    return {
        "format": FORMAT,
        "incident": str(incident),
        "subject": subject,
        "records": links,
        "head": before,
        "key": key,
    }


def sealed(body: dict[str, Any], signature: bytes) -> str:
    """Return the file's text."""
    whole = {**body, "signature": base64.b64encode(signature).decode()}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def signed_bytes(body: dict[str, Any]) -> bytes:
    """Return what is signed: all of the document but the signature, in one spelling."""
    rest = {name: value for name, value in body.items() if name != "signature"}
    return _canonical(rest)


def read(text: str) -> tuple[dict[str, Any], bytes]:
    """Return a document and its signature; Broken where there is none."""
    try:
        body = json.loads(text)
        if body["format"] != FORMAT:
            raise Broken(f"its format is {str(body['format'])[:40]!r}, this Kasugai reads {FORMAT!r}")
        return body, base64.b64decode(body["signature"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Broken("it is no ledger of an incident (kasugai incident export --ledger)") from error


def check_chain(body: dict[str, Any]) -> Checked:
    """Go along the chain; Broken at the first record that is not what it was, or says in words another thing than its
    bytes. What a signature proves besides is the caller's to ask first."""
    before, unread = START, 0
    try:
        for number, link in enumerate(body["records"], 1):
            before = _next(number, link, before)
            unread += not _reads_as_told(number, link)
        if body["head"] != before:
            raise Broken("its last records are missing")
        return Checked(
            str(body["incident"]), str(body["subject"]), len(body["records"]), unread, str(body["key"])
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Broken("a part of it is missing or of another form") from error


def _next(number: int, link: dict[str, Any], before: str) -> str:
    told = link["hash"]
    if told != _hash(before, link):
        raise Broken(f"record {number} is not the one that was written, or one before it is missing")
    return str(told)


def _reads_as_told(number: int, link: dict[str, Any]) -> bool:
    """Whether a record's bytes can be read; Broken where they say another thing than what people read."""
    try:
        value = decode(base64.b64decode(link["frame"], validate=True))
    except Undecodable:
        return False
    if _canonical(to_json(value)) != _canonical(link["value"]):
        raise Broken(f"record {number} says in words another thing than in its bytes")
    return True


def _link(entry: Entry, value: Record) -> dict[str, Any]:
    return {
        "topic": entry.topic,
        "partition": entry.partition,
        "offset": entry.offset,
        "at": entry.at,
        "value": to_json(value),
        "frame": base64.b64encode(entry.frame).decode(),
    }


def _hash(before: str, link: dict[str, Any]) -> str:
    rest = {name: value for name, value in link.items() if name != "hash"}
    return sha256(before.encode() + _canonical(rest)).hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
