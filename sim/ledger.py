"""The step ledger in memory: what Redis does for the workers, under the simulator's virtual time.

It can be flushed, put back to an older copy and taken away, and it calls a hook before each write, where the
simulator kills a worker. It refuses to know who asks and why: the rules are those of `workers.ports.Ledger`, and
tests/conformance/test_ledger.py holds it to the behaviour of Redis. It keeps everything until it is flushed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from uuid import UUID

from kasugai.core.recovering.doors import (
    NOTHING_READ,
    Folded,
    Lease,
    LeaseLost,
    LedgerAway,
    LedgerUnreadable,
    Offsets,
)
from kasugai.core.recovering.ledger import Entry, Flag, newer
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import PRODUCTION, Millis

BeforeWrite = Callable[[str, Subject], Awaitable[None]]
"""Called with the name of the Ledger's method and the subject when the request has arrived and changed nothing yet."""

ABSURD = 2**52
"""An epoch that nobody has ever had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A lease as the ledger keeps it."""

    owner: str
    until: float
    epoch: int = 0
    writes: int = 1


@dataclass(slots=True, kw_only=True)
class _Kept:
    """All that is kept of one subject."""

    held: _Held | None = None
    epoch: int = 0
    offsets: Offsets = field(default_factory=lambda: NOTHING_READ)
    entries: dict[UUID, Entry] = field(default_factory=dict)
    flags: dict[UUID, Flag] = field(default_factory=dict)
    listed: int | None = None
    """How many entries and flags there should be, by the last fold and what was written since."""
    spoiled: frozenset[str] = frozenset()
    """What nobody can read, by the names of Redis' keys: subject, index, entry, flag."""

    def spoil(self, what: str) -> None:
        """Let it hold what is not ours. A lease is then nobody's."""
        if what == "lease":
            self.held = None
            return
        self.spoiled |= {what}
        self.offsets = NOTHING_READ
        if what == "subject":
            self.epoch, self.listed = 0, None
        if what == "entry":
            self.entries.clear()
        if what == "flag":
            self.flags.clear()

    def lie(self, what: str) -> None:
        """Let it hold what reads well and is not so."""
        if what == "epoch":
            self.epoch = ABSURD
        if what == "entry":
            self.entries = {
                incident: replace(entry, epoch=ABSURD) for incident, entry in self.entries.items()
            }
        if what == "index":
            self.entries, self.flags = {}, {}

    @property
    def folded(self) -> Offsets:
        """How far the fold has come; nothing is said of it where something is gone that was listed."""
        return self.offsets if self.listed == len(self.entries) + len(self.flags) else NOTHING_READ

    def count_in(self, kept: Mapping[UUID, object], incident: UUID) -> None:
        """Count an entry or a flag that is new, where a fold has counted."""
        if self.listed is not None and incident not in kept:
            self.listed += 1

    def require(self, what: str) -> None:
        """Refuse a write that meets what cannot be read."""
        if what in self.spoiled:
            raise LedgerUnreadable(f"the ledger in memory: {what} is not Kasugai's")

    def is_stopped(self, incident: UUID) -> bool:
        """Whether effects of the incident may not begin. LedgerUnreadable when nobody can say."""
        self.require("flag")
        flag = self.flags.get(incident)
        return flag is not None and flag.stop

    def living(self) -> _Held | None:
        """Return the lease unless it has expired."""
        return self.held if self.held is not None and self.held.until > _now() else None

    def copy(self) -> "_Kept":
        """Return a copy that later writes do not reach."""
        other = copy(self)
        other.entries, other.flags = dict(self.entries), dict(self.flags)
        return other


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ledger's content at one moment, leases included."""

    subjects: dict[str, _Kept]


class MemoryLedger:
    """The Ledger port in memory. Its clock is the running event loop's `time()`."""

    def __init__(
        self,
        *,
        ttl: Millis = PRODUCTION.lease,
        latency: float = 0.001,
        before_write: BeforeWrite | None = None,
    ) -> None:
        """Leases live `ttl` milliseconds; a call takes `latency` seconds, half of them before it takes effect."""
        self.before_write = before_write
        self._ttl = ttl / 1000
        self._latency = latency
        self._subjects: dict[str, _Kept] = {}
        self._is_away = False

    def flush(self) -> None:
        """Forget everything, leases included: Redis' FLUSHALL."""
        self._subjects.clear()

    def snapshot(self) -> Snapshot:
        """Return a copy of everything: a replica that hears no more from now on."""
        return Snapshot({name: kept.copy() for name, kept in self._subjects.items()})

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to `snapshot`: a failover to that replica. Its leases end when they would have ended then."""
        self._subjects = {name: kept.copy() for name, kept in snapshot.subjects.items()}

    def spoil(self, subject: Subject, what: str) -> None:
        """Let something that is kept of the subject be what nobody can read: its lease, subject, index, entry or
        flag, by the names of Redis' keys."""
        self._subjects.setdefault(subject.name, _Kept()).spoil(what)

    def lie(self, subject: Subject, what: str) -> None:
        """Let what is kept of the subject read well and be wrong: its `epoch`, or its entries', is far beyond all that
        there were (`epoch`, `entry`), or its `index` names none of its incidents."""
        self._subjects.setdefault(subject.name, _Kept()).lie(what)

    def away(self, is_away: bool) -> None:
        """While `is_away`, every call raises LedgerAway. One whose answer is on its way loses it: the write stands."""
        self._is_away = is_away

    async def acquire(self, subject: Subject, owner: str) -> Lease | None:
        """Return the lease, or None while another owner holds it. LedgerAway."""
        until = _now() + self._ttl
        async with self._write("acquire", subject) as kept:
            held = kept.living()
            if held is not None and (held.owner != owner or held.epoch != 0):
                return None
            writes = held.writes + 1 if held is not None else 1
            kept.held = _Held(owner=owner, until=_now() + self._ttl, writes=writes)
        return Lease(subject=subject, owner=owner, until=until, writes=writes)

    async def renew(self, lease: Lease) -> None:
        """Prolong `lease.until`. LeaseLost, LedgerAway."""
        until = _now() + self._ttl
        async with self._own_write("renew", lease) as kept:
            kept.held = replace(_holding(kept), until=_now() + self._ttl)
        lease.until = max(lease.until, until)

    async def release(self, lease: Lease) -> None:
        """Give the lease back; silent when it is not ours any more. LedgerAway."""
        async with self._write("release", lease.subject) as kept:
            if kept.held is not None and kept.held.owner == lease.owner:
                kept.held = None

    async def release_all(self, former: str) -> int:
        """Give back all leases whose owner's name begins so; return how many. LedgerAway."""
        await self._travel()
        held = [
            kept
            for kept in self._subjects.values()
            if (lease := kept.living()) and lease.owner.startswith(former)
        ]
        for kept in held:
            kept.held = None
        await self._travel()
        return len(held)

    async def load(self, subject: Subject) -> Folded:
        """Return all that is kept of the subject. LedgerAway."""
        async with self._read(subject) as kept:
            folded = Folded(
                epoch=kept.epoch,
                offsets=kept.folded,
                entries={} if "index" in kept.spoiled else dict(kept.entries),
                flags={} if "index" in kept.spoiled else dict(kept.flags),
            )
        return folded

    async def save(self, lease: Lease, folded: Folded, *, doubted: int | None = None) -> None:
        """Replace what is kept of the subject; newer flags stay, an epoch that is not `doubted` never falls. LeaseLost,
        LedgerAway."""
        async with self._own_write("save", lease) as kept:
            kept.epoch = folded.epoch if kept.epoch == doubted else max(kept.epoch, folded.epoch)
            kept.offsets = folded.offsets
            kept.spoiled = frozenset()
            kept.entries = dict(folded.entries)
            for incident, flag in folded.flags.items():
                kept.flags[incident] = newer(kept.flags.get(incident), flag)
            kept.listed = len(kept.entries) + len(kept.flags)

    async def adopt(self, lease: Lease, epoch: int) -> None:
        """Set the lease's and the subject's epoch, upwards only. LeaseLost, LedgerAway."""
        async with self._own_write("adopt", lease) as kept:
            kept.require("subject")
            if kept.epoch >= epoch:
                raise LeaseLost(
                    f"{lease.subject}: epoch {epoch} is not above the subject's epoch {kept.epoch}"
                )
            kept.epoch = epoch
            kept.held = replace(_holding(kept), epoch=epoch)
        lease.epoch = epoch

    async def begin(self, lease: Lease, incident: UUID) -> bool:
        """Return whether an effect may begin. LeaseLost, LedgerAway."""
        async with self._own_write("begin", lease) as kept:
            may_begin = not kept.is_stopped(incident)
        return may_begin

    async def record(self, lease: Lease, entry: Entry, *, effect: bool = False) -> bool:
        """Replace the incident's entry; False under a stop flag with `effect`. LeaseLost, LedgerAway."""
        async with self._own_write("record", lease) as kept:
            kept.require("index")
            may_begin = not (effect and kept.is_stopped(entry.incident))
            if may_begin:
                kept.count_in(kept.entries, entry.incident)
                kept.entries[entry.incident] = entry
        return may_begin

    async def flag(self, subject: Subject, incident: UUID, flag: Flag) -> None:
        """Keep the flag if it is the newer one. LedgerAway."""
        async with self._write("flag", subject) as kept:
            if "index" in kept.spoiled:
                kept.entries, kept.flags = {}, {}
            kept.spoiled -= {"index", "flag"}
            kept.count_in(kept.flags, incident)
            kept.flags[incident] = newer(kept.flags.get(incident), flag)

    async def stopped(self, subject: Subject, incident: UUID) -> Flag | None:
        """Return the incident's flag. LedgerAway."""
        async with self._read(subject) as kept:
            flag = kept.flags.get(incident)
        return flag

    async def is_leased(self, subject: Subject) -> bool:
        """Return whether anybody holds the subject's lease. LedgerAway."""
        async with self._read(subject) as kept:
            leased = kept.living() is not None
        return leased

    async def leased(self, subjects: Sequence[Subject]) -> frozenset[Subject]:
        """Return those of which anybody holds the lease. LedgerAway."""
        await self._travel()
        kept = ((subject, self._subjects.get(subject.name)) for subject in subjects)
        found = frozenset(subject for subject, each in kept if each is not None and each.living() is not None)
        await self._travel()
        return found

    @asynccontextmanager
    async def _read(self, subject: Subject) -> AsyncIterator[_Kept]:
        """Travel to the ledger, let the caller act on the subject's record at one moment, and travel back."""
        await self._travel()
        yield self._subjects.setdefault(subject.name, _Kept())
        await self._travel()

    @asynccontextmanager
    async def _write(self, name: str, subject: Subject) -> AsyncIterator[_Kept]:
        """Likewise for a write: a worker may die before it, and on the way back."""
        await self._travel()
        if self.before_write is not None:
            await self.before_write(name, subject)
        yield self._subjects.setdefault(subject.name, _Kept())
        await self._travel()

    @asynccontextmanager
    async def _own_write(self, name: str, lease: Lease) -> AsyncIterator[_Kept]:
        """Likewise for a write that only the lease's owner may do; it is counted, here and in the lease."""
        async with self._write(name, lease.subject) as kept:
            held = kept.living()
            if held is None or (held.owner, held.epoch) != (lease.owner, lease.epoch):
                raise LeaseLost(f"{lease.subject}: the lease is not {lease.owner}'s with epoch {lease.epoch}")
            if held.writes < lease.writes:
                raise LeaseLost(f"{lease.subject}: the ledger has gone back to an older state")
            kept.held = replace(held, writes=held.writes + 1)
            yield kept
        lease.writes = max(lease.writes, held.writes + 1)

    async def _travel(self) -> None:
        if self._is_away:
            raise LedgerAway("the ledger in memory is away")
        await asyncio.sleep(self._latency / 2)
        if self._is_away:
            raise LedgerAway("the ledger in memory is away")


def _holding(kept: _Kept) -> _Held:
    """Return the lease that the write has just been checked against."""
    assert kept.held is not None
    return kept.held


def _now() -> float:
    return asyncio.get_running_loop().time()
