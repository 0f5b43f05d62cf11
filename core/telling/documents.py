"""What the projector writes into the store of its views, as values: texts, lists by age, records, how far it has read.

They live here because both the API's room and the door to Redis name them; what a text says is known in `api` only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Index(StrEnum):
    """The lists that are read by age."""

    NOTIFICATIONS = "notifications"
    INCIDENTS = "incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record as the projector keeps it until nothing more can be said about what it is about."""

    place: str
    """topic/partition/offset: the same record is kept once."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of the projector writes, all or nothing."""

    texts: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[tuple[Index, str], int] = field(default_factory=dict)
    """Score (a time) by index and member."""
    owned: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Score (a time) by project and member: what is listed to one project alone."""
    busy: Mapping[str, str] = field(default_factory=dict)
    """Host uuid by what keeps it busy; an empty one takes the entry away."""
    out: Mapping[str, str] = field(default_factory=dict)
    """Text by the subject whose recovery keeps a host out of service; an empty one takes the entry away."""
    board: Mapping[str, str] = field(default_factory=dict)
    """Text by the bucket of what is remembered to say how things stand; an empty one takes the entry away."""
    records: Mapping[str, Sequence[Kept]] = field(default_factory=dict)
    """By bucket: added to what is there."""
    progress: Mapping[str, int] = field(default_factory=dict)
    """The offset that comes next, by topic/partition."""
    dirty: frozenset[str] = frozenset()
    """Buckets whose views are to be written anew."""
    clean: frozenset[str] = frozenset()
    """Buckets whose views this round writes."""
    is_current: bool = False
    """Whether everything that there was has been read."""


class NotOwner(Exception):
    """Another projector owns the views now, or they have been dropped: nothing was written."""
