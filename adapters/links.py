"""Links that carry one order about one matter: what it orders is signed, and until when.

    BODY.SIGNATURE      both base64url; BODY is JSON, SIGNATURE the HMAC-SHA256 of BODY under a key of the links

The signature proves that we have offered this very order, and nothing about whoever follows the link: who he is and
what he may is the REST API's to find out. A link's command has an id that follows from the link, so the second click is
the first one's command. Whoever reads a link can read what it orders.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from kasugai.core.words.identity import derive
from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import Instant

VERSION: Final = 1
LONGEST: Final = 4_000
"""Characters of a link's last part: two names of 255 characters and four ids take 1,300."""
SHORTEST_KEY: Final = 32
"""Characters of a key, which is a line of its file: `openssl rand -hex 32` makes 64."""
FORM: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


class BadLink(Exception):
    """It is none of ours, or not any more. One sentence for whoever followed it."""


class Expired(BadLink):
    """It was one."""


class BadKeys(Exception):
    """The file of the keys cannot be used. One line without a key: file, reason, remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a link orders."""

    order: Instruction
    limit: Limit | None
    segment: str
    """The segment's id."""
    subject: Subject
    incident: UUID | None
    verdict: UUID
    """The decision below which the link stands: another one's link is another command."""
    until: Instant
    """Milliseconds since 1970 from which on it is worth nothing."""


def sign(order: Order, keys: Sequence[bytes]) -> str:
    """Return the link's last part, signed with the first key; equal orders give equal links."""
    subject = order.subject
    said = {
        "v": VERSION,
        "order": order.order,
        "limit": order.limit,
        "segment": order.segment,
        "subject": [subject.kind, subject.host, subject.detail],
        "incident": str(order.incident) if order.incident else None,
        "verdict": str(order.verdict),
        "until": order.until,
    }
    body = _encoded(json.dumps(said, separators=(",", ":"), sort_keys=True).encode())
    return f"{body}.{_signature(body, keys[0])}"


def check(link: str, keys: Sequence[bytes], now: Instant) -> Order:
    """Return what a link orders; Expired when its time is over, BadLink when nobody of ours has signed it."""
    found = FORM.fullmatch(link) if len(link) <= LONGEST else None
    if found is None:
        raise BadLink("This is no link of Kasugai's: it was cut, or changed on its way.")
    body, signature = found.groups()
    if not any(hmac.compare_digest(signature, _signature(body, key)) for key in keys):
        raise BadLink("Nobody of ours has signed this link: it was changed, or its key is no longer in use.")
    order = _order(body)
    if now >= order.until:
        raise Expired("This link has expired: what it was about may have changed since.")
    return order


def command_id(link: str) -> UUID:
    """Return the id of the link's command: the same for each click."""
    return derive("link", link)


def read_keys(file: str) -> tuple[bytes, ...]:
    """Return the keys of a file: one a line, the first one signs, all are believed. BadKeys for a file that gives none,
    or that others may read."""
    try:
        if Path(file).stat().st_mode & 0o027:
            raise BadKeys(
                f"{file}: others may read it, and whoever reads it can sign links; type: chmod 0640 {file}"
            )
        lines = [line.strip() for line in Path(file).read_text("ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no ASCII text"
        raise BadKeys(f"{file}: cannot be read: {reason}") from None
    keys = tuple(line.encode() for line in lines if line and not line.startswith("#"))
    if not keys or min(map(len, keys)) < SHORTEST_KEY:
        raise BadKeys(
            f"{file}: a key has {SHORTEST_KEY} characters or more; type: openssl rand -hex 32 > {file}"
        )
    return keys


def _order(body: str) -> Order:
    """What is signed is ours, but may be a newer Kasugai's."""
    try:
        said: dict[str, Any] = json.loads(_decoded(body))
        if said["v"] != VERSION:
            raise ValueError("another version")
        kind, host, detail = said["subject"]
        return Order(
            order=Instruction(said["order"]),
            limit=Limit(said["limit"]) if said["limit"] else None,
            segment=said["segment"],
            subject=Subject(kind=Kind(kind), host=host, detail=detail),
            incident=UUID(said["incident"]) if said["incident"] else None,
            verdict=UUID(said["verdict"]),
            until=int(said["until"]),
        )
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise BadLink("This link is of another Kasugai's: follow it where it was made.") from None


def _signature(body: str, key: bytes) -> str:
    return _encoded(hmac.digest(key, body.encode(), hashlib.sha256))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
