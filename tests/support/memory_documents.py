"""The documents in memory."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kasugai.core.telling.documents import Index, Kept, NotOwner, Round


@dataclass(slots=True)
class MemoryDocuments:
    """The port in memory; time does not pass, so that an owner stays until it goes."""

    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[Index, list[tuple[int, str]]] = field(default_factory=dict)
    scores: dict[tuple[Index, str], int] = field(default_factory=dict)
    owned: dict[str, dict[str, int]] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    hosts_out: dict[str, str] = field(default_factory=dict)
    remembered: dict[str, str] = field(default_factory=dict)
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

    def newest_of(self, project: str, after: str | None, limit: int) -> list[str]:
        """Return what is listed to a project, greatest first."""
        found = sorted(((at, name) for name, at in self.owned.get(project, {}).items()), reverse=True)
        names = [name for _, name in found]
        if after is not None and after not in names:
            return []
        start = 0 if after is None else names.index(after) + 1
        return names[start : start + limit]

    def is_of(self, project: str, member: str) -> bool:
        """Return whether it is listed to the project."""
        return member in self.owned.get(project, {})

    def busy(self) -> frozenset[str]:
        """Return the busy hosts."""
        return frozenset(self.hosts.values())

    def out(self) -> list[str]:
        """Return the texts about the hosts that are out."""
        return list(self.hosts_out.values())

    def board(self) -> dict[str, str]:
        """Return what is remembered."""
        return dict(self.remembered)

    def board_of(self, buckets: Sequence[str]) -> dict[str, str]:
        """Return what is remembered of these."""
        return {bucket: self.remembered[bucket] for bucket in buckets if bucket in self.remembered}

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
        for kept in (
            self.texts,
            self.lists,
            self.scores,
            self.owned,
            self.hosts,
            self.hosts_out,
            self.remembered,
        ):
            kept.clear()
        self.buckets.clear()
        self.offsets.clear()
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
        for (project, member), score in written.owned.items():
            self.owned.setdefault(project, {})[member] = score
        self.hosts = _kept({**self.hosts, **written.busy})
        self.hosts_out = _kept({**self.hosts_out, **written.out})
        self.remembered = _kept({**self.remembered, **written.board})


def _kept(hosts: dict[str, str]) -> dict[str, str]:
    return {name: host for name, host in hosts.items() if host}
