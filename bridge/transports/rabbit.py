"""Nova's notifications from RabbitMQ: a queue of our own, acknowledged when Kafka has what follows."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Self

from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.rabbit.consuming import Delivery, QueueReader
from kasugai.adapters.rabbit.looking import QueueState
from kasugai.adapters.rabbit.wire import RabbitRefused, RabbitUnfit, keys
from kasugai.adapters.settings.values import BridgeSettings
from kasugai.bridge.ports import Standing, Unfit, Waiting

BATCH = 500
UNVERSIONED = ("notifications.info", "notifications.error")
"""Where Nova, and others, say it in the old form."""


class RabbitFeed(AbstractAsyncContextManager["RabbitFeed"]):
    """The queue."""

    def __init__(self, bridge: BridgeSettings) -> None:
        """Connect when entered."""
        assert bridge.address is not None, "a bridge has an address"
        self.name = f"RabbitMQ at {bridge.address.shown}"
        self._bridge = bridge
        self._reader = QueueReader(bridge, UNVERSIONED)
        self._last: Delivery | None = None

    async def __aenter__(self) -> Self:
        """Connect in the background."""
        self._reader.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await self._reader.close()

    def unready(self) -> str:
        """See Feed."""
        return self._reader.trouble.text

    async def next(self) -> Sequence[Incoming]:
        """See Feed. The place of a message is its tag: nothing else tells it from others until it is read."""
        found = await self._reader.next(BATCH)
        if found:
            self._last = found[-1]
        return [
            Incoming(topic=each.key, partition=-1, offset=each.tag, at=each.at, key=None, value=each.body)
            for each in found
        ]

    async def done(self, records: Sequence[Incoming]) -> None:
        """See Feed."""
        if records and self._last is not None:
            self._reader.done(self._last)

    async def standing(self) -> Standing | None:
        """See Feed."""
        return standing_of(self._bridge, self._reader.queues) if self._reader.heard else None

    async def failure(self) -> None:
        """See Feed."""
        try:
            await self._reader.failure()
        except (RabbitUnfit, RabbitRefused) as error:
            raise Unfit(str(error)) from error


def standing_of(bridge: BridgeSettings, queues: dict[str, QueueState]) -> Standing:
    """Return what the queues mean: whoever notifies makes one for each routing key, whether anybody reads it or not."""
    return Standing(
        versioned=any(key in queues for key in keys(bridge)),
        unversioned=any(key in queues for key in UNVERSIONED),
        queues=tuple(
            Waiting(
                queue=state.name,
                messages=state.messages,
                readers=state.consumers,
                is_ours=state.name == bridge.pool,
            )
            for state in queues.values()
            if state.name not in UNVERSIONED
        ),
    )
