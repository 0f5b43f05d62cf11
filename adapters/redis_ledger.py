"""The step ledger and the leases in Redis: each write is one Lua script that checks the lease in the same atomic act.

It refuses to know what an entry means (ledger_json.py turns it into text), what a refusal leads to, and which form the
Redis has (redis_client.py). All keys carry one hash tag and only scripts name more than one key, so that a Cluster
serves as well. Needs Redis 7 or Valkey, and their `maxmemory-policy noeviction`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

from kasugai.adapters.ledger_json import dump_entry, dump_offsets, load_entry, load_offsets
from kasugai.adapters.redis_client import connect
from kasugai.adapters.redis_eviction import require_kept
from kasugai.adapters.redis_scripts import Client, answering, script
from kasugai.adapters.settings.values import RedisSettings
from kasugai.core.recovering.doors import Folded, Lease, LeaseLost
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import PRODUCTION, BrokerTime, Millis

CONNECTIONS = 16
"""At most so many calls of a process at a time; who comes later waits for one to end within the time-out."""

RETENTION: Millis = Millis(35 * 24 * 3600 * 1000)
"""How long the entry of an ended attempt is kept: longer than Kafka keeps its facts."""

REFUSALS: Mapping[str, str] = {
    "lease": "another owner or epoch has the lease, it has expired, or Redis has forgotten it",
    "older": "Redis has gone back to an older state",
    "history": "Redis was started anew or another one has taken over: it may lack the newest writes",
    "epoch": "the subject has seen that epoch or a higher one",
}
"""The scripts' words for no."""


class RedisLedger:
    """The Ledger port on Redis. Every call raises LedgerAway when Redis does not answer in time or takes no writes."""

    def __init__(
        self,
        client: Client,
        *,
        ttl: Millis = PRODUCTION.lease,
        timeout: float = 2.0,
        retention: Millis = RETENTION,
    ) -> None:
        """Leases live `ttl` milliseconds; a call takes at most `timeout` seconds, waiting for a connection included.

        The client decodes responses and does not retry by itself (`connect` makes one).
        """
        self._client = client
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._ttl = ttl
        self._timeout = timeout
        self._retention = retention

    @classmethod
    def connect(cls, redis: RedisSettings, *, ttl: Millis = PRODUCTION.lease, timeout: float = 2.0) -> Self:
        """Connect on first use. BadUrl, a ValueError that repeats nothing of the url, when that cannot be read."""
        return cls(connect(redis, timeout=timeout), ttl=ttl, timeout=timeout)

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
        """Return if the ledger is served and takes a write; LedgerAway says why not, Evicts that it would forget."""
        _, policy = await self._run("check", [_key("check", "")], self._ttl)
        require_kept(policy)

    async def acquire(self, subject: Subject, owner: str) -> Lease | None:
        """Return the lease, or None while another owner holds it."""
        until = self._end_of_lease()
        writes = await self._run("acquire", [_key("lease", subject.name)], owner, self._ttl)
        return Lease(subject=subject, owner=owner, until=until, writes=writes) if writes else None

    async def renew(self, lease: Lease) -> None:
        """Prolong `lease.until`. LeaseLost when it is not ours any more."""
        until = self._end_of_lease()
        await self._run_as_owner("renew", lease, [], self._ttl)
        lease.until = max(lease.until, until)

    async def release(self, lease: Lease) -> None:
        """Give the lease back; silent when it is not ours any more."""
        await self._run("release", [_key("lease", lease.subject.name)], lease.owner)

    async def load(self, subject: Subject) -> Folded:
        """Return all that is kept of the subject. LedgerUnreadable for what a newer Kasugai wrote."""
        async with self._answering():
            known = sorted(await self._client.smembers(_key("index", subject.name)))
            keys = [_key(kind, incident) for incident in known for kind in ("entry", "flag")]
            (epoch, offsets), *kept = await script("load").run(
                self._client, [_key("subject", subject.name), *keys]
            )
        incidents = [UUID(incident) for incident in known]
        return Folded(
            epoch=int(epoch or 0),
            offsets=load_offsets(offsets or "{}"),
            entries={i: load_entry(text) for i, text in zip(incidents, kept[::2], strict=True) if text},
            flags={i: flag for i, raw in zip(incidents, kept[1::2], strict=True) if (flag := _flag(raw))},
        )

    async def save(self, lease: Lease, folded: Folded) -> None:
        """Replace what is kept of the subject; newer flags stay, the epoch never falls. LeaseLost unless ours."""
        index = _key("index", lease.subject.name)
        async with self._answering():
            known = {UUID(incident) for incident in await self._client.smembers(index)}
        keys = [_key("subject", lease.subject.name), index]
        args: list[str | int] = [folded.epoch, dump_offsets(folded.offsets)]
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
        keys = [_key("index", lease.subject.name), _key("entry", incident), _key("flag", incident)]
        args = (str(incident), *self._kept(entry), "effect" if effect else "")
        return await self._run_as_owner("record", lease, keys, *args)

    async def flag(self, subject: Subject, incident: UUID, flag: Flag) -> None:
        """Keep the flag if it was decided later than the one there."""
        keys = [_key("index", subject.name), _key("entry", incident), _key("flag", incident)]
        await self._run("flag", keys, str(incident), *_raised(flag))

    async def stopped(self, subject: Subject, incident: UUID) -> Flag | None:
        """Return the incident's flag."""
        async with self._answering():
            return _flag(
                await self._client.hmget(_key("flag", incident), ["said", "offset", "order", "reason"])
            )

    async def is_leased(self, subject: Subject) -> bool:
        """Return whether anybody holds the subject's lease."""
        async with self._answering():
            return bool(await self._client.exists(_key("lease", subject.name)))

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
        async with answering(self._timeout), self._places:
            yield

    async def _run(self, name: str, keys: list[str], *args: str | int) -> Any:
        async with self._answering():
            return await script(name).run(self._client, keys, *args)

    async def _run_as_owner(self, name: str, lease: Lease, keys: list[str], *args: str | int) -> bool:
        """Run a script that checks the lease first, and return its answer."""
        keys = [_key("lease", lease.subject.name), *keys]
        writes, answer = await self._run(name, keys, lease.owner, lease.epoch, lease.writes, *args)
        if writes == 0:
            raise LeaseLost(
                f"{lease.subject}: {name} refused to {lease.owner}, epoch {lease.epoch}: {REFUSALS[answer]}"
            )
        lease.writes = max(lease.writes, writes)
        return bool(answer)


def _key(kind: str, name: str | UUID) -> str:
    return f"kasugai:{{kasugai}}:{kind}:{name}"


def _raised(flag: Flag | None) -> tuple[str | int, str | int, str, str]:
    """Return a flag as the scripts take it."""
    if flag is None:
        return "", "", "", ""
    return flag.said_at, flag.offset, "stop" if flag.stop else "go", flag.reason


def _flag(raw: Sequence[str | None]) -> Flag | None:
    """Return a flag as the scripts give it."""
    said, offset, order, reason = raw
    if offset is None:
        return None
    return Flag(
        said_at=BrokerTime(int(said or 0)), offset=int(offset), stop=order == "stop", reason=reason or ""
    )
