"""Builds a worker's doors from its settings, and waits at the start for what is away, saying so once a minute."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.recovery_log import RecoveryLog
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.lineage import Lineage, lineage
from kasugai.adapters.nova import NovaCloud
from kasugai.adapters.power import NoPower
from kasugai.adapters.redis_keeping import Forgets
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import CloudAway, LedgerAway, LedgerUnreadable, LogAway
from kasugai.core.words.subject import Kind
from kasugai.schemas.rights import WORKER_GROUPS
from kasugai.schemas.topics import INCIDENTS, RECOVERY
from kasugai.workers import custom
from kasugai.workers.admission import AGAIN as RIGHTS_AGAIN
from kasugai.workers.admission import Admission
from kasugai.workers.calling import NO_STORAGE
from kasugai.workers.health import Upkeep
from kasugai.workers.lane import Doors
from kasugai.workers.outages import Outages
from kasugai.workers.ports import CustomSteps, Power, Storage

AGAIN = 2.0
"""Seconds between two attempts at the start."""


RIGHTS_EVERY = 600.0
"""Seconds between two questions about the rights in Nova while none is missing."""
REDIS_EVERY = 5.0
"""Seconds between two writes that say whether Redis takes any."""

LOG = logging.getLogger(__name__)


class Unfit(Exception):
    """A setting is wrong; waiting does not help. One line, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What one worker process is made from."""

    settings: Settings
    power: Power = field(default_factory=NoPower)
    storage: Storage = NO_STORAGE
    kinds: tuple[Kind, ...]
    """What it recovers: a pool for each, behind one set of doors."""
    group: str = ""
    """What the names of its consumer groups begin with, for tests; empty: the usual ones."""
    demo: bool = False
    """Accept the demo's broker, which cannot say how it keeps its topics."""
    vitals: Vitals = field(default_factory=Vitals)

    @property
    def name(self) -> str:
        """This process at brokers and in logs."""
        return f"kasugai-worker-{'-'.join(self.kinds)}-{self.settings.stream.instance}"

    def group_of(self, kind: Kind) -> str:
        """Return the consumer group of those who recover that kind."""
        return f"{self.group or WORKER_GROUPS}-{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A worker that may begin."""

    doors: Mapping[Kind, Doors]
    """By kind: the same, but for the name that each pool's leases go by."""
    dead: DeadLetters
    admission: Admission
    """Which kinds may begin, and when."""


@asynccontextmanager
async def ready(worker: Worker) -> AsyncIterator[Ready]:
    """Open the doors and wait until what stands behind them answers; close them at the end of the block."""
    kafka, timing = worker.settings.kafka, worker.settings.worker.timing
    outages, upkeep = Outages(), Upkeep(worker.vitals)
    wait = partial(_until_there, outages, upkeep)
    async with AsyncExitStack() as stack:
        lines = {kind: stack.enter_context(_line(worker, kind)) for kind in worker.kinds}
        steps = _custom_steps()
        ledger = await stack.enter_async_context(_ledger(worker))
        cloud = NovaCloud(worker.settings.nova, client=timing.client / 1000)
        stack.push_async_callback(cloud.close)
        await wait("kafka", lambda: asyncio.to_thread(_require, worker))
        producer = await stack.enter_async_context(Producer(kafka, worker.name))
        log = await stack.enter_async_context(RecoveryLog(kafka, producer, worker.name, kinds=worker.kinds))
        await wait("kafka", log.warm)
        await wait("redis", ledger.check)
        former = [line.former for line in lines.values() if line.former]
        if former:
            giving_back = wait("redis", lambda: _release(ledger, former))
            await given_back(giving_back, timing.lease / 1000)
        await wait("nova", cloud.check)
        admission = Admission(cloud, worker.kinds, outages, upkeep)
        stack.enter_context(_kept(upkeep, ledger, admission))
        doors = Doors(
            log=log,
            ledger=ledger,
            cloud=cloud,
            power=worker.power,
            storage=worker.storage,
            timing=timing,
            outages=outages,
            author="",
            custom=steps,
        )
        yield Ready(
            doors={kind: replace(doors, author=line.author) for kind, line in lines.items()},
            dead=DeadLetters(producer, worker.name),
            admission=admission,
        )


def _line(worker: Worker, kind: Kind) -> AbstractContextManager[Lineage]:
    """One for each kind: what a former life held is known whichever kinds it served together."""
    return lineage(f"worker-{kind}", worker.settings.stream.instance)


async def _release(ledger: RedisLedger, former: Iterable[str]) -> None:
    for names in former:
        await ledger.release_all(names)


async def given_back(giving_back: Coroutine[Any, Any, None], lease: float) -> None:
    """Return when the leases of all lives before this one are given back, or have ended by themselves: to look through
    all keys of a large Redis, or of a Cluster of which a part is away, may not succeed at all."""
    try:
        async with asyncio.timeout(lease):
            await giving_back
    except TimeoutError:
        LOG.warning(
            "the leases of lives before this one have ended by themselves: Redis was not looked through"
        )


def _ledger(worker: Worker) -> RedisLedger:
    try:
        return RedisLedger.connect(worker.settings.redis, ttl=worker.settings.worker.timing.lease)
    except ValueError as error:
        raise Unfit(str(error)) from error


def _custom_steps() -> CustomSteps:
    try:
        return custom.installed()
    except custom.BadStep as error:
        raise Unfit(str(error)) from error


def _require(worker: Worker) -> None:
    require(worker.settings, [*(INCIDENTS[kind] for kind in worker.kinds), RECOVERY], demo=worker.demo)


async def _until_there(
    outages: Outages, upkeep: Upkeep, what: str, ask: Callable[[], Awaitable[object]]
) -> None:
    """Ask until there is an answer; readiness and, once a minute, the log say what is waited for."""
    while True:
        try:
            await ask()
        except (LogAway, LedgerAway, LedgerUnreadable, CloudAway) as away:
            outages.tell(what, str(away))
            upkeep.say(what, f"waiting for {what}: {away}")
            await asyncio.sleep(AGAIN)
        else:
            outages.over(what)
            upkeep.say(what, "")
            return


@contextmanager
def _kept(upkeep: Upkeep, ledger: RedisLedger, admission: Admission) -> Iterator[None]:
    """Go on asking for the length of the block what was asked at the start: it may be otherwise later."""

    async def redis() -> str:
        try:
            await ledger.check()
        except (LedgerAway, LedgerUnreadable, Forgets) as error:
            return str(error)
        return ""

    asking = [
        asyncio.create_task(upkeep.keep_asking("redis", redis, REDIS_EVERY, REDIS_EVERY)),
        asyncio.create_task(upkeep.keep_asking("nova", admission.lacking, RIGHTS_EVERY, RIGHTS_AGAIN)),
    ]
    try:
        yield
    finally:
        for task in asking:
            task.cancel()
