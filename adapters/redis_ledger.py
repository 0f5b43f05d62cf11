"""The step ledger and the leases in Redis: each write is one Lua script that checks the lease in the same atomic act.

It refuses to know what an entry means (ledger_json.py turns it into text), what a refusal leads to, and which form the
Redis has (redis_client.py). Keys may hold anything, by whoever's hand: what is not ours counts as absent and is told
(ledger_reading.py). All keys carry one hash tag and only scripts name more than one key, so that a Cluster serves as
well. Needs Redis 7 or Valkey, and their `maxmemory-policy noeviction`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

from redis.exceptions import RedisError

from kasugai.adapters.ledger_json import dump_entry, dump_offsets
from kasugai.adapters.ledger_reading import Reading, Unread
from kasugai.adapters.redis_client import connect
from kasugai.adapters.redis_keeping import ASK, require_kept
from kasugai.adapters.redis_scripts import Client, answering, script
from kasugai.adapters.redis_url import Form, parse
from kasugai.adapters.settings.values import RedisSettings
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.telemetry.worker_metrics import UNREADABLE
from kasugai.core.recovering.doors import Folded, Lease, LeaseLost, LedgerUnreadable
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import PRODUCTION, Millis

CONNECTIONS = 16
"""At most so many calls of a process at a time; who comes later waits for one to end within the time-out."""

SCANNED = 1_000
"""Keys that one step of going through many of them looks at."""

RETENTION: Millis = Millis(35 * 24 * 3600 * 1000)
"""How long the entry of an ended attempt is kept: longer than Kafka keeps its facts."""

MISSHAPEN = "unreadable"
"""The scripts' word for what they cannot read."""

FOUND: Mapping[str, str] = {
    MISSHAPEN: "it is no lease, or nobody's",
    "endless": "it would not have ended within twice its time, and does now",
}
"""What acquire.lua finds wrong with a lease."""

LOG = logging.getLogger(__name__)

REFUSALS: Mapping[str, str] = {
    "lease": "another owner or epoch has the lease, it has expired, or Redis has forgotten it",
    "older": "Redis has gone back to an older state",
    "history": "Redis was started anew or another one has taken over: it may lack the newest writes",
    "epoch": "the subject has seen that epoch or a higher one",
}
"""The scripts' words for no."""


class RedisLedger:
    """The Ledger port on Redis. Every call raises LedgerAway when Redis does not answer in time or takes no writes, and
    LedgerUnreadable when it refuses for a reason that neither it nor we know."""

    def __init__(
        self,
        client: Client,
        *,
        ttl: Millis = PRODUCTION.lease,
        timeout: float = 2.0,
        retention: Millis = RETENTION,
        form: Form = Form.SERVER,
    ) -> None:
        """Leases live `ttl` milliseconds; a call takes at most `timeout` seconds, waiting for a connection included.

        The client decodes responses and does not retry by itself (`connect` makes one).
        """
        self._client = client
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._ttl = ttl
        self._timeout = timeout
        self._retention = retention
        self._form = form

    @classmethod
    def connect(cls, redis: RedisSettings, *, ttl: Millis = PRODUCTION.lease, timeout: float = 2.0) -> Self:
        """Connect on first use. BadUrl, a ValueError that repeats nothing of the url, when that cannot be read."""
        form = parse(redis.url).form
        return cls(connect(redis, timeout=timeout), ttl=ttl, timeout=timeout, form=form)

    @classmethod
    def from_url(cls, url: str, *, ttl: Millis = PRODUCTION.lease, timeout: float = 2.0) -> Self:
        """Connect to a Redis that needs no more than its url; see `connect`."""
        return cls.connect(RedisSettings(url=url), ttl=ttl, timeout=timeout)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        """Close the connections at the end of the block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """See `aclose`."""
        await self.aclose()

    async def check(self) -> None:
        """Return if the ledger is served and takes a write; LedgerAway says why not, Forgets that it would forget."""
        await self._run("check", [_key("check", "")], self._ttl)
        async with self._answering():
            told = await self._client.eval(ASK, 1, _key("check", ""))
        require_kept(told, self._form)

    async def acquire(self, subject: Subject, owner: str) -> Lease | None:
        """Return the lease, or None while another owner holds it."""
        until = self._end_of_lease()
        writes, found = await self._run("acquire", [_key("lease", subject.name)], owner, self._ttl)
        if found:
            _alert(subject, [Unread("lease", FOUND[found])])
        return Lease(subject=subject, owner=owner, until=until, writes=writes) if writes else None

    async def renew(self, lease: Lease) -> None:
        """Prolong `lease.until`. LeaseLost when it is not ours any more."""
        until = self._end_of_lease()
        await self._run_as_owner("renew", lease, [], self._ttl)
        lease.until = max(lease.until, until)

    async def release(self, lease: Lease) -> None:
        """Give the lease back; silent when it is not ours any more."""
        await self._run("release", [_key("lease", lease.subject.name)], lease.owner)

    async def release_all(self, former: str) -> int:
        """Give back all leases whose owner's name begins so; return how many. Goes through all keys of the database."""
        async with self._answering():
            keys = [key async for key in self._client.scan_iter(match=_key("lease", "*"), count=SCANNED)]
        found = 0
        for key in keys:
            owner = await self._run("leased", [key])
            if owner.startswith(former):
                found += await self._run("release", [key], owner)
        return found

    async def load(self, subject: Subject) -> Folded:
        """Return all that is kept of the subject and can be read."""
        reading = Reading()
        async with self._answering():
            incidents = reading.incidents(*await self._index(subject))
            keys = [_key(kind, incident) for incident in incidents for kind in ("entry", "flag")]
            reply = await script("load").run(self._client, [_key("subject", subject.name), *keys])
        folded = reading.folded(incidents, reply)
        _alert(subject, reading.unread)
        return folded

    async def save(self, lease: Lease, folded: Folded, *, doubted: int | None = None) -> None:
        """Replace what is kept of the subject; newer flags stay, an epoch that is not `doubted` never falls. LeaseLost
        unless ours."""
        async with self._answering():
            known = set(Reading().incidents(*await self._index(lease.subject)))
        keys = [_key("subject", lease.subject.name), _key("index", lease.subject.name)]
        doubt = "" if doubted is None else doubted
        args: list[str | int] = [folded.epoch, doubt, dump_offsets(folded.offsets)]
        for incident in sorted(known | folded.entries.keys() | folded.flags.keys()):
            keys += [_key("entry", incident), _key("flag", incident)]
            args += [str(incident), *self._kept(folded.entries.get(incident))]
            args += _raised(folded.flags.get(incident))
        await self._run_as_owner("save", lease, keys, *args)

    async def adopt(self, lease: Lease, epoch: int) -> None:
        """Set the lease's and the subject's epoch. LeaseLost unless ours and the subject's epoch is lower."""
        await self._run_as_owner("adopt", lease, [_key("subject", lease.subject.name)], epoch)
        lease.epoch = epoch

    async def begin(self, lease: Lease, incident: UUID) -> bool:
        """Return whether an effect may begin: False under a stop flag. LeaseLost unless ours."""
        return await self._run_as_owner("begin", lease, [_key("flag", incident)])

    async def record(self, lease: Lease, entry: Entry, *, effect: bool = False) -> bool:
        """Replace the incident's entry; with `effect`, False and no change under a stop flag. LeaseLost unless ours."""
        incident = entry.incident
        keys = [*_keys(lease.subject, incident), _key("subject", lease.subject.name)]
        args = (str(incident), *self._kept(entry), "effect" if effect else "")
        return await self._run_as_owner("record", lease, keys, *args)

    async def flag(self, subject: Subject, incident: UUID, flag: Flag) -> None:
        """Keep the flag if it was decided later than the one there."""
        keys = [*_keys(subject, incident), _key("subject", subject.name)]
        if await self._run("flag", keys, str(incident), *_raised(flag)):
            _alert(subject, [Unread("index", "it was made anew for a flag")])

    async def stopped(self, subject: Subject, incident: UUID) -> Flag | None:
        """Return the incident's flag."""
        reading = Reading()
        flag = reading.flag(await self._run("flagged", [_key("flag", incident)]))
        _alert(subject, reading.unread)
        return flag

    async def is_leased(self, subject: Subject) -> bool:
        """Return whether anybody holds the subject's lease."""
        return bool(await self._run("leased", [_key("lease", subject.name)]))

    async def leased(self, subjects: Sequence[Subject]) -> frozenset[Subject]:
        """Return those of which anybody holds the lease, asked for in parts: a Redis does nothing else meanwhile."""
        found: set[Subject] = set()
        for start in range(0, len(subjects), SCANNED):
            part = subjects[start : start + SCANNED]
            held = await self._run("leases", [_key("lease", subject.name) for subject in part])
            found |= {subject for subject, is_held in zip(part, held, strict=True) if is_held}
        return frozenset(found)

    async def _index(self, subject: Subject) -> tuple[object, str]:
        """Return the index and how many members it should have."""
        keys = [_key("index", subject.name), _key("subject", subject.name)]
        members, listed = await script("index").run(self._client, keys)
        return members, listed

    def _end_of_lease(self) -> float:
        """When a lease asked for now will end at the earliest, in seconds of the event loop."""
        return asyncio.get_running_loop().time() + self._ttl / 1000

    def _kept(self, entry: Entry | None) -> tuple[str, int]:
        """Return an entry's text and how long it lives (0: for good)."""
        if entry is None:
            return "", 0
        return dump_entry(entry), 0 if entry.result is None else self._retention

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Give what is done inside a place and the time-out, waiting for the place included."""
        try:
            async with answering(self._timeout), self._places:
                yield
        except RedisError as error:
            raise LedgerUnreadable(f"Redis refuses for an unknown reason: {type(error).__name__}") from error

    async def _run(self, name: str, keys: list[str], *args: str | int) -> Any:
        async with self._answering():
            return await script(name).run(self._client, keys, *args)

    async def _run_as_owner(self, name: str, lease: Lease, keys: list[str], *args: str | int) -> bool:
        """Run a script that checks the lease first, and return its answer."""
        keys = [_key("lease", lease.subject.name), *keys]
        writes, answer = await self._run(name, keys, lease.owner, lease.epoch, lease.writes, *args)
        if answer == MISSHAPEN:
            raise LedgerUnreadable(f"{lease.subject}: {name} met what is not Kasugai's")
        if writes == 0:
            raise LeaseLost(
                f"{lease.subject}: {name} refused to {lease.owner}, epoch {lease.epoch}: {REFUSALS[answer]}"
            )
        lease.writes = max(lease.writes, writes)
        return bool(answer)


def _key(kind: str, name: str | UUID) -> str:
    return f"kasugai:{{kasugai}}:{kind}:{name}"


def _keys(subject: Subject, incident: UUID) -> list[str]:
    """Return where an incident's entry and flag are listed, and where they are."""
    return [_key("index", subject.name), _key("entry", incident), _key("flag", incident)]


def _raised(flag: Flag | None) -> tuple[str | int, str | int, str, str]:
    """Return a flag as the scripts take it."""
    if flag is None:
        return "", "", "", ""
    return flag.said_at, flag.offset, "stop" if flag.stop else "go", flag.reason


def _alert(subject: Subject, unread: Iterable[Unread]) -> None:
    """Tell what cannot be read: it counts as absent, and the subject's next fold writes it anew."""
    for each in unread:
        count(UNREADABLE, what=each.what)
        LOG.error(
            "the ledger's %s of %s cannot be read and counts as absent: %s", each.what, subject, each.why
        )
