"""Reads one queue on a thread of its own: messages pile up within bounds, and are acknowledged when somebody says so.

The thread goes on beating while nobody takes anything, so that a Kafka that is away for an hour costs no connection.
What was not acknowledged when a connection ends is delivered again on the next one. It refuses to know what a message
says.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from threading import Event, Thread
from typing import Any

from kasugai.adapters.rabbit.looking import QueueState, look
from kasugai.adapters.rabbit.wire import (
    HEARTBEAT,
    RabbitAway,
    RabbitRefused,
    RabbitUnfit,
    connected,
    keys,
    prepare,
)
from kasugai.adapters.settings.values import BridgeSettings
from kasugai.adapters.trouble import Refusals, Trouble

PREFETCH = 1_000
"""Messages that are with us at most, not acknowledged."""
IN_HAND = 16 * 1024 * 1024
"""Bytes after which nothing more is read from the connection until some are acknowledged."""
TURN = 0.05
"""Seconds that the thread waits for the connection before it looks what else there is to do."""
LOOK_EVERY = 30.0
PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two attempts to connect, growing."""
REFUSED_PAUSE = 15.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came."""

    life: int
    """Of which connection."""
    tag: int
    key: str
    """Its routing key."""
    body: bytes
    at: int
    """When it came, in milliseconds since 1970."""


class QueueReader:
    """Our queue. Its coroutines belong to the event loop that was running when it was made."""

    def __init__(self, bridge: BridgeSettings, also: Sequence[str] = ()) -> None:
        """Nothing is connected yet. `also`: other queues that are looked at."""
        address = bridge.address
        assert address is not None, "a bridge has an address"
        self._bridge = bridge
        self._loop = asyncio.get_running_loop()
        self._nodes = cycle(address.nodes)
        self._names = (bridge.pool, *keys(bridge), *also)
        self._inbox: deque[Delivery] = deque()
        self._filled = asyncio.Event()
        self._acknowledged: tuple[int, int] = (0, 0)
        self._life = 0
        self._refusals = Refusals()
        self._ended = Event()
        self._failure: asyncio.Future[None] = self._loop.create_future()
        self._thread = Thread(target=self._run, name="rabbitmq", daemon=True)
        self.trouble = Trouble("Nova's notifications", log, text="connecting to RabbitMQ")
        self.queues: dict[str, QueueState] = {}
        """As they were when last looked at, every half minute."""
        self.heard = 0
        """Looks so far."""

    def start(self) -> None:
        """Connect, and stay connected."""
        self._thread.start()

    async def failure(self) -> None:
        """Wait for what ends the reading for good, and raise it: RabbitUnfit, RabbitRefused."""
        await asyncio.shield(self._failure)

    async def next(self, limit: int, wait: float = 0.2) -> list[Delivery]:
        """Return what is there, or what comes within `wait` seconds."""
        if not self._inbox:
            self._filled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._come()
        taken: list[Delivery] = []
        while self._inbox and len(taken) < limit:
            with suppress(IndexError):  # a new connection has emptied it
                taken.append(self._inbox.popleft())
        return taken

    def done(self, last: Delivery) -> None:
        """Acknowledge a message and all before it; of a connection that has ended nothing can be, they come again."""
        self._acknowledged = (last.life, last.tag)

    async def close(self) -> None:
        """Acknowledge what is done, and leave."""
        self._ended.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)
        if not self._failure.done():
            self._failure.cancel()

    async def _come(self) -> None:
        while not self._inbox:
            await self._filled.wait()
            self._filled.clear()

    # What follows runs on the thread.

    def _run(self) -> None:
        pause = PAUSE
        while not self._ended.is_set():
            life = self._life
            try:
                with connected(self._bridge, next(self._nodes)) as connection:
                    self._live(connection)
            except RabbitUnfit as error:
                self._fail(error)
                return
            except RabbitRefused as error:
                self.trouble.note(str(error))
                if self._refusals.is_final():
                    self._fail(error)
                    return
                pause = REFUSED_PAUSE
            except RabbitAway as error:
                self.trouble.note(str(error))
                pause = PAUSE if self._life > life else min(LONGEST_PAUSE, pause * 2)
            except Exception as error:
                self._fail(error)  # a fault of ours: whoever supervises starts us again
                return
            self._ended.wait(pause)

    def _fail(self, error: Exception) -> None:
        def tell() -> None:
            if not self._failure.done():
                self._failure.set_exception(error)

        self._loop.call_soon_threadsafe(tell)

    def _live(self, connection: Any) -> None:
        self._refusals.over()
        channel = connection.channel()
        prepare(channel, self._bridge)
        self._inbox.clear()
        self._life += 1
        one = Life(self._life, connection, channel, self._take, self._due)
        one.begin(self._bridge.pool)
        self.trouble.over()
        looked = float("-inf")
        while not self._ended.is_set():
            one.turn()
            if time.monotonic() - looked >= LOOK_EVERY:
                looked = time.monotonic()
                self.queues = {state.name: state for state in look(connection, self._names)}
                self.heard += 1
        one.acknowledge()

    def _due(self) -> tuple[int, int]:
        return self._acknowledged

    def _take(self, delivery: Delivery) -> None:
        self._inbox.append(delivery)
        if len(self._inbox) == 1:
            self._loop.call_soon_threadsafe(self._filled.set)


class Life:
    """One connection, from its first message to its end."""

    def __init__(
        self,
        number: int,
        connection: Any,
        channel: Any,
        take: Callable[[Delivery], None],
        due: Callable[[], tuple[int, int]],
    ) -> None:
        self._number = number
        self._connection = connection
        self._channel = channel
        self._give = take
        self._due = due
        self._unacknowledged: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self._read = self._seen = -1
        self._read_at = self._beaten_at = time.monotonic()

    def begin(self, queue: str) -> None:
        self._channel.basic_qos(0, PREFETCH, False)
        self._channel.basic_consume(queue, callback=self._take, on_cancel=self._cancelled)

    def turn(self) -> None:
        """Acknowledge what is done, read what there is, and say that we live."""
        self.acknowledge()
        if self._bytes >= IN_HAND:
            time.sleep(TURN / 10)
        else:
            self._drain()
        self._beat()

    def acknowledge(self) -> None:
        life, tag = self._due()
        if life != self._number or not self._unacknowledged or self._unacknowledged[0][0] > tag:
            return
        self._channel.basic_ack(tag, multiple=True)
        while self._unacknowledged and self._unacknowledged[0][0] <= tag:
            self._bytes -= self._unacknowledged.popleft()[1]

    def _drain(self) -> None:
        full = len(self._unacknowledged) >= PREFETCH
        with suppress(TimeoutError):
            self._connection.drain_events(timeout=TURN / 10 if full else TURN)

    def _beat(self) -> None:
        """py-amqp's own way of it takes a reader that does not read for a server that does not speak."""
        now = time.monotonic()
        if now - self._beaten_at >= HEARTBEAT / 4:
            self._beaten_at = now
            self._connection.send_heartbeat()
        if self._connection.bytes_recv != self._read or self._bytes >= IN_HAND:
            self._read, self._read_at = self._connection.bytes_recv, now
        if now - self._read_at > 2 * HEARTBEAT:
            raise RabbitAway(f"RabbitMQ has said nothing for {2 * HEARTBEAT} s")

    def _take(self, message: Any) -> None:
        body = message.body.encode() if isinstance(message.body, str) else bytes(message.body or b"")
        info = message.delivery_info
        self._unacknowledged.append((info["delivery_tag"], len(body)))
        self._bytes += len(body)
        at = time.time_ns() // 1_000_000
        self._give(Delivery(self._number, info["delivery_tag"], info["routing_key"], body, at))

    def _cancelled(self, _: object) -> None:
        raise RabbitAway("our queue has gone: it was deleted, or its node has died")
