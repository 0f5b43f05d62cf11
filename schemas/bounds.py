"""What every field of every record may hold at most: the one table, asked where bytes become values and back.

What breaks a bound is no value of ours (`Broken`, with the field's name): whoever reads it puts the record aside. On
the way out, texts for people are cut to their bound. Correlate's rows are exempt: nobody else writes them, they repeat
what was bounded before, and one that could not be read again would keep its partition from everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from kasugai.core.words.bounds import HIGHEST, LATEST, LONGEST, LONGEST_PAGE, LONGEST_TEXT, bytes_of, cut
from kasugai.core.words.domains import LONGEST_DOMAIN, LONGEST_KIND
from kasugai.core.words.domains import MOST as MOST_DOMAINS
from kasugai.core.words.verdicts import HOSTS_LIMIT
from kasugai.schemas.shape import Few, Many, Maybe, Named, Plain, Shape, Word, slots_of


class Broken(Exception):
    """A field holds more than it may; the message names it."""


class Unit(StrEnum):
    """What a text's length is counted in."""

    BYTES = "bytes"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Text:
    """The longest text."""

    most: int = LONGEST
    unit: Unit = Unit.CHARACTERS
    is_for_people: bool = False
    """Whether it is cut on the way out; a name that is too long is refused there too."""

    def trouble(self, value: str) -> str:
        """Return what is wrong with a text; empty when nothing is."""
        if 4 * len(value) <= self.most:  # no character takes more than four bytes
            return ""
        length = bytes_of(value) if self.unit is Unit.BYTES else len(value)
        return f"has {length} {self.unit}, at most {self.most} are taken" if length > self.most else ""


@dataclass(frozen=True, slots=True)
class Number:
    """The lowest and the highest number."""

    low: int = 0
    high: int = HIGHEST

    def trouble(self, value: int) -> str:
        """Return what is wrong with a number; empty when nothing is."""
        return "" if self.low <= value <= self.high else f"is {value}, not {self.low} to {self.high}"


Bound = Text | Number

NAME = Text()
KEPT_NAME = Text(unit=Unit.BYTES)
"""A name that rows, verdicts and orders repeat."""
LONG_NAME = Text(4_096)
"""What is put together out of names."""
SAID = Text(LONGEST_TEXT, is_for_people=True)
PAGE = Text(LONGEST_PAGE)
COUNT = Number()
OFFSET = Number(low=-1)
TIME = Number(high=LATEST)
LENGTH_OF_TIME = Number(high=10 * 366 * 86_400_000)

FIELDS: Mapping[str, Bound] = MappingProxyType(
    {
        **dict.fromkeys(("host", "host_uuid", "observer", "boot_id", "episode"), KEPT_NAME),
        **dict.fromkeys(("segment", "segment_id", "reserves", "avoid", "black_holes"), KEPT_NAME),
        **dict.fromkeys(("HostRecord.name", "Verdict.hosts"), KEPT_NAME),
        "Domain.kind": Text(LONGEST_KIND, Unit.BYTES),
        "Domain.name": Text(LONGEST_DOMAIN, Unit.BYTES),
        **dict.fromkeys(("author", "Step.needs", "Step.subject", "StepRecord.subject"), LONG_NAME),
        **dict.fromkeys(("StepRecord.notes", "Step.params"), LONG_NAME),
        **dict.fromkeys(("detail", "Command.reason", "Plan.disabled", "Policy.disable_reason"), SAID),
        "Subject.detail": NAME,
        **dict.fromkeys(("SegmentRecord.description", "HostRecord.control_attributes"), PAGE),
        **dict.fromkeys(("at", "decided_at", "opened_at", "asserted_at", "confirmed_at", "said_at"), TIME),
        **dict.fromkeys(("seen_at", "reset_at"), TIME),
        "sent_at": TIME,
        "every": Number(1, 3_600_000),
        "Lifeline.acknowledged": OFFSET,
        "Beat.guests": Number(-1, 100_000),
        **dict.fromkeys(("observed_at", "created_at", "updated_at", "maintenance_until"), TIME),
        "Silence.until": TIME,
        "Silence.ends": TIME,
        "Silence.reason": SAID,
        **dict.fromkeys(("period", "confirm_after", "unfenced_wait", "local_wait"), LENGTH_OF_TIME),
        **dict.fromkeys(
            ("settle_after_fence", "dump_wait", "restart_window", "process_quiet"), LENGTH_OF_TIME
        ),
        "inventory_offset": OFFSET,
        "Policy.confirm_observers": Number(1, 6),
        "Policy.max_unhealthy": Number(1, 100),
        "Policy.domain_trip": Number(0, 100),
        "Policy.domain_small": Number(0, 10_000),
        "Policy.domain_cap": Number(1, 10_000),
        "Policy.domain_rate": Number(1, 10_000),
        "Policy.attempts": Number(1, 10),
        "Policy.window": Number(1, 500),
        "Policy.restart_budget": Number(1, 16),
        "Policy.degraded_hosts": Number(1, 100),
    }
)
"""By field, or by class and field where fields of one name differ. Every other text is a name, every other number a
count."""

ITEMS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "Policy.exclude_projects",
                "Policy.exclude_names",
                "Policy.exclude_images",
                "Policy.exclude_image_tags",
                "Policy.exclude_flavors",
                "Policy.exclude_tags",
                "Policy.exclude_project_tags",
                "Policy.process_disable",
                "Policy.process_evacuate",
            ),
            256,
        ),
        **dict.fromkeys(
            (
                "Policy.host_before",
                "Policy.host_after",
                "Policy.instance_before",
                "Policy.instance_after",
                "Policy.process_before",
                "Policy.process_after",
            ),
            16,
        ),
        "HostRecord.domains": MOST_DOMAINS,
        "Policy.domain_as_one": MOST_DOMAINS,
        "Verdict.hosts": HOSTS_LIMIT,
        "Beat.links": 8,
        "Lifeline.neighbours": 16,
        "Silence.names": 16,
        "Silence.ends": 16,
        "Beat.disks": 16,
        "Notification.payload": 64,
        "StepRecord.notes": 64,
        "Step.params": 64,
        "evidence": 64,
        "also": 64,
        "black_holes": 1_000,
        "reserves": 1_000,
        "avoid": 1_000,
    }
)
"""How many items a field holds at most; every other one as many as a record has room for."""


def bound_of(cls: type, field: str, leaf: type) -> Bound:
    """Return the bound of a class's field of texts or numbers."""
    found = FIELDS.get(f"{cls.__name__}.{field}") or FIELDS.get(field)
    return found or (NAME if leaf is str else COUNT)


def items_of(cls: type, field: str) -> int | None:
    """Return how many items a class's field holds at most; None for as many as a record has room for."""
    return ITEMS.get(f"{cls.__name__}.{field}", ITEMS.get(field))


Check = Callable[[dict[str, Any]], None]


@cache
def check_of(cls: type) -> Check:
    """Return what looks at the plain fields of a `cls` by their names, and raises `Broken` for the first that holds
    too much. Nested records have a check of their own."""
    where = cls.__name__
    looks = [(slot.name, look) for slot in slots_of(cls) for look in _looks(cls, slot.name, slot.shape)]

    def check(body: dict[str, Any]) -> None:
        for name, look in looks:
            if trouble := look(body[name]):
                raise Broken(f"{where}.{name} {trouble}")

    return check


@cache
def cutting(cls: type) -> Check:
    """Return what cuts a class's texts for people to their bounds, in place."""
    texts = [
        (slot.name, bound.most)
        for slot in slots_of(cls)
        if slot.shape == Plain(str)
        and isinstance(bound := bound_of(cls, slot.name, str), Text)
        and bound.is_for_people
    ]

    def cut_all(body: dict[str, Any]) -> None:
        for name, most in texts:
            body[name] = cut(body[name], most)

    return cut_all


Look = Callable[[Any], str]


def _looks(cls: type, name: str, shape: Shape) -> list[Look]:
    match shape:
        case Plain(leaf) if leaf is not bool:
            return [bound_of(cls, name, leaf).trouble]
        case Word():
            return [NAME.trouble]
        case Maybe(item):
            return [_unless_none(look) for look in _looks(cls, name, item)]
        case Many(item) | Few(item):
            return _counted(cls, name) + [_of_each(look) for look in _looks(cls, name, item)]
        case Named(item):
            looks = [_of_values(look) for look in _looks(cls, name, item)]
            return [*_counted(cls, name), _of_each(NAME.trouble), *looks]
        case _:
            return []


def _counted(cls: type, name: str) -> list[Look]:
    most = items_of(cls, name)
    if most is None:
        return []
    return [lambda items: f"has {len(items)} items, at most {most} are taken" if len(items) > most else ""]


def _unless_none(look: Look) -> Look:
    return lambda value: "" if value is None else look(value)


def _of_each(look: Look) -> Look:
    return lambda items: next((trouble for item in items if (trouble := look(item))), "")


def _of_values(look: Look) -> Look:
    each = _of_each(look)
    return lambda mapping: each(mapping.values())
