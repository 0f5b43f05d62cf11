"""Records that must become dead letters: unreadable ones of several forms, and values out of their place. Pure.

Each would do harm if it were believed: it asserts that a living host was fenced, disarms a segment, ends an incident.
Who sends it is not known here, nor what the pipeline makes of it.
"""

import random
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kasugai.adapters.kafka.records import Headers, Outgoing
from kasugai.core.words.facts import Fact, FactKind, Result, make_fact
from kasugai.core.words.incident import Stop
from kasugai.core.words.signals import Command, Fault, Instruction, Letter, Source, Symptom, fault
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, decode, encode
from kasugai.schemas.keys import Keyed, key_of
from kasugai.schemas.topics import (
    COMMANDS,
    FAULTS,
    INCIDENTS,
    NOVA,
    PEERS,
    RECOVERY,
    REPORTED,
    SIGNALS,
    proved_topics,
)
from kasugai.streams.sayings import AGENT
from tests.support.unbounded import frame

HEADER = "chaos"
OURS: Headers = ((HEADER, b"bad neighbour"),)
"""On every record of a bad neighbour's, so that its dead letter is known by it."""
STRANGER = "nobody-knows-it"
"""A host that is in no inventory."""
FORGED = 1 << 32
"""Ids of incidents below this are made up here: a derived one is never so small."""
HUGE = 300_000
"""Characters of a huge name: far beyond every bound, and still taken by the broker."""
THEIRS, NEWER = 77, 9_999
"""A schema id that is not Kasugai's, and one that a newer Kasugai would write."""

TOPICS = (REPORTED, *FAULTS.values(), NOVA, PEERS, COMMANDS, SIGNALS, INCIDENTS[Kind.HOST], RECOVERY)
"""What route, correlate and workers read, but for the inventory."""
LOGS = frozenset({INCIDENTS[Kind.HOST], RECOVERY})
"""What a new owner folds: by the key of its host."""


class Form(StrEnum):
    """How a record cannot be taken."""

    RUBBISH = "rubbish"
    NOTHING = "no value"
    THEIRS = "another's schema"
    NEWER = "a newer schema"
    CUT = "cut"
    HUGE = "a huge name"
    MISPLACED = "another topic's value"
    MISKEYED = "a wrong key"


@dataclass(frozen=True, slots=True)
class Shot:
    """A record on its way."""

    record: Outgoing
    doomed: str = ""
    """Why it must become a dead letter; empty for one that is well-formed and in its place."""
    fault: Fault | None = None
    """What it says, where it is a fault that must get a verdict."""
    signer: str = ""
    """The host with whose key it is signed when it is sent; empty: nobody signs it."""
    again: bool = False
    """It is the shot before it once more, as that was sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whom a blow is about."""

    host: str
    segment: str
    """Its segment's id."""


def is_forged(incident: UUID | None) -> bool:
    """Whether an incident's id was made up here."""
    return incident is not None and incident.int < FORGED


def spoiled(chance: random.Random, place: Place) -> Shot:
    """Return a record of a drawn form on a drawn topic, under the key of that host or of its segment."""
    topic, form = chance.choice(TOPICS), chance.choice(list(Form))
    return spoil(chance, topic, form, place)


def spoil(chance: random.Random, topic: str, form: Form, place: Place) -> Shot:
    """Return a record of that form. What a newer Kasugai wrote about a host holds it until the workers are upgraded,
    and what people are shown knows no keys: on the logs these two are about a stranger. Nobody can tell the right key
    of a mailbox's letter: there another topic's value stands instead."""
    if form is Form.MISKEYED and topic == SIGNALS:
        form = Form.MISPLACED
    whose = Place(STRANGER, place.segment) if topic in LOGS and form in (Form.NEWER, Form.MISKEYED) else place
    value = _value(chance, topic, whose)
    key, body = _key(chance, topic, form, value, place), _body(chance, topic, form, value)
    record = Outgoing(topic=topic, key=key, value=body, headers=OURS)
    return Shot(record, f"{form} on {topic}", signer=_signer(topic, value))


def _signer(topic: str, value: Keyed) -> str:
    """Return whose word it would be: nothing but its form makes it a dead letter."""
    return value.observer.removeprefix(AGENT) if topic in proved_topics() and isinstance(value, Fault) else ""


def _key(chance: random.Random, topic: str, form: Form, value: Keyed, place: Place) -> bytes | None:
    key = (key_of(value) or "").encode()
    match form:
        case Form.RUBBISH:
            return chance.choice((key, b"\xff\xfe\0", None))
        case Form.MISKEYED:
            return place.host.encode() if topic in LOGS else b"not-" + key
        case _:
            return key


def _body(chance: random.Random, topic: str, form: Form, value: Keyed) -> bytes | None:
    place = Place("x" * HUGE, "")
    match form:
        case Form.NOTHING:
            return None
        case Form.RUBBISH:
            return b"\xff" + chance.randbytes(chance.randint(0, 60))
        case Form.HUGE:
            return frame(_value(chance, topic, place))
        case Form.MISPLACED:
            return encode(_stray(chance, topic))
        case _:
            return _bent(chance, form, encode(value))


def _bent(chance: random.Random, form: Form, whole: bytes) -> bytes:
    """Return what was a record."""
    match form:
        case Form.THEIRS:
            return _under(THEIRS, whole)
        case Form.NEWER:
            return _under(NEWER, whole)
        case Form.CUT:
            return _cut(whole[: chance.randint(1, len(whole) - 1)])
        case _:
            return whole


def _under(id_: int, whole: bytes) -> bytes:
    """Return a frame under another schema id."""
    return whole[:1] + id_.to_bytes(4, "big") + whole[5:]


def _cut(body: bytes) -> bytes:
    """Return what is no value any more: some records can do without their last bytes."""
    while True:
        try:
            decode(body)
        except Undecodable:
            return body
        body = body[:-1]


def _value(chance: random.Random, topic: str, place: Place) -> Keyed:
    """Return what would do harm on that topic if it were believed; nothing but its form keeps it from that."""
    number = chance.randrange(1, FORGED)
    if topic == COMMANDS:
        return _command(number, place)
    if topic == SIGNALS:
        return Letter(segment=place.segment, signal=_fault(REPORTED, number, place))
    if topic == INCIDENTS[Kind.HOST]:
        return _stop(number, place)
    return _outcome(number, place) if topic == RECOVERY else _fault(topic, number, place)


def _stray(chance: random.Random, topic: str) -> Keyed:
    """Return a value that has no business on that topic."""
    number, nowhere = chance.randrange(1, FORGED), Place(STRANGER, "nowhere")
    return _fault(REPORTED, number, nowhere) if topic in (COMMANDS, SIGNALS) else _command(number, nowhere)


def _command(number: int, place: Place) -> Command:
    return Command(
        command_id=UUID(int=number),
        order=Instruction.DISARM,
        segment=place.segment,
        author=place.host,
        reason="spoiled",
    )


def _fault(topic: str, number: int, place: Place) -> Fault:
    """Return a fault as its topic may carry it: a report asserts, an agent speaks of others or of itself."""
    kind = next((kind for kind, each in FAULTS.items() if each == topic), Kind.HOST)
    sources = {REPORTED: Source.REPORTED, PEERS: Source.PEER, NOVA: Source.NOVA}
    return fault(
        host=place.host,
        kind=kind,
        detail={Kind.HOST: "", Kind.INSTANCE: str(UUID(int=number))}.get(kind, "libvirtd"),
        observer=f"host/{'its-neighbour' if topic == PEERS else place.host}",
        source=sources.get(topic, Source.HEARTBEAT),
        symptom=Symptom.FAILING if topic == NOVA else Symptom.DOWN,
        episode=f"spoiled-{number}",
        asserted=topic == REPORTED,
    )


def _stop(number: int, place: Place) -> Stop:
    return Stop(
        incident=UUID(int=number),
        subject=host_subject(place.host),
        n=1,
        attempt=1,
        segment=place.segment,
        decided_at=BrokerTime(1),
        reason="spoiled",
    )


def _outcome(number: int, place: Place) -> Fact:
    draft = Fact(
        fact_id=UUID(int=0),
        kind=FactKind.FINISHED,
        incident=UUID(int=number),
        segment=place.segment,
        subject=host_subject(place.host),
        attempt=1,
        epoch=1,
        author="neighbour",
        n=1,
        result=Result.RECOVERED,
    )
    return make_fact(draft)
