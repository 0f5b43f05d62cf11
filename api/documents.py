"""Where the views are kept: texts by name, two indexes, records by bucket; the port, and the same in memory.

It knows no view. One projector owns the documents at a time and writes each round as a whole; anybody reads.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kasugai.core.telling.documents import Index, Kept, NotOwner, Round


class Documents(Protocol):
    """The port. Every call raises LedgerAway when the store does not answer."""

    def get(self, name: str) -> str | None:
        """Return a text."""
        ...

    def many(self, names: Sequence[str]) -> list[str | None]:
        """Return texts in the order of their names."""
        ...

    def newest(self, index: Index, after: str | None, limit: int) -> list[str]:
        """Return members by score and name, greatest first, those after `after`."""
        ...

    def has(self, index: Index, member: str) -> bool:
        """Return whether it is listed."""
        ...

    def busy(self) -> frozenset[str]:
        """Return the host uuids of all `busy` entries."""
        ...

    def is_current(self) -> bool:
        """Return whether an owner was current within the last minute, and nothing has gone that it had written."""
        ...

    def add(
        self, texts: Mapping[str, str], index: Index, member: str, score: int, busy: tuple[str, str]
    ) -> None:
        """Write what nobody has written yet; nothing when the first of the texts is there."""
        ...

    def own(self, owner: str) -> bool:
        """Become the owner for ten seconds, or stay it; False while another one is."""
        ...

    def renew(self, owner: str) -> bool:
        """Stay the owner for ten seconds more; False when it is another one's, or the views have been dropped."""
        ...

    def disown(self, owner: str) -> None:
        """Let another one be the owner; silent when one is already."""
        ...

    def progress(self) -> dict[str, int]:
        """Return the offset that comes next, by topic/partition."""
        ...

    def dirty(self) -> frozenset[str]:
        """Return the buckets whose views are still to be written."""
        ...

    def records(self, bucket: str) -> list[Kept]:
        """Return what is kept in a bucket, in any order."""
        ...

    def write(self, owner: str, written: Round) -> None:
        """Write a round; NotOwner unless `owner` owns the views."""
        ...

    def distrust(self) -> None:
        """Say that a view is missing that is listed: nobody is current, and whoever owns the views begins again."""
        ...

    def drop(self) -> None:
        """Forget everything: whoever owns the views begins again."""
        ...


@dataclass(slots=True)
class MemoryDocuments:
    """The port in memory; time does not pass, so that an owner stays until it goes."""

    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[Index, list[tuple[int, str]]] = field(default_factory=dict)
    scores: dict[tuple[Index, str], int] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    unwritten: set[str] = field(default_factory=set)
    owner: str = ""
    current: bool = False

    def get(self, name: str) -> str | None:
        """Return a text."""
        return self.texts.get(name)

    def many(self, names: Sequence[str]) -> list[str | None]:
        """Return texts."""
        return [self.texts.get(name) for name in names]

    def newest(self, index: Index, after: str | None, limit: int) -> list[str]:
        """Return members, greatest first."""
        members = self.lists.get(index, [])
        end = len(members) if after is None else bisect_left(members, (self.scores[index, after], after))
        return [member for _, member in reversed(members[max(0, end - limit) : end])]

    def has(self, index: Index, member: str) -> bool:
        """Return whether it is listed."""
        return (index, member) in self.scores

    def busy(self) -> frozenset[str]:
        """Return the busy hosts."""
        return frozenset(self.hosts.values())

    def is_current(self) -> bool:
        """Return what the last round said."""
        return self.current

    def add(
        self, texts: Mapping[str, str], index: Index, member: str, score: int, busy: tuple[str, str]
    ) -> None:
        """Write what nobody has written yet."""
        if next(iter(texts)) not in self.texts:
            self._take(Round(texts=texts, listed={(index, member): score}, busy=dict([busy])))

    def own(self, owner: str) -> bool:
        """Become or stay the owner."""
        self.owner = self.owner or owner
        return self.owner == owner

    def renew(self, owner: str) -> bool:
        """Stay the owner."""
        return self.owner == owner

    def disown(self, owner: str) -> None:
        """Let another one be the owner."""
        self.owner = "" if self.owner == owner else self.owner

    def progress(self) -> dict[str, int]:
        """Return what has been read."""
        return dict(self.offsets)

    def dirty(self) -> frozenset[str]:
        """Return what is still to be written."""
        return frozenset(self.unwritten)

    def records(self, bucket: str) -> list[Kept]:
        """Return a bucket."""
        return [Kept(place=place, body=body) for place, body in self.buckets.get(bucket, {}).items()]

    def write(self, owner: str, written: Round) -> None:
        """Write a round."""
        if self.owner != owner:
            raise NotOwner
        self._take(written)
        for bucket, kept in written.records.items():
            self.buckets.setdefault(bucket, {}).update({each.place: each.body for each in kept})
        self.offsets.update(written.progress)
        self.unwritten = (self.unwritten | written.dirty) - written.clean
        self.current = self.current or written.is_current

    def distrust(self) -> None:
        """Begin again, with what is here."""
        self.offsets.clear()
        self.owner, self.current = "", False

    def drop(self) -> None:
        """Forget everything."""
        for kept in (self.texts, self.lists, self.scores, self.hosts, self.buckets, self.offsets):
            kept.clear()
        self.unwritten.clear()
        self.owner, self.current = "", False

    def _take(self, written: Round) -> None:
        self.texts.update(written.texts)
        for (index, member), score in written.listed.items():
            members = self.lists.setdefault(index, [])
            if (index, member) in self.scores:
                members.remove((self.scores[index, member], member))
            self.scores[index, member] = score
            insort(members, (score, member))
        self.hosts.update(written.busy)
        for name in [name for name, host in self.hosts.items() if not host]:
            del self.hosts[name]
