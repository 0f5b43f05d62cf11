"""Which notifications stand: one key per occurrence, taken by the first to claim it and given back when it is over.

A claim is pending (it expires) until Kafka has the notification: a process that dies between the two blocks nobody. The
API takes and confirms claims, the projector releases them and puts them back after a loss. What a notification means
is not known here. Every call raises LedgerAway when Redis does not answer.
"""

from typing import Final, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import BlockingConnectionPool
from redis.retry import Retry

from kasugai.adapters.redis_scripts import answering_now
from kasugai.core.timing import Millis

PREFIX: Final = "{kasugai}:claim:"

PENDING: Millis = 60_000
"""How long a claim lives that nobody confirms: longer than Kafka may take to acknowledge."""

CONFIRM = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PERSIST', KEYS[1]) end return 0"
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisClaims:
    """The claims in Redis; used from any thread."""

    def __init__(self, client: Redis) -> None:
        """The client decodes responses and does not retry by itself (`from_url` makes one)."""
        self._client = client

    @classmethod
    def from_url(cls, url: str, *, timeout: float = 2.0, connections: int = 64) -> Self:
        """Connect on first use."""
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            protocol=2,
        )
        return cls(Redis(connection_pool=pool))

    def take(self, key: str, notification_uuid: str) -> str | None:
        """Claim `key`: None when it is ours now, else the uuid of the notification that holds it."""
        with answering_now():
            while not self._client.set(PREFIX + key, notification_uuid, nx=True, px=PENDING):
                holder = self._client.get(PREFIX + key)
                if holder is not None:
                    return str(holder)
            return None

    def confirm(self, key: str, notification_uuid: str) -> None:
        """Keep the claim until it is released: Kafka has the notification."""
        with answering_now():
            self._client.eval(CONFIRM, 1, PREFIX + key, notification_uuid)

    def hold(self, key: str, notification_uuid: str) -> None:
        """Put a claim back that stands and may have been lost; silent when somebody has it."""
        with answering_now():
            self._client.set(PREFIX + key, notification_uuid, nx=True)

    def release(self, key: str, notification_uuid: str) -> None:
        """Give the claim back; silent when it is another's or nobody's."""
        with answering_now():
            self._client.eval(RELEASE, 1, PREFIX + key, notification_uuid)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
