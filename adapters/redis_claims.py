"""Which notifications stand: one key per occurrence, taken by the first to claim it and given back when it is over.

A claim is pending (it expires) until Kafka has the notification: a process that dies between the two blocks nobody, and
a second one is told "already here" only when the first one surely is. The API takes and confirms claims, the projector
releases them and puts them back after a loss. Every call raises LedgerAway when Redis does not answer.
"""

import time
from collections.abc import Sequence
from typing import Any, Final, Self

from redis import Redis, exceptions

from kasugai.adapters.redis_blocking import connect_blocking
from kasugai.adapters.redis_keeping import ASK, Forgets, require_kept
from kasugai.adapters.redis_scripts import LACKS_A_RIGHT, answering_now
from kasugai.adapters.redis_url import Form, parse
from kasugai.adapters.settings.values import RedisSettings
from kasugai.adapters.together import Together
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.words.timing import Millis

PREFIX: Final = "{kasugai}:claim:"

PENDING: Millis = Millis(15_000)
"""How long a claim lives that nobody confirms: longer than the API waits for Kafka."""

LASTING: Millis = Millis(35 * 24 * 3_600_000)
"""How long a claim lives of which nothing more is heard: as long as the projector keeps the records by which it would
release it (redis_round.KEPT). The like of what stands for longer is accepted once more, as one more report of it."""

PATIENCE = 1.0
"""Seconds that a second one waits to hear whether the first one has been published."""

PAUSE = 0.01

MARK = "?"
"""Before the uuid of a claim that is pending: Kafka may not have the notification."""

TAKE = """
local found = {}
for place, key in ipairs(KEYS) do
  found[place] = redis.pcall('SET', key, ARGV[place], 'NX', 'GET', 'PX', ARGV[#ARGV])
  if type(found[place]) == 'table' then
    if not string.find(found[place].err, 'WRONGTYPE') then return found[place] end
    redis.call('SET', key, ARGV[place], 'PX', ARGV[#ARGV])
    found[place] = false
  end
end
return found
"""
"""What is no claim is nobody's, and in nobody else's way: many ask at once."""
CONFIRM = """
if redis.pcall('GET', KEYS[1]) ~= '?' .. ARGV[1] then return 0 end
return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
"""
HOLD = """
local there = redis.pcall('GET', KEYS[1])
if not there or there == '?' .. ARGV[1] or there == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 0
"""
RELEASE = """
local there = redis.pcall('GET', KEYS[1])
if there == ARGV[1] or there == '?' .. ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Undecided(LedgerAway):
    """Somebody else has the claim, and nobody knows yet whether Kafka has that notification."""


class RedisClaims:
    """The claims in Redis; used from any thread."""

    def __init__(self, client: Redis, form: Form = Form.SERVER) -> None:
        """The client decodes responses and does not retry by itself (`connect` makes one)."""
        self._client = client
        self._form = form
        self._together = Together(self._set_all)

    @classmethod
    def connect(cls, redis: RedisSettings, *, timeout: float = 2.0, connections: int = 64) -> Self:
        """Connect on first use."""
        client = connect_blocking(redis, timeout=timeout, connections=connections, decode=True)
        return cls(client, parse(redis.url).form)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Connect to a Redis that needs no more than its url; see `connect`."""
        return cls.connect(RedisSettings(url=url))

    def take(self, key: str, notification_uuid: str) -> str | None:
        """Claim `key`: None when it is ours now, else the uuid of the notification that holds it.

        Undecided when nobody knows whether the first one has been published: its process may have died, or this
        Redis carried out a claim after its sender had given up. It ends by itself; ask again.
        """
        deadline = time.monotonic() + PATIENCE
        with answering_now():
            while holder := self._set(PREFIX + key, MARK + notification_uuid):
                if not holder.startswith(MARK):
                    return holder
                if time.monotonic() > deadline:
                    raise Undecided("another notification of the same failure is being published; try again")
                time.sleep(PAUSE)
            return None

    def _set(self, key: str, value: str) -> str:
        """Set it if nobody has; else return what is there: one question, with Redis 7.0 or later."""
        return self._together.ask((key, value))

    def _set_all(self, wanted: Sequence[tuple[str, str]]) -> list[str]:
        keys, values = zip(*wanted, strict=True)
        found: Any = self._client.eval(TAKE, len(keys), *keys, *values, PENDING)
        return [str(holder or "") for holder in found]

    def confirm(self, key: str, notification_uuid: str, lifetime: Millis = Millis(0)) -> None:
        """Say that Kafka has the notification, and keep the claim until it is released or its lifetime is over
        (default: `LASTING`)."""
        with answering_now():
            self._client.eval(CONFIRM, 1, PREFIX + key, notification_uuid, lifetime or LASTING)

    def hold(self, key: str, notification_uuid: str) -> None:
        """Put a claim back that stands and may have been lost; silent when another notification has it."""
        with answering_now():
            self._client.eval(HOLD, 1, PREFIX + key, notification_uuid, LASTING)

    def release(self, key: str, notification_uuid: str) -> None:
        """Give the claim back; silent when it is another's or nobody's."""
        with answering_now():
            self._client.eval(RELEASE, 1, PREFIX + key, notification_uuid)

    def check(self) -> None:
        """Return if a claim can be made: Redis takes a write. LedgerAway says why not, Forgets that it would."""
        with answering_now():
            self._client.set(f"{PREFIX}check", "1", px=PENDING)
            told = self._told()
        require_kept(told, self._form)

    def _told(self) -> Sequence[str]:
        """Return what the server says of itself; nothing when this user may not ask (`+info`, connections.md)."""
        try:
            found: Any = self._client.eval(ASK, 1, f"{PREFIX}check")
        except exceptions.ResponseError as error:
            if LACKS_A_RIGHT.search(str(error)):
                return ("", "", "")
            raise
        return [str(each) for each in found]

    def waits_for(self) -> str:
        """Return why no claim can be made; empty when one can."""
        try:
            self.check()
        except (LedgerAway, Forgets) as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
