"""Route: turns what anybody published into letters for the mailboxes, and drops nothing.

It knows which segment a host belongs to, and strips what a sender may not say. It refuses to know Kafka, Avro and
time: `route_shell` and the simulator both feed exactly this.
"""

from collections.abc import Iterable
from dataclasses import replace

from kasugai.adapters.inventory import Description, Inventory
from kasugai.core.words.facts import Fact
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import (
    LONGEST,
    UNKNOWN_SEGMENT,
    Command,
    Fault,
    InventoryChange,
    Letter,
    Outcome,
    Source,
    Symptom,
)
from kasugai.core.words.subject import INCIDENT_KINDS, Subject
from kasugai.schemas.topics import COMMANDS, FAULTS, INVENTORY, RECOVERY, REPORTED

SOURCES = (INVENTORY, COMMANDS, REPORTED, *FAULTS.values(), RECOVERY)
"""What route reads."""

Home = tuple[str, str]
"""A segment, and the name that a host has or had in it."""


class Misplaced(Exception):
    """A value that is well-formed, but does not belong on the topic that it came on."""


class Overlong(Exception):
    """A fault with a name that nobody could carry any further."""


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

    def letters(self, topic: str, value: object) -> list[Letter]:
        """Return what a record causes, in order; empty for a fact that is no outcome. Misplaced for a stranger
        and for what no incident can be about, Overlong for a fault with an endless name."""
        match value:
            case Fault() if topic == REPORTED or topic in FAULTS.values():
                _check_subject(value.subject, topic)
                _check_names(value)
                return [self._addressed(value if topic == REPORTED else _testimony(value))]
            case Command() if topic == COMMANDS:
                _check_subject(value.subject, topic)
                return [Letter(segment=value.segment or UNKNOWN_SEGMENT, signal=value)]
            case Fact() if topic == RECOVERY:
                if not value.kind.is_outcome:
                    return []
                _check_subject(value.subject, topic)
                return [Letter(segment=value.segment, signal=Outcome(fact=value))]
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
        return [letter for record in everything for letter in self._forwarded(record)]

    def _addressed(self, fault: Fault) -> Letter:
        host = self._inventory.host_named(fault.host)
        if host is None or self._inventory.segment(host.segment_id) is None:
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


def _check_names(fault: Fault) -> None:
    names = {
        "host": fault.host,
        "host_uuid": fault.host_uuid,
        "detail": fault.subject.detail,
        "observer": fault.observer,
        "boot_id": fault.boot_id,
        "episode": fault.episode,
    }
    for field, name in names.items():
        if len(name) > LONGEST:
            raise Overlong(f"{field} has {len(name)} characters, at most {LONGEST} are taken")


def _testimony(fault: Fault) -> Fault:
    """Return what an agent's word counts as: it may bear witness, and neither assert nor prove (architecture.md 3)."""
    symptom = Symptom.DOWN if fault.symptom is Symptom.OFF else fault.symptom
    source = Source.PEER if fault.source in (Source.POWER, Source.REPORTED) else fault.source
    return replace(fault, asserted=False, symptom=symptom, source=source)
