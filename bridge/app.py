"""`kasugai bridge` as a process: reads the inventory to its end, then carries what Nova says until told to stop."""

import asyncio
import logging
from contextlib import AsyncExitStack, ExitStack

from kasugai.adapters.inventory import Description
from kasugai.adapters.kafka.inventory_reader import InventoryReader, follow
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.bridge_metrics import BRIDGE_QUEUE, BRIDGE_SILENCE
from kasugai.adapters.telemetry.meters import watched
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.until import until_set, until_signalled
from kasugai.bridge.ports import Reads, Unfit
from kasugai.bridge.service import APP, Bridge
from kasugai.bridge.transports.opening import open_feed
from kasugai.schemas.topics import INVENTORY, NOVA, SIGHTINGS

LOG = logging.getLogger(__name__)


def main(settings: Settings, reader: Reads, *, demo: bool = False, vitals: Vitals | None = None) -> int:
    """Carry until SIGTERM or SIGINT and return 0; Unfit when it cannot as it is set up, TopicsUnfit when our topics are
    not as their contracts say (`demo` accepts a broker that cannot say); any other exception means: start me again."""
    return until_signalled(lambda stop: run(settings, reader, stop, demo=demo, vitals=vitals))


async def run(
    settings: Settings,
    reader: Reads,
    stop: asyncio.Event,
    *,
    demo: bool = False,
    vitals: Vitals | None = None,
) -> None:
    """Carry on the running loop until `stop` is set."""
    try:
        await until_set(stop, _serve(settings, reader, demo, vitals or Vitals()))
    except ExceptionGroup as ended:
        if (unfit := ended.subgroup(Unfit)) is not None:
            raise _innermost(unfit) from None
        raise


def _innermost(error: Exception) -> Exception:
    return _innermost(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


async def _serve(settings: Settings, reader: Reads, demo: bool, vitals: Vitals) -> None:
    kafka, name = settings.kafka, f"{APP}-{settings.stream.instance}"
    async with AsyncExitStack() as stack:
        beating = asyncio.create_task(vitals.keep_beating())
        stack.callback(beating.cancel)
        await asyncio.to_thread(require, settings, (INVENTORY, NOVA, SIGHTINGS), demo=demo)
        producer = await stack.enter_async_context(Producer(kafka, name))
        inventory = await _inventory(stack, settings, f"{name}-inventory")
        feed = await open_feed(stack, settings, vitals.lags if vitals.is_served else None)
        silence = settings.bridge.silence / 1000
        bridge = Bridge(feed=feed, reader=reader, sink=producer, knows=inventory.knows, silence=silence)
        stack.enter_context(_shown(bridge))
        vitals.expect(feed.unready, lambda: bridge.kafka.text)
        LOG.info("hearing Nova on %s", feed.name)
        async with asyncio.TaskGroup() as tasks:
            for work in (inventory.follow(), feed.failure(), bridge.watch(), bridge.run()):
                tasks.create_task(work)


def _shown(bridge: Bridge) -> ExitStack:
    loop = asyncio.get_running_loop()
    stack = ExitStack()
    stack.enter_context(watched(BRIDGE_SILENCE, lambda: [(bridge.silence.age(loop.time()), {})]))
    stack.enter_context(
        watched(
            BRIDGE_QUEUE,
            lambda: [
                (each.messages, {"queue": each.queue})
                for each in (bridge.standing.queues if bridge.standing else ())
            ],
        )
    )
    return stack


class _Inventory:
    """The names of the hosts that the inventory has now."""

    def __init__(self, reader: InventoryReader) -> None:
        self._reader = reader
        self._names: frozenset[str] | None = None

    def knows(self, host: str) -> bool:
        if self._names is None:
            self._names = frozenset(each.name for each in self._reader.inventory.hosts())
        return host in self._names

    async def follow(self) -> None:
        """Learn of hosts for ever."""
        await follow(self._reader, self._forget)

    def _forget(self, _: Description) -> None:
        self._names = None


async def _inventory(stack: AsyncExitStack, settings: Settings, name: str) -> _Inventory:
    return _Inventory(await stack.enter_async_context(InventoryReader(settings.kafka, name)))
