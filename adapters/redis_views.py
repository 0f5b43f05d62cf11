"""The store of the API's views in Redis: texts by name, lists by age, records by bucket, and who owns them.

It knows no view. A round is one MULTI that stands on a WATCH of the owner's key, so that a projector which has lost its
place, or whose views were dropped, writes nothing. Every call raises LedgerAway when Redis does not answer.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Self

from redis import Redis, exceptions
from redis.exceptions import WatchError

from kasugai.adapters.redis_blocking import connect_blocking
from kasugai.adapters.redis_projects import ProjectLists
from kasugai.adapters.redis_round import HASHES, KEPT, PREFIX, key, write
from kasugai.adapters.redis_scripts import answering_now
from kasugai.adapters.settings.values import RedisSettings
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.telling.documents import Index, Kept, NotOwner, Round

OWNED: Final = 10_000
"""Milliseconds that an owner stays without saying so again."""


WRONG_TYPE: Final = "WRONGTYPE"
"""How Redis says that a key is of another type, also inside a script or a transaction."""

LOG = logging.getLogger(__name__)

MINE = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call(ARGV[2], KEYS[1], ARGV[3]) end return 0"
)

OWN = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
local twice, left = 2 * ARGV[2], redis.call('PTTL', KEYS[1])
if left < 0 or left > twice then redis.call('PEXPIRE', KEYS[1], twice) end
return 0
"""
"""An owner that would never end ends after twice its time, as a lease does."""

ADD = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) == false then return 0 end
for n = 4, #KEYS do redis.call('SET', KEYS[n], ARGV[n + 3], 'NX', 'EX', ARGV[2]) end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[3], ARGV[5], ARGV[6]) end
return 1
"""


class RedisViews:
    """The `Documents` port of the api room; used from any thread."""

    def __init__(self, client: Redis) -> None:
        """The client does not decode and does not retry by itself (`connect` makes one)."""
        self._client = client
        self._owned = ProjectLists(client, PREFIX)

    @classmethod
    def connect(cls, redis: RedisSettings, *, timeout: float = 2.0, connections: int = 64) -> Self:
        """Connect on first use."""
        return cls(connect_blocking(redis, timeout=timeout, connections=connections, decode=False))

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Connect to a Redis that needs no more than its url; see `connect`."""
        return cls.connect(RedisSettings(url=url))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, name: str) -> str | None:
        """Return a text."""
        with self._answering():
            return _text(self._client.get(key(name)))

    def many(self, names: Sequence[str]) -> list[str | None]:
        """Return texts in the order of their names."""
        with self._answering():
            found: Any = self._client.mget([key(name) for name in names]) if names else []
            return [_text(each) for each in found]

    def newest(self, index: Index, after: str | None, limit: int) -> list[str]:
        """Return members by score and name, greatest first, those after `after` (none when it is not listed)."""
        with self._answering():
            first: Any = -1 if after is None else self._client.zrevrank(key(index), after)
            if first is None:
                return []
            found: Any = self._client.zrevrange(key(index), first + 1, first + limit)
            return [member.decode() for member in found]

    def has(self, index: Index, member: str) -> bool:
        """Return whether it is listed."""
        with self._answering():
            return self._client.zscore(key(index), member) is not None

    def newest_of(self, project: str, after: str | None, limit: int) -> list[str]:
        """Return what is listed to a project, by score and name, greatest first, those after `after` (none when that is
        not listed to it); LedgerAway when its list has been lost."""
        with self._answering():
            found = self._owned.newest(project, after, limit)
            is_lost = not found and self._owned.is_lost(project)
        if is_lost:
            self.distrust()
            raise LedgerAway("a project's list is lost: the views are computed anew (does Redis evict?)")
        return found

    def is_of(self, project: str, member: str) -> bool:
        """Return whether it is listed to the project."""
        with self._answering():
            return self._owned.has(project, member)

    def busy(self) -> frozenset[str]:
        """Return the host uuids of all `busy` entries."""
        with self._answering():
            found: Any = self._client.hvals(key("busy"))
            return frozenset(host.decode() for host in found if host)

    def out(self) -> list[str]:
        """Return the texts of all `out` entries, in any order."""
        with self._answering():
            found: Any = self._client.hvals(key("out"))
            return [text.decode() for text in found if text]

    def board(self) -> dict[str, str]:
        """Return the texts of all `board` entries, by bucket."""
        with self._answering():
            found: Any = self._client.hgetall(key("board"))
            return {bucket.decode(): text.decode() for bucket, text in found.items() if text}

    def board_of(self, buckets: Sequence[str]) -> dict[str, str]:
        """Return the texts of these `board` entries, of those that are there."""
        with self._answering():
            found: Any = self._client.hmget(key("board"), list(buckets)) if buckets else []
            return {bucket: text.decode() for bucket, text in zip(buckets, found, strict=True) if text}

    def is_current(self) -> bool:
        """Return whether an owner was current within the last minute, and nothing has gone that it had written."""
        with self._answering():
            return bool(self._client.exists(key("current"))) and self._is_whole(self._client)

    def add(
        self, texts: Mapping[str, str], index: Index, member: str, score: int, busy: tuple[str, str]
    ) -> None:
        """Write what nobody has written yet; nothing when the first of the texts is there."""
        (name, text), *more = texts.items()
        keys = [key(name), key(index), key("busy"), *(key(other) for other, _ in more)]
        args: list[str | int] = [text, KEPT, score, member, *busy, *(other for _, other in more)]
        with self._answering():
            self._client.eval(ADD, len(keys), *keys, *args)

    def own(self, owner: str) -> bool:
        """Become the owner for ten seconds, or stay it; False while another one is."""
        with self._answering():
            return bool(self._client.eval(OWN, 1, key("owner"), owner, str(OWNED)))

    def renew(self, owner: str) -> bool:
        """Stay the owner for ten seconds more; False when it is another one's, or the views have been dropped."""
        with self._answering():
            return bool(self._client.eval(MINE, 1, key("owner"), owner, "PEXPIRE", str(OWNED)))

    def disown(self, owner: str) -> None:
        """Let another one be the owner; silent when one is already."""
        with self._answering():
            self._client.eval(MINE, 1, key("owner"), owner, "PEXPIRE", "0")

    def progress(self) -> dict[str, int]:
        """Return the offset that comes next, by topic/partition."""
        with self._answering():
            found: Any = self._client.hgetall(key("progress"))
            return {place.decode(): int(offset) for place, offset in found.items()}

    def dirty(self) -> frozenset[str]:
        """Return the buckets whose views are still to be written."""
        with self._answering():
            found: Any = self._client.smembers(key("dirty"))
            return frozenset(bucket.decode() for bucket in found)

    def records(self, bucket: str) -> list[Kept]:
        """Return what is kept in a bucket, in any order."""
        with self._answering():
            found: Any = self._client.hgetall(key(f"records/{bucket}"))
            return [Kept(place=place.decode(), body=body) for place, body in found.items()]

    def write(self, owner: str, written: Round) -> None:
        """Write a round; NotOwner unless `owner` owns the views."""
        with self._answering(), self._client.pipeline(transaction=True) as pipe:
            pipe.watch(key("owner"))  # type: ignore[no-untyped-call]
            if pipe.get(key("owner")) != owner.encode():
                raise NotOwner("another projector owns the views, or they have been dropped")
            if written.is_current and not self._is_whole(pipe):
                self.drop()
                raise NotOwner("a part of the views is missing (does Redis evict?): they are computed anew")
            parts = self._parts(pipe, written) if written.is_current else ()
            pipe.multi()
            write(pipe, written)
            self._owned.add(pipe, written.owned)
            if parts:
                pipe.delete(key("parts"))
                pipe.sadd(key("parts"), *parts)
            try:
                pipe.execute()
            except WatchError:
                raise NotOwner("the views changed hands in mid-write") from None

    def trim(self, before: int) -> None:
        """Take what is older than `before` (milliseconds) off the lists; its texts end by themselves."""
        with self._answering():
            for index in Index:
                self._client.zremrangebyscore(key(index), "-inf", before)
                if not self._client.exists(key(index)):
                    self._client.srem(key("parts"), index)
            self._owned.trim(before)

    def distrust(self) -> None:
        """Say that a view is missing that is listed: nobody is current, and whoever owns the views begins again."""
        with answering_now():
            self._client.delete(key("owner"), key("current"), key("progress"))

    def drop(self) -> None:
        """Forget everything: whoever owns the views begins again."""
        with answering_now():
            self._client.delete(key("owner"), key("current"), key("progress"), key("parts"))
            for found in self._client.scan_iter(match=f"{PREFIX}*", count=1000):
                self._client.unlink(found)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Say what Redis' errors mean. Views are a cache: where something else stands, all of them are dropped, for its
        owner to compute anew."""
        try:
            with answering_now():
                yield
        except (exceptions.ResponseError, ValueError) as error:
            if isinstance(error, exceptions.ResponseError) and WRONG_TYPE not in str(error):
                raise
            LOG.error("Redis holds what is no view of ours: all are computed anew (%s)", type(error).__name__)  # noqa: TRY400 - it may quote anything
            self.drop()
            raise LedgerAway(
                "Redis held what is no view of Kasugai's: the views are computed anew; see who writes there"
            ) from None

    @staticmethod
    def _is_whole(client: Redis) -> bool:
        """Whether every list is there that was, when all had been read; a Kasugai that knew fewer of them has not
        computed all."""
        parts: Any = client.smembers(key("parts"))
        keys = {key(part) for part in (*HASHES, *(part.decode() for part in parts))}
        return not parts or int(client.exists(*keys)) == len(keys)

    @staticmethod
    def _parts(client: Redis, written: Round) -> list[str]:
        """Return the lists that there are when the round is written: those of hosts always are."""
        listed = {index for index, _ in written.listed}
        return [*HASHES, *(index for index in Index if index in listed or client.exists(key(index)))]


def _text(raw: object) -> str | None:
    return raw.decode() if isinstance(raw, bytes) else None
