"""The topics by their contract files (schemas/topics): what each carries, how it is kept, who writes, who reads, and
which kind of witness may say what there.

It reads the package and refuses a file that does not say all it must. Whether a broker agrees is not its business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import INCIDENT_KINDS, Kind
from kasugai.core.words.timing import Millis

DEAD_LETTERS = ".dlq"
"""What a dead-letter topic's name adds to that of its source."""

HEARTBEATS = "kasugai.heartbeats"
FAULTS: Mapping[Kind, str] = MappingProxyType({kind: f"kasugai.faults.{kind}" for kind in INCIDENT_KINDS})
PEERS = "kasugai.faults.peers"
NOVA = "kasugai.faults.nova"
SERVICES = "kasugai.faults.services"
POWER = "kasugai.faults.power"
METRICS = "kasugai.faults.metrics"
REPORTED = "kasugai.faults.reported"
SIGHTINGS = "kasugai.sightings"
SILENCES = "kasugai.silences"
COMMANDS = "kasugai.commands"
INVENTORY = "kasugai.inventory"
SIGNALS = "kasugai.signals"
VERDICTS = "kasugai.verdicts"
HOSTS = FAULTS[Kind.HOST]
"""Where liveness speaks of hosts."""
INCIDENTS: Mapping[Kind, str] = MappingProxyType(
    {kind: f"kasugai.incidents.{kind}" for kind in INCIDENT_KINDS}
)
RECOVERY = "kasugai.recovery"
CORRELATE_APP = "kasugai-correlate"
CORRELATE_TABLE = "rows"
CHANGELOG = f"{CORRELATE_APP}-{CORRELATE_TABLE}-changelog"
INVENTORY_WRITER = "kasugai-inventory"
"""The transactional id under which descriptions are written."""

GIVE_UP = frozenset({"route", "correlate", "workers", "liveness"})
"""The readers that put aside what they cannot read; others pass it over."""

FIRST_READERS: Mapping[str, frozenset[str]] = MappingProxyType({NOVA: frozenset({"bridge"})})
"""By topic: who reads elsewhere what becomes a record of it, and puts aside with its dead letters what cannot."""

_OPTIONAL: Mapping[str, Any] = {
    "retention": None,
    "settings": {},
    "dead_letters": False,
    "says": [],
    "proved": False,
}
_UNITS = {"h": 3_600_000, "d": 86_400_000}


class ContractError(Exception):
    """A contract file is wrong; the message names the file and what is missing or strange."""


class Cleanup(StrEnum):
    """What the broker does with old records."""

    DELETE = "delete"
    """Away after `retention`."""
    COMPACT = "compact"
    """The last record of each key stays."""


class Stamped(StrEnum):
    """Whose clock a record's timestamp shows."""

    CREATE = "create"
    """The producer's."""
    APPEND = "append"
    """The broker's: only such a timestamp may carry a decision."""


class About(StrEnum):
    """About whom a witness may speak."""

    ITSELF = "itself"
    """The host that it runs on."""
    OTHERS = "others"
    """Every host but that one."""
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What one kind of witness may say on a topic; what is not said to be allowed is not."""

    source: Source
    symptoms: frozenset[Symptom]
    of: frozenset[Kind]
    """What kinds of subjects: who sees processes is no witness of its host."""
    about: About
    asserts: bool = False
    """Whether it may say that a host has been fenced."""
    processes: frozenset[str] = frozenset()
    """Of which processes alone; empty: of any, where it may speak of processes at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A record as people write it."""

    key: str | None
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic's contract."""

    name: str
    description: str
    key: str
    """What the key is, in words."""
    partitions: int | None
    """None: the deployment's number (`[stream] partitions`), fixed at birth."""
    cleanup: Cleanup
    retention: Millis | None
    """None for a compacted topic."""
    timestamps: Stamped
    settings: Mapping[str, str]
    """Further settings of the broker for this topic."""
    schemas: tuple[str, ...]
    """The record types that it may hold."""
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    dead_letters: bool
    """Whether it has a topic for what its readers give up on."""
    says: tuple[Saying, ...]
    """Of a topic of faults: which witnesses speak there, and what they may say."""
    proved: bool
    """Whether each record of an agent proves whose word it is (the header `kasugai-proof`, ADR 22)."""
    examples: tuple[Example, ...]

    def partitions_in(self, deployment: int) -> int:
        """Return how many partitions it has where the deployment's number is `deployment`."""
        return self.partitions or deployment


@cache
def contracts() -> Mapping[str, Topic]:
    """Return every topic by its name, dead-letter topics included, in the order of their names."""
    parsed = [
        parse(path.name, path.read_text("utf-8"))
        for path in files("kasugai.schemas").joinpath("topics").iterdir()
    ]
    pattern = next(topic for topic in parsed if topic.name == f"*{DEAD_LETTERS}")
    topics = {topic.name: topic for topic in parsed if topic is not pattern}
    for topic in list(topics.values()):
        if topic.dead_letters:
            dead = _dead_letters(pattern, topic)
            topics[dead.name] = dead
    return MappingProxyType(dict(sorted(topics.items())))


@cache
def proved_topics() -> frozenset[str]:
    """Return the names of the topics on which agents prove whose word each record is."""
    return frozenset(topic.name for topic in contracts().values() if topic.proved)


def dead_letters_of(topic: str) -> str:
    """Return the name of a topic's dead-letter topic."""
    return topic + DEAD_LETTERS


def _dead_letters(pattern: Topic, topic: Topic) -> Topic:
    description = pattern.description.format(topic=topic.name)
    before = FIRST_READERS.get(topic.name, frozenset())
    writers = (*(reader for reader in topic.readers if reader in GIVE_UP), *sorted(before))
    return replace(pattern, name=dead_letters_of(topic.name), description=description, writers=writers)


def parse(file: str, text: str) -> Topic:
    """Return the contract that `text` states; raise `ContractError` naming `file`."""
    body = yaml.safe_load(text)
    if not isinstance(body, dict):
        raise ContractError(f"{file}: a mapping belongs here")
    try:
        return _topic(_complete({str(key).replace("-", "_"): value for key, value in body.items()}))
    except (ContractError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise ContractError(f"{file}: {error}") from error


def _complete(body: dict[str, Any]) -> dict[str, Any]:
    body = {**_OPTIONAL, **body}
    wanted = {field.name for field in fields(Topic)}
    if missing := wanted - set(body):
        raise ContractError(f"lacks {', '.join(sorted(missing))}")
    if strange := set(body) - wanted:
        raise ContractError(f"knows no {', '.join(sorted(strange))}")
    return body


def _topic(body: dict[str, Any]) -> Topic:
    cleanup = Cleanup(body.pop("cleanup"))
    if (cleanup is Cleanup.DELETE) != (body["retention"] is not None):
        raise ContractError("retention belongs to cleanup: delete, and only there")
    return Topic(
        cleanup=cleanup,
        partitions=_partitions(body.pop("partitions")),
        retention=_retention(body.pop("retention")),
        timestamps=Stamped(body.pop("timestamps")),
        description=" ".join(body.pop("description").split()),
        settings=MappingProxyType({str(key): str(value) for key, value in body.pop("settings").items()}),
        examples=tuple(Example(**example) for example in body.pop("examples")),
        says=tuple(_saying(**saying) for saying in body.pop("says")),
        schemas=tuple(body.pop("schemas")),
        writers=tuple(body.pop("writers")),
        readers=tuple(body.pop("readers")),
        **body,
    )


def _saying(
    *,
    source: str,
    symptoms: list[str],
    of: list[str],
    about: str,
    asserts: bool = False,
    processes: Iterable[str] = (),
) -> Saying:
    return Saying(
        source=Source(source),
        symptoms=frozenset(map(Symptom, symptoms)),
        of=frozenset(map(Kind, of)),
        about=About(about),
        asserts=asserts,
        processes=frozenset(processes),
    )


def _partitions(word: object) -> int | None:
    if word == "deployment":
        return None
    if isinstance(word, int) and word > 0:
        return word
    raise ContractError(f"partitions: a number or `deployment` belongs here, not {word!r}")


def _retention(text: str | None) -> Millis | None:
    if text is None:
        return None
    number, unit = text.split()
    return Millis(int(number) * _UNITS[unit])
