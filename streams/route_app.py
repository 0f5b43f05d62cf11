"""`kasugai route` as a process: reads the inventory to its end, then carries batches until told to stop."""

import asyncio
import logging
from contextlib import AsyncExitStack

from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.inventory_reader import InventoryReader, follow
from kasugai.adapters.kafka.past import LogPast
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.route_loop import Batches
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.proving.opening import proofs_of
from kasugai.adapters.settings.values import KafkaSettings, Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.until import until_set, until_signalled
from kasugai.core.recovering.doors import LogAway
from kasugai.schemas.topics import INVENTORY, SIGNALS
from kasugai.streams.route import SOURCES, Route
from kasugai.streams.route_shell import PAUSE, RouteShell
from kasugai.streams.speakers import Speakers

log = logging.getLogger(__name__)

GROUP = "kasugai-route"
SAY_EVERY = 60.0


def main(settings: Settings, *, demo: bool = False, vitals: Vitals | None = None) -> int:
    """Run until SIGTERM or SIGINT and return 0; an exception means: start me again.

    TopicsUnfit when the broker's topics are not as their contracts say; `demo` accepts a broker that cannot say;
    `vitals` is told how route does.
    """
    return until_signalled(lambda stop: run(settings, stop, demo=demo, vitals=vitals))


async def run(
    settings: Settings, stop: asyncio.Event, *, demo: bool = False, vitals: Vitals | None = None
) -> None:
    """Run on the running loop until `stop` is set."""
    await until_set(stop, _serve(settings, demo, vitals or Vitals()))


async def _serve(settings: Settings, demo: bool, vitals: Vitals) -> None:
    kafka, name = settings.kafka, f"{GROUP}-{settings.stream.instance}"
    async with AsyncExitStack() as stack:
        beating = asyncio.create_task(vitals.keep_beating())
        stack.callback(beating.cancel)
        producer = await stack.enter_async_context(Producer(kafka, name))
        inventory = InventoryReader(kafka, f"{name}-inventory")
        stack.push_async_callback(inventory.close)
        end = await inventory_end(kafka, f"{name}-bounds")
        await asyncio.to_thread(require, settings, (*SOURCES, SIGNALS), demo=demo)
        route = Route(inventory.inventory)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow(inventory, route.learn))
            await _read_to(inventory, end)
            lags = vitals.lags if vitals.is_served else None
            instance = settings.stream.instance
            batches = Batches(kafka, group=GROUP, instance=instance, topics=SOURCES, lags=lags)
            vitals.expect(lambda: "" if batches.has_joined else "waiting for the group")
            stack.push_async_callback(batches.close)
            grave = DeadLetters(producer, GROUP)
            speakers = Speakers(proofs_of(settings.agents), LogPast(kafka, f"{name}-past"))
            shell = RouteShell(
                route, source=batches, sink=producer, grave=grave, inventory=inventory, speakers=speakers
            )
            tasks.create_task(shell.run())


async def inventory_end(kafka: KafkaSettings, name: str) -> int:
    """Return where the inventory ends as of now, waiting for Kafka as long as it takes."""
    loop = asyncio.get_running_loop()
    said = float("-inf")
    async with Reader(kafka, name) as reader:
        while True:
            try:
                _, end = await reader.bounds(INVENTORY, 0)
                return end
            except LogAway as error:
                if loop.time() - said >= SAY_EVERY:
                    said = loop.time()
                    log.warning("waiting for Kafka at %s: %s", kafka.bootstrap_servers, error)
                await asyncio.sleep(PAUSE)


async def _read_to(inventory: InventoryReader, end: int) -> None:
    while not await inventory.reached(end - 1, SAY_EVERY):
        log.warning("still reading the inventory: at offset %d of %d", inventory.offset, end)
    hosts = sum(1 for _ in inventory.inventory.hosts())
    log.info("read the inventory: %d hosts", hosts)
