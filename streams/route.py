"""Route: turns what anybody published into letters for the mailboxes, and drops nothing.

It knows which segment a host belongs to, and refuses what a topic may not carry. It refuses to know Kafka, Avro and
time: `route_shell` and the simulator both feed exactly this.
"""

from collections.abc import Iterable
from dataclasses import replace

from kasugai.adapters.inventory import Description, Inventory
from kasugai.core.words.facts import Fact, make_fact
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import (
    UNKNOWN_SEGMENT,
    Command,
    Fault,
    InventoryChange,
    Letter,
    Outcome,
)
from kasugai.core.words.silences import Silence
from kasugai.core.words.subject import INCIDENT_KINDS, Subject, host_subject
from kasugai.schemas.topics import (
    COMMANDS,
    FAULTS,
    INVENTORY,
    METRICS,
    NOVA,
    PEERS,
    POWER,
    RECOVERY,
    REPORTED,
    SERVICES,
    SILENCES,
)
from kasugai.streams.sayings import Misnamed, Renamed, Unsaid, check_id, check_name, check_saying

TOLD = (REPORTED, *FAULTS.values(), NOVA, SERVICES, POWER, METRICS, PEERS)
"""Where faults stand."""
SOURCES = (INVENTORY, COMMANDS, *TOLD, SILENCES, RECOVERY)
"""What route reads."""

Home = tuple[str, str]
"""A segment, and the name that a host has or had in it."""


class Misplaced(Exception):
    """A value that is well-formed, but does not belong on the topic that it came on."""


UNFIT = (Misplaced, Unsaid, Renamed, Misnamed)
"""Why a value that can be read is a dead letter."""


class Route:
    """The way from every source to the mailboxes."""

    def __init__(self, inventory: Inventory | None = None) -> None:
        """Look hosts up in `inventory`, which somebody may keep up to date; an empty one of its own by default."""
        self._inventory = Inventory() if inventory is None else inventory
        self._homes: dict[str, set[Home]] = {}

    def learn(self, record: Description) -> None:
        """Take a description as the inventory topic brought it, in that order; known ones change nothing."""
        self._inventory.put(record)
        if isinstance(record, HostRecord):
            self._homes.setdefault(record.host_uuid, set()).add((record.segment_id, record.name))

    def knows(self, host: str) -> bool:
        """Whether the inventory has a host of that name."""
        return self._inventory.host_named(host) is not None

    def letters(self, topic: str, value: object) -> list[Letter]:
        """Return what a record causes, in order; empty for a fact that is no outcome. Misplaced for a stranger, for
        what no incident can be about, and for what names no segment though it must; Unsaid for a fault that its topic
        may not carry, Misnamed for a subject's name that is none, Renamed for an id that is not derived."""
        letters = self._letters(topic, value)
        if any(letter.segment == "" for letter in letters):
            raise Misplaced(f"a {type(value).__name__} that names no segment does not belong on {topic}")
        return letters

    def _letters(self, topic: str, value: object) -> list[Letter]:
        match value:
            case Fault() if topic in TOLD:
                _check_subject(value.subject, topic)
                check_saying(value, topic)
                check_name(value.subject)
                check_id(value)
                return [self._addressed(value)]
            case Command() if topic == COMMANDS:
                _check_subject(value.subject, topic)
                return [Letter(segment=value.segment or UNKNOWN_SEGMENT, signal=value)]
            case Fact() if topic == RECOVERY:
                if not value.kind.is_outcome:
                    return []
                _check_subject(value.subject, topic)
                _check_fact_id(value)
                return [Letter(segment=value.segment, signal=Outcome(fact=value))]
            case Silence() if topic == SILENCES:
                check_name(host_subject(value.host))
                return [Letter(segment=self._home_of(value.host) or UNKNOWN_SEGMENT, signal=value)]
            case SegmentRecord() | HostRecord() if topic == INVENTORY:
                return self._forwarded(value)
            case _:
                raise Misplaced(f"a {type(value).__name__} does not belong on {topic}")

    def wanted(self, topic: str, value: object) -> int:
        """Return the inventory offset that must have been learned before `value` is routed; -1 for none."""
        return value.inventory_offset if topic == REPORTED and isinstance(value, Fault) else -1

    def whole_inventory(self) -> list[Letter]:
        """Return every description for its mailbox, segments first: so the mailbox alone is enough for a replay."""
        everything: Iterable[Description] = (*self._inventory.segments(), *self._inventory.hosts())
        letters = (letter for record in everything for letter in self._forwarded(record))
        return [letter for letter in letters if letter.segment]

    def _home_of(self, name: str) -> str:
        """Return the segment of a host of that name; empty where there is none."""
        host = self._inventory.host_named(name)
        return "" if host is None or self._inventory.segment(host.segment_id) is None else host.segment_id

    def _addressed(self, fault: Fault) -> Letter:
        host = self._inventory.host_named(fault.host)
        if host is None or not self._home_of(fault.host):
            return Letter(segment=UNKNOWN_SEGMENT, signal=fault)
        if fault.host_uuid not in ("", host.host_uuid):  # another host had that name when this was observed
            return Letter(segment=UNKNOWN_SEGMENT, signal=fault)
        return Letter(segment=host.segment_id, signal=replace(fault, host_uuid=host.host_uuid))

    def _forwarded(self, record: Description) -> list[Letter]:
        """A description goes to its segment, and a host's former segments (and names) are told that it is gone."""
        change = Letter(segment=record.segment_id, signal=InventoryChange(record=record))
        if isinstance(record, SegmentRecord):
            return [change]
        former = self._homes.get(record.host_uuid, set()) - {(record.segment_id, record.name)}
        return [*(self._gone(record, home) for home in sorted(former)), change]

    def _gone(self, record: HostRecord, home: Home) -> Letter:
        segment_id, name = home
        gone = replace(record, segment_id=segment_id, name=name, deleted=True)
        return Letter(segment=segment_id, signal=InventoryChange(record=gone))


def _check_subject(subject: Subject | None, topic: str) -> None:
    """Only verdicts speak of a segment as a whole: correlate has no rules for one, and would disarm it for a bug."""
    if subject is not None and subject.kind not in INCIDENT_KINDS:
        raise Misplaced(f"{subject} does not belong on {topic}: no incident is about a {subject.kind}")


def _check_fact_id(fact: Fact) -> None:
    derived = make_fact(fact).fact_id
    if fact.fact_id != derived:
        raise Renamed(f"its fact id is {fact.fact_id}, what it says gives {derived}")
