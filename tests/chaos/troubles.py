"""Takes Kafka, Redis and a good Nova away for a while, one blow after another for each server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.chaos.schedule import Blow, Event
from tests.chaos.servers import Broker, NovaProcess, RedisPair

LATE = (0.4, 1.8)
"""By how many seconds a slow Nova is late: clients wait one, and a request is off the wire after two more."""
AGAIN = 2.5
"""Seconds until a blow is tried again whose victim was away."""
NOVA_BLOWS = frozenset(
    {Blow.NOVA_SLOW, Blow.NOVA_BUSY, Blow.NOVA_MUTE, Blow.NOVA_GONE, Blow.CONDUCTOR, Blow.FULL}
)


class Later(Protocol):
    """Who does things later."""

    def __call__(self, seconds: float, what: str, act: Callable[[], object], /) -> None:
        """Do it so many seconds from now, and tell what it was."""


@dataclass(slots=True)
class Troubles:
    """What the pipeline stands on, and what is away of it."""

    broker: Broker
    redis: RedisPair
    nova: NovaProcess
    later: Later
    strike: Callable[[Event], None]
    """Lets a blow fall once more."""
    away: set[str] = field(default_factory=set)

    def put_off(self, event: Event) -> str:
        """Let the blow fall a little later."""
        self.later(AGAIN, f"again: {event.blow}", lambda: self.strike(event))
        return "is put off"

    def take_away(self, event: Event) -> str:
        """Kafka or Redis: a blow that meets an absence comes again when it is over."""
        server = "Kafka" if "Kafka" in event.blow else "Redis"
        if server in self.away:
            return self.put_off(event)
        if server == "Kafka":
            self._hit_broker(event.blow, event.seconds)
        else:
            self._hit_redis(event.blow, event.seconds)
        return ""

    def flush(self) -> str:
        """Redis forgets everything, if it is there."""
        if "Redis" in self.away:
            return "missed: Redis is away"
        self.redis.flush_all()
        return "done"

    def cut_replica(self) -> None:
        """The replica grows old from now on, if both are there."""
        if "Redis" not in self.away:
            self.redis.cut_replica()

    def fail_over(self) -> str:
        """The replica takes over, if Redis is there."""
        if "Redis" in self.away:
            return "missed: Redis is away"
        self.redis.fail_over()
        return "done"

    def trouble_nova(self, event: Event) -> str:
        """What Nova does badly for a while."""
        seconds = event.seconds
        match event.blow:
            case Blow.NOVA_SLOW:
                late = LATE[0] + event.whom * (LATE[1] - LATE[0])
                self.nova.do("wire.slow", late, lasting=seconds)
            case Blow.NOVA_BUSY:
                self.nova.do("wire.answer_503", seconds)
            case Blow.NOVA_MUTE:
                self.nova.do("wire.lose_replies", lasting=seconds)
            case Blow.NOVA_GONE:
                self.nova.do("wire.refuse_connections", seconds)
            case Blow.CONDUCTOR:
                self.nova.do("slow_conductor", seconds)
                self.later(seconds, "the conductor is quick", lambda: self.nova.do("slow_conductor", 0))
            case Blow.FULL:
                self.nova.do("no_valid_host", True)
                self.later(seconds, "there are valid hosts", lambda: self.nova.do("no_valid_host", False))
            case other:
                raise ValueError(other)
        return ""

    def _hit_broker(self, blow: Blow, seconds: float) -> None:
        match blow:
            case Blow.BROKER_KILL:
                self.broker.kill()
                self._until(seconds, "Kafka", "is started", self.broker.launch)
            case Blow.BROKER_RESTART:
                self.broker.shut_down()
                self._until(0.0, "Kafka", "is started", self.broker.launch)
            case _:
                self.broker.pause()
                self._until(seconds, "Kafka", "goes on", self.broker.resume)

    def _hit_redis(self, blow: Blow, seconds: float) -> None:
        match blow:
            case Blow.REDIS_KILL:
                self.redis.kill()
                self._until(seconds, "Redis", "is started", self.redis.restart)
            case Blow.REDIS_PAUSE:
                self.redis.pause()
                self._until(seconds, "Redis", "goes on", self.redis.resume)
            case Blow.FAILOVER:
                self.redis.cut_replica()
                self._until(seconds, "Redis", "is the older replica now", self.redis.fail_over)
            case _:
                self.redis.flush_all()

    def _until(self, seconds: float, server: str, what: str, act: Callable[[], object]) -> None:
        """A server is away until then; `act` brings it back."""
        self.away.add(server)

        def back() -> None:
            act()
            self.away.discard(server)

        self.later(seconds, f"{server} {what}", back)
