"""Builds a worker's doors from its settings, and waits at the start for what is away, saying so once a minute."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from kasugai.adapters.incarnation import incarnation
from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.recovery_log import RecoveryLog
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.nova import NovaCloud
from kasugai.adapters.power import NoPower
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import CloudAway, LedgerAway, LogAway
from kasugai.core.words.subject import Kind
from kasugai.schemas.topics import INCIDENTS, RECOVERY
from kasugai.workers.lane import Doors
from kasugai.workers.outages import Outages
from kasugai.workers.ports import Power

AGAIN = 2.0
"""Seconds between two attempts at the start."""


class Unfit(Exception):
    """A setting is wrong; waiting does not help. One line, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What one worker process is made from."""

    settings: Settings
    power: Power = field(default_factory=NoPower)
    kind: Kind
    group: str = ""
    """The consumer group; empty: the usual one of its kind."""
    demo: bool = False
    """Accept the demo's broker, which cannot say how it keeps its topics."""
    vitals: Vitals = field(default_factory=Vitals)

    @property
    def name(self) -> str:
        """This process at brokers and in logs."""
        return f"kasugai-worker-{self.kind}-{self.settings.stream.instance}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A worker that may begin."""

    doors: Doors
    dead: DeadLetters


@asynccontextmanager
async def ready(worker: Worker) -> AsyncIterator[Ready]:
    """Open the doors and wait until what stands behind them answers; close them at the end of the block."""
    kafka, timing = worker.settings.kafka, worker.settings.worker.timing
    outages = Outages()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(_ledger(worker))
        cloud = NovaCloud(worker.settings.nova, client=timing.client / 1000)
        stack.push_async_callback(cloud.close)
        await _until_there(outages, "kafka", lambda: asyncio.to_thread(_require, worker))
        producer = await stack.enter_async_context(Producer(kafka, worker.name))
        log = await stack.enter_async_context(RecoveryLog(kafka, producer, worker.name, kind=worker.kind))
        await _until_there(outages, "kafka", log.warm)
        await _until_there(outages, "redis", ledger.check)
        await _until_there(outages, "nova", cloud.check)
        doors = Doors(
            log=log,
            ledger=ledger,
            cloud=cloud,
            power=worker.power,
            timing=timing,
            outages=outages,
            author=incarnation(worker.settings.stream.instance),
        )
        yield Ready(doors=doors, dead=DeadLetters(producer, worker.name))


def _ledger(worker: Worker) -> RedisLedger:
    try:
        return RedisLedger.connect(worker.settings.redis, ttl=worker.settings.worker.timing.lease)
    except ValueError as error:
        raise Unfit(str(error)) from error


def _require(worker: Worker) -> None:
    require(worker.settings, [INCIDENTS[worker.kind], RECOVERY], demo=worker.demo)


async def _until_there(outages: Outages, what: str, ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is an answer."""
    while True:
        try:
            await ask()
        except (LogAway, LedgerAway, CloudAway) as away:
            outages.tell(what, str(away))
            await asyncio.sleep(AGAIN)
        else:
            outages.over(what)
            return
