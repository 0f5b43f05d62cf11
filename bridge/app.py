"""`kasugai bridge` as a process: reads the inventory to its end, then carries what Nova says until told to stop."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, ExitStack

import uvloop

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.bridge_metrics import BRIDGE_QUEUE, BRIDGE_SILENCE
from kasugai.adapters.telemetry.meters import watched
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.bridge.ports import Reads, Unfit
from kasugai.bridge.service import APP, PAUSE, Bridge
from kasugai.bridge.transports.opening import open_feed
from kasugai.core.recovering.doors import LogAway
from kasugai.schemas.topics import INVENTORY, NOVA, SIGHTINGS

LOG = logging.getLogger(__name__)


def main(settings: Settings, reader: Reads, *, demo: bool = False, vitals: Vitals | None = None) -> int:
    """Carry until SIGTERM or SIGINT and return 0; Unfit when it cannot as it is set up, TopicsUnfit when our topics are
    not as their contracts say (`demo` accepts a broker that cannot say); any other exception means: start me again."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_until_signalled(settings, reader, demo, vitals or Vitals()))


async def _until_signalled(settings: Settings, reader: Reads, demo: bool, vitals: Vitals) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(settings, reader, stop, demo=demo, vitals=vitals)
    return 0


async def run(
    settings: Settings,
    reader: Reads,
    stop: asyncio.Event,
    *,
    demo: bool = False,
    vitals: Vitals | None = None,
) -> None:
    """Carry on the running loop until `stop` is set."""
    serving = asyncio.create_task(_serve(settings, reader, demo, vitals or Vitals()))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (serving, stopping):
        task.cancel()
    LOG.info("stopping")
    (ended, _) = await asyncio.gather(serving, stopping, return_exceptions=True)
    if isinstance(ended, ExceptionGroup) and (unfit := ended.subgroup(Unfit)) is not None:
        raise _innermost(unfit)
    if isinstance(ended, Exception):
        raise ended


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
        while True:
            try:
                async for _ in self._reader.changes():
                    self._names = None
            except LogAway as error:
                LOG.warning("the inventory cannot be read, trying again: %s", error)
                await asyncio.sleep(PAUSE)


async def _inventory(stack: AsyncExitStack, settings: Settings, name: str) -> _Inventory:
    return _Inventory(await stack.enter_async_context(InventoryReader(settings.kafka, name)))
