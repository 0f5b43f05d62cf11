"""Which records belong together: what is said about one incident, and what is said about one subject.

A record belongs to each bucket that its view depends on; a bucket's view depends on its records only, and a subject's
also on the views of the incidents that its verdicts name.
"""

from dataclasses import dataclass
from uuid import UUID

from kasugai.core.telling.documents import Kept
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open, Resume, Stop
from kasugai.core.words.signals import Fault, Stamp
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import Undecodable, decode

Value = Open | Stop | Resume | Fact | Verdict | Fault
"""What shows anything."""

INCIDENT, SUBJECT = "incident/", "subject/"


@dataclass(frozen=True, slots=True)
class Held:
    """A record with its place and its timestamp."""

    stamp: Stamp
    value: Value


def incident_bucket(incident: UUID | str) -> str:
    """Return the bucket of an incident."""
    return f"{INCIDENT}{incident}"


def subject_bucket(subject: str) -> str:
    """Return the bucket of a subject."""
    return f"{SUBJECT}{subject}"


def buckets_of(value: Value) -> tuple[str, ...]:
    """Return where a value belongs; nowhere for a fault that did not come as a notification."""
    match value:
        case Fault():
            return (subject_bucket(value.subject.name),) if _is_shown(value) else ()
        case Verdict():
            about = () if value.incident is None else (incident_bucket(value.incident),)
            return (subject_bucket(value.subject.name), *about)
        case _:
            return (incident_bucket(value.incident),)


def _is_shown(fault: Fault) -> bool:
    """Whether it came as a notification; one whose name holds what names are told apart by could not be found again,
    and a list that names it would be lost with it."""
    return fault.notification is not None and "/" not in fault.notification.notification_uuid


def held(body: bytes, stamp: Stamp) -> Held | None:
    """Return the record of these bytes; None for what is not understood or shows nothing."""
    try:
        value = decode(body)
    except Undecodable:
        return None
    return Held(stamp, value) if isinstance(value, Open | Stop | Resume | Fact | Verdict | Fault) else None


def kept(topic: str, stamp: Stamp, body: bytes) -> Kept:
    """Return the record as the documents keep it: its place, and its timestamp before its bytes."""
    place = f"{topic}/{stamp.partition}/{stamp.offset}"
    return Kept(place=place, body=stamp.at.to_bytes(8, "big") + body)


def unkept(record: Kept) -> Held | None:
    """Return what `kept` was made of; None for what a newer Kasugai wrote, or somebody else."""
    try:
        _, partition, offset = record.place.rsplit("/", 2)
        place = int(partition), int(offset)
    except ValueError:
        return None
    at = int.from_bytes(record.body[:8], "big")
    return held(record.body[8:], Stamp(partition=place[0], offset=place[1], at=BrokerTime(at)))
