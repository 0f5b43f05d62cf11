"""What receivers of announcements were told, in Redis: by receiver and matter, what the matter was called then.

It may be lost: what follows begins a thread of its own. Every call raises LedgerAway when Redis does not answer; text
that is none of ours counts as nothing.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final, Generic, Self, TypeVar

from redis import Redis, exceptions

from kasugai.adapters.redis_blocking import connect_blocking
from kasugai.adapters.redis_scripts import answering_now
from kasugai.adapters.settings.values import RedisSettings

PREFIX: Final = "{kasugai}:told:"
KEPT: Final = 35 * 24 * 3600
"""Seconds: longer than Kafka keeps an incident's records."""

WRONG_TYPE: Final = "WRONGTYPE"

K = TypeVar("K")


class RedisTold(Generic[K]):
    """What was told to whom, as values of one kind; asked on threads."""

    def __init__(self, client: Redis, make: Callable[..., K]) -> None:
        """`make` makes a value of its `key` and `thread`; the client decodes (`connect` makes one)."""
        self._client, self._make = client, make

    @classmethod
    def connect(cls, redis: RedisSettings, make: Callable[..., K]) -> Self:
        """Connect on first use."""
        return cls(connect_blocking(redis, timeout=2.0, connections=8, decode=True), make)

    async def known(self, receiver: str, key: str) -> K | None:
        """Return what the receiver was told of the matter; None for nothing."""
        text = await asyncio.to_thread(self._get, _name(receiver, key))
        try:
            said = json.loads(text or "null")
            return None if said is None else self._make(key=str(said["key"]), thread=str(said["thread"]))
        except (ValueError, TypeError, LookupError, RecursionError):
            return None

    async def learn(self, receiver: str, key: str, known: Any) -> None:
        """Remember it for five weeks."""
        text = json.dumps({"key": known.key, "thread": known.thread})
        await asyncio.to_thread(self._set, _name(receiver, key), text)

    async def forget(self, receiver: str, key: str) -> None:
        """Remember nothing of the matter any more."""
        await asyncio.to_thread(self._delete, _name(receiver, key))

    def _get(self, name: str) -> Any:
        with answering_now():
            try:
                return self._client.get(name)
            except exceptions.ResponseError as error:
                if WRONG_TYPE in str(error):
                    return None
                raise

    def _set(self, name: str, text: str) -> None:
        with answering_now():
            self._client.set(name, text, ex=KEPT)

    def _delete(self, name: str) -> None:
        with answering_now():
            self._client.delete(name)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _name(receiver: str, key: str) -> str:
    return f"{PREFIX}{receiver}:{key}"
