"""Builds a worker's doors from its settings, and waits at the start for what is away, saying so once a minute."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial

from kasugai.adapters.incarnation import incarnation
from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.recovery_log import RecoveryLog
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.nova import NovaCloud, Standing, missing
from kasugai.adapters.power import NoPower
from kasugai.adapters.redis_eviction import Evicts
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import CloudAway, LedgerAway, LogAway
from kasugai.core.words.subject import Kind
from kasugai.schemas.topics import INCIDENTS, RECOVERY
from kasugai.workers.health import Upkeep
from kasugai.workers.lane import Doors
from kasugai.workers.outages import Outages
from kasugai.workers.ports import Power

AGAIN = 2.0
"""Seconds between two attempts at the start."""


RIGHTS_AGAIN, RIGHTS_EVERY = 10.0, 60.0
"""Seconds between two questions about the rights in Nova, while some are missing and while none is."""
REDIS_EVERY = 5.0
"""Seconds between two writes that say whether Redis takes any."""

LOG = logging.getLogger(__name__)


class Forbidden(Exception):
    """The user of [nova] lacks a right that every recovery needs. One line with its rule and the remedy."""


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
    outages, upkeep = Outages(), Upkeep(worker.vitals)
    wait = partial(_until_there, outages, upkeep)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(_ledger(worker))
        cloud = NovaCloud(worker.settings.nova, client=timing.client / 1000)
        stack.push_async_callback(cloud.close)
        await wait("kafka", lambda: asyncio.to_thread(_require, worker))
        producer = await stack.enter_async_context(Producer(kafka, worker.name))
        log = await stack.enter_async_context(RecoveryLog(kafka, producer, worker.name, kind=worker.kind))
        await wait("kafka", log.warm)
        await wait("redis", ledger.check)
        await wait("nova", cloud.check)
        await wait("nova", lambda: _require_rights(cloud))
        stack.enter_context(_kept(upkeep, ledger, cloud))
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


async def _until_there(
    outages: Outages, upkeep: Upkeep, what: str, ask: Callable[[], Awaitable[object]]
) -> None:
    """Ask until there is an answer; readiness and, once a minute, the log say what is waited for."""
    while True:
        try:
            await ask()
        except (LogAway, LedgerAway, CloudAway) as away:
            outages.tell(what, str(away))
            upkeep.say(what, f"waiting for {what}: {away}")
            await asyncio.sleep(AGAIN)
        except Forbidden as lacking:
            outages.tell(
                what, str(lacking), "refuses what a recovery needs, no host is taken until it is allowed"
            )
            upkeep.say(what, str(lacking))
            await asyncio.sleep(RIGHTS_AGAIN)
        else:
            outages.over(what)
            upkeep.say(what, "")
            return


async def _require_rights(cloud: NovaCloud) -> None:
    """Raise Forbidden if a right is missing without which no host can be recovered; others are only told."""
    found = await cloud.rights()
    lacking = missing(found)
    if lacking:
        raise Forbidden("; ".join(right.line for right in lacking))
    for right in found:
        if right.standing is Standing.MISSING:
            LOG.warning("Nova refuses what some recoveries need: %s", right.line)


@contextmanager
def _kept(upkeep: Upkeep, ledger: RedisLedger, cloud: NovaCloud) -> Iterator[None]:
    """Go on asking for the length of the block what was asked at the start: it may be otherwise later."""

    async def redis() -> str:
        try:
            await ledger.check()
        except (LedgerAway, Evicts) as error:
            return str(error)
        return ""

    async def nova() -> str:
        try:
            return "; ".join(right.line for right in missing(await cloud.rights()))
        except CloudAway:
            return ""  # work under way says so itself, and an idle worker need not be taken out for it

    asking = [
        asyncio.create_task(upkeep.keep_asking("redis", redis, REDIS_EVERY)),
        asyncio.create_task(upkeep.keep_asking("nova", nova, RIGHTS_EVERY)),
    ]
    try:
        yield
    finally:
        for task in asking:
            task.cancel()
