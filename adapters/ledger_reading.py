"""Reads what Redis keeps of a subject, whatever that is: the ledger is a cache, and what cannot be read is absent.

Where anything is absent that should be there, nothing is said about how far the log has been folded either: the next
fold begins at its beginning, and knows again what was lost. It knows no key and no Redis.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

from kasugai.adapters.ledger_json import NotOurs, load_entry, load_offsets
from kasugai.core.recovering.doors import NOTHING_READ, Folded, Offsets
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.timing import BrokerTime

EXACT = 2**53
"""Lua's numbers are exact up to here, and ours do not go further."""

FOREIGN_TYPE = "of another type than ours"


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read."""

    what: str
    """The kind of its key: lease, subject, index, entry or flag."""
    why: str


@dataclass(slots=True)
class Reading:
    """What was read of one subject, and what was not."""

    unread: list[Unread] = field(default_factory=list)
    gone: bool = False
    """Something is listed that is not there, or the list has another number of members than since the last fold: it
    has expired, or somebody has taken it away."""
    _listed: set[str] = field(default_factory=set)

    def folded(self, incidents: Sequence[UUID], reply: Sequence[Any]) -> Folded:
        """Return the subject's fold from the answer of load.lua."""
        about, *kept = reply
        entries, flags = dict[UUID, Entry](), dict[UUID, Flag]()
        for incident, text, raw in zip(incidents, kept[::2], kept[1::2], strict=True):
            entry, flag = self._entry(incident, text), self.flag(raw)
            self.gone |= text is None and f"e/{incident}" in self._listed
            self.gone |= raw == [None] * 4 and f"f/{incident}" in self._listed
            if entry is not None:
                entries[incident] = entry
            if flag is not None:
                flags[incident] = flag
        epoch, offsets = self._about(about)
        return Folded(
            epoch=epoch,
            offsets=NOTHING_READ if self.unread or self.gone else offsets,
            entries=MappingProxyType(entries),
            flags=MappingProxyType(flags),
        )

    def incidents(self, reply: object, listed: str) -> list[UUID]:
        """Return the subject's incidents from the answer of index.lua, in order."""
        if not isinstance(reply, list):
            self._missed("index", FOREIGN_TYPE)
            return []
        self._listed = set(reply)
        self.gone = _number(listed) != len(self._listed)
        return sorted(set(self._ids(self._listed)))

    def flag(self, raw: Sequence[str | None]) -> Flag | None:
        """Return a flag as the scripts give it."""
        if len(raw) != 4:
            self._missed("flag", FOREIGN_TYPE)
            return None
        said, offset, order, reason = raw
        if raw == [None] * 4:
            return None
        at, place = _number(said), _number(offset)
        if at is None or place is None or order not in ("stop", "go"):
            self._missed("flag", "not written by Kasugai")
            return None
        return Flag(said_at=BrokerTime(at), offset=place, stop=order == "stop", reason=reason or "")

    def _ids(self, members: Iterable[str]) -> Iterator[UUID]:
        for member in members:
            kind, _, name = member.partition("/")
            incident = _incident(name) if kind in ("e", "f") else None
            if incident is None:
                self._missed("index", "a member is no incident's id")
            else:
                yield incident

    def _entry(self, incident: UUID, text: object) -> Entry | None:
        if text is None:
            return None
        if not isinstance(text, str):
            self._missed("entry", FOREIGN_TYPE)
            return None
        try:
            entry = load_entry(text)
        except NotOurs as error:
            self._missed("entry", str(error))
            return None
        if entry.incident != incident:
            self._missed("entry", "another incident's")
            return None
        return entry

    def _about(self, raw: Sequence[str | None]) -> tuple[int, Offsets]:
        """Return the subject's epoch and how far it was folded."""
        if len(raw) != 2:
            self._missed("subject", FOREIGN_TYPE)
            return 0, NOTHING_READ
        epoch, offsets = raw
        number = 0 if epoch is None else _number(epoch)
        if number is None:
            self._missed("subject", "its epoch is no number")
        try:
            return number or 0, NOTHING_READ if offsets is None else load_offsets(offsets)
        except NotOurs as error:
            self._missed("subject", str(error))
            return number or 0, NOTHING_READ

    def _missed(self, what: str, why: str) -> None:
        self.unread.append(Unread(what, why))


def _incident(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    """Return a number as the scripts write it; None for anything else."""
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > 16:
        return None
    return number if (number := int(text)) <= EXACT else None
