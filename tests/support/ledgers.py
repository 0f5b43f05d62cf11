"""The two places where a Ledger keeps its records, so that one suite can play in both.

In memory a story runs under virtual time and waits for nothing; on Redis it runs in a database of its own.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import wraps
from typing import Any, Protocol, TypeVar
from uuid import UUID

from redis.asyncio import Redis

from kasugai.adapters.ledger_json import dump_entry, load_entry
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.redis_rights import USERS, acl_line
from kasugai.core.recovering.doors import Folded, Lease
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.sim import loop
from kasugai.sim.ledger import ABSURD, MemoryLedger, Snapshot
from kasugai.workers.ports import Ledger

HOST = host_subject("cmp1")
ONE, TWO = UUID(int=1), UUID(int=2)
STOP = Flag(said_at=BrokerTime(0), offset=5, stop=True, reason="cancelled")
RIGHTS = next(acl_line(replace(u, login="kasugai"), "pw") for u in USERS if u.login == "kasugai-worker")
"""What docs/operators/access.md says of a worker."""
NOTHING = Folded(entries={}, flags={})
CONTENT = Folded(
    epoch=3,
    offsets={"recovery/3": 7, "incidents/3": 8},
    entries={ONE: Entry(incident=ONE)},
    flags={TWO: STOP},
)

KEYS = ("lease", "subject", "index", "entry", "flag")
"""The kinds of the ledger's keys."""
FOREIGN = ("another type", "rubbish", "bytes", "newer")
"""What may stand there that is not ours."""
LIES = ("epoch", "entry", "index")
"""What may read well there and be wrong: the epoch of the subject or of an entry far beyond all others, an index that
names too few."""

S = TypeVar("S")
P = TypeVar("P", bound="Place")
Story = Callable[[], Coroutine[Any, Any, None]]


class Place(Protocol):
    """Where a ledger lives, with what can befall it."""

    @property
    def ledger(self) -> Ledger:
        """The ledger of the story that is being played."""
        ...

    def play(self, story: Story, *, ttl: Millis) -> None:
        """Run the story against an empty ledger whose leases live `ttl` milliseconds."""
        ...

    async def flush(self) -> None:
        """Forget everything."""
        ...

    async def spoil(self, subject: Subject, what: str, how: str) -> None:
        """Write what is not ours (`FOREIGN`) over what is kept of the subject or its incident ONE (`KEYS`)."""
        ...

    async def lie(self, subject: Subject, what: str) -> None:
        """Write what reads well and is wrong (`LIES`) about the subject or its incident ONE."""
        ...

    async def snapshot(self) -> object:
        """Return a copy of everything."""
        ...

    async def restore(self, snapshot: Any) -> None:
        """Go back to the copy; leases end when they would have ended."""
        ...


def story(
    *, ttl: Millis = Millis(10_000)
) -> Callable[[Callable[[S, P], Coroutine[Any, Any, None]]], Callable[[S, P], None]]:
    """Make a test method out of a coroutine `(self, place)`: it is played in its place."""

    def make(told: Callable[[S, P], Coroutine[Any, Any, None]]) -> Callable[[S, P], None]:
        def test(self: S, place: P) -> None:
            place.play(lambda: told(self, place), ttl=ttl)

        test.__doc__ = told.__doc__
        return test

    return make


class InMemory:
    """The simulator's ledger under virtual time."""

    ledger: MemoryLedger

    def play(self, story: Story, *, ttl: Millis) -> None:
        """See Place."""
        self.ledger = MemoryLedger(ttl=ttl)
        loop.run(story())

    async def flush(self) -> None:
        """See Place."""
        self.ledger.flush()

    async def spoil(self, subject: Subject, what: str, how: str) -> None:
        """See Place. Memory has one way of not being read."""
        self.ledger.spoil(subject, what)

    async def lie(self, subject: Subject, what: str) -> None:
        """See Place."""
        self.ledger.lie(subject, what)

    async def snapshot(self) -> Snapshot:
        """See Place."""
        return self.ledger.snapshot()

    async def restore(self, snapshot: Any) -> None:
        """See Place."""
        self.ledger.restore(snapshot)


class OnRedis:
    """A real server's database 9."""

    ledger: RedisLedger
    admin: "Redis"
    """A connection of its own for what an operator or fate does."""

    def __init__(self, server_url: str) -> None:
        """Use the server at `server_url`, given with database 0."""
        self.url = server_url.removesuffix("/0") + "/9"

    def play(self, story: Story, *, ttl: Millis) -> None:
        """See Place."""
        asyncio.run(self._play(story, ttl))

    async def _play(self, story: Story, ttl: Millis) -> None:
        self.ledger = RedisLedger.from_url(self.url, ttl=ttl)
        async with Redis.from_url(self.url) as self.admin:
            await self.admin.flushdb()
            try:
                await story()
            finally:
                await self.ledger.aclose()

    async def flush(self) -> None:
        """See Place."""
        await self.admin.flushdb()

    async def spoil(self, subject: Subject, what: str, how: str) -> None:
        """See Place."""
        name = ONE if what in ("entry", "flag") else subject.name
        await spoil(self.admin, f"kasugai:{{kasugai}}:{what}:{name}", what, how)

    async def lie(self, subject: Subject, what: str) -> None:
        """See Place."""
        await lie(self.admin, subject, ONE, what)

    async def snapshot(self) -> dict[bytes, tuple[int, bytes]]:
        """Return each key's moment of expiry (Redis' clock, milliseconds; -1 = never) and its dump."""
        keys = [key async for key in self.admin.scan_iter()]
        dumps = {key: (await self.admin.pexpiretime(key), await self.admin.dump(key)) for key in keys}
        return {key: (at, dump) for key, (at, dump) in dumps.items() if dump is not None}

    async def restore(self, snapshot: Any) -> None:
        """See Place."""
        await self.admin.flushdb()
        for key, (at, dump) in snapshot.items():
            await self.admin.restore(key, max(at, 0), dump, absttl=at > 0)


TEXTS: dict[str, str | bytes] = {
    "rubbish": "rubbish",
    "bytes": b"\xff\xfe\x80",
    "newer": '{"v":2,"incident":"of the future"}',
}
FIELDS = {"lease": "writes", "subject": "offsets", "flag": "order"}


async def spoil(admin: "Redis", key: str, what: str, how: str) -> None:
    """Write what is not ours to a key of that kind."""
    asked: Any = admin
    if how == "another type":
        await admin.delete(key)
        await (asked.rpush(key, "x") if what == "entry" else admin.set(key, "x"))
    elif what == "entry":
        await admin.set(key, TEXTS[how])
    elif what == "index":
        await asked.sadd(key, TEXTS[how])
    else:
        if what == "lease":
            await admin.delete(key)
        await asked.hset(key, FIELDS[what], TEXTS[how])


async def lie(admin: "Redis", subject: Subject, incident: UUID, what: str) -> None:
    """Write what reads well and is wrong about the subject or its incident."""
    asked: Any = admin
    entry = f"kasugai:{{kasugai}}:entry:{incident}"
    if what == "epoch":
        await asked.hset(f"kasugai:{{kasugai}}:subject:{subject.name}", "epoch", ABSURD)
    elif what == "index":
        await asked.srem(f"kasugai:{{kasugai}}:index:{subject.name}", f"e/{incident}")
    elif text := await admin.get(entry):
        await admin.set(
            entry,
            dump_entry(replace(load_entry(text.decode() if isinstance(text, bytes) else text), epoch=ABSURD)),
        )


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test that is a coroutine function."""

    @wraps(test)
    def run(*args: Any, **fixtures: Any) -> None:
        asyncio.run(test(*args, **fixtures))

    return run


async def own(ledger: RedisLedger, owner: str = "a") -> Lease:
    """Take the lease of HOST."""
    lease = await ledger.acquire(HOST, owner)
    assert lease is not None
    return lease


async def whole_life(ledger: RedisLedger) -> None:
    """Call every method of the port once, and each has its effect."""
    lease = await own(ledger)
    await ledger.renew(lease)
    await ledger.save(lease, CONTENT)
    await ledger.adopt(lease, 4)
    assert await ledger.begin(lease, ONE)
    assert await ledger.record(lease, Entry(incident=ONE, effects=True), effect=True)
    await ledger.flag(HOST, ONE, STOP)
    assert await ledger.stopped(HOST, ONE) == STOP
    assert await ledger.is_leased(HOST)
    flags = {ONE: STOP, TWO: STOP}
    kept = replace(CONTENT, epoch=4, entries={ONE: Entry(incident=ONE, effects=True)}, flags=flags)
    assert await ledger.load(HOST) == kept
    await ledger.release(lease)
    assert not await ledger.is_leased(HOST)


def incident(number: int) -> UUID:
    """Return an incident's id."""
    return UUID(int=number)


def large_entry(guests: int, *, incident: UUID, subject: Subject) -> Entry:
    """Return the entry of an incident whose `guests` have all been moved and started."""
    host = subject.host
    uuids = [str(UUID(int=number << 64 | number)) for number in range(1, guests + 1)]
    down = f"force-down:{host}"
    steps = (
        Step(action=Action.FENCE, subject=host),
        Step(action=Action.FORCE_DOWN, subject=host, needs=(f"fence:{host}",)),
        *(
            Step(action=Action.EVACUATE, subject=u, needs=(down,), name=u[-4:], prior=Prior.ACTIVE)
            for u in uuids
        ),
        *(
            Step(action=Action.RESTORE, subject=u, needs=(f"evacuate:{u}",), prior=Prior.ACTIVE)
            for u in uuids
        ),
    )
    plan = Plan(incident=incident, attempt=1, epoch=1, host=host, window=8, steps=steps)
    records = {
        step.key: StepRecord(
            action=step.action,
            subject=step.subject,
            state=StepState.DONE,
            epoch=1,
            tries=1,
            notes=FrozenMap({"seen_migration": str(number)}),
        )
        for number, step in enumerate(steps)
    }
    return Entry(
        incident=incident,
        subject=subject,
        attempt=1,
        epoch=1,
        plan=plan,
        steps=records,
        effects=True,
        fenced=True,
    )
