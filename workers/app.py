"""The worker process: joins its group, feeds the pool, commits what is done, and leaves in good order.

It knows no order and no step. In doubt it ends: whoever comes next takes its work over as from a dead worker.
"""

import asyncio
import logging
import signal

import uvloop

from kasugai.adapters.kafka.poll_loop import MemberLost, Membership, PollLoop
from kasugai.adapters.kafka.topics import TopicsUnfit
from kasugai.adapters.nova import BadCloud
from kasugai.adapters.power import BadDevices, power_of
from kasugai.adapters.redis_eviction import Evicts
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Millis
from kasugai.schemas.topics import INCIDENTS
from kasugai.workers.exits import Exit
from kasugai.workers.health import reporting
from kasugai.workers.intake import Intake
from kasugai.workers.pool import Pool
from kasugai.workers.ports import Power
from kasugai.workers.starting import Unfit, Worker, ready

LOG = logging.getLogger(__name__)

SESSION: dict[str, Millis] = {"production": Millis(10_000), "test": Millis(6_000)}
"""How long after its death a worker's partitions go to others, by profile."""

HOUSEKEEPING = 1.0
"""Seconds between two commits, and between two looks at whether anything has failed."""


def main(
    settings: Settings,
    kind: Kind,
    power: Power | None = None,
    *,
    group: str = "",
    demo: bool = False,
    vitals: Vitals | None = None,
) -> int:
    """Recover subjects of one kind until SIGTERM or SIGINT, and return the exit code (`exits.Exit`).

    `power`: the power devices (None: those of [power]). `group`: for tests. `demo`: accept the demo's broker.
    `vitals` is told how the worker does.
    """
    try:
        power = power or power_of(settings.power, settings.worker.timing.fence / 1000)
    except BadDevices as error:
        LOG.critical("the worker cannot start: %s", error)
        return Exit.UNFIT
    worker = Worker(
        settings=settings, kind=kind, power=power, group=group, demo=demo, vitals=vitals or Vitals()
    )
    return uvloop.run(run(worker))


async def run(worker: Worker, stop: asyncio.Event | None = None) -> Exit:
    """Work until `stop` is set (None: until a signal comes), and return how it ended."""
    asked = asyncio.create_task((stop or _signalled()).wait())
    work = asyncio.create_task(_work(worker))
    await asyncio.wait({asked, work}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    work.cancel()  # every block that it stands in gives back what it holds
    try:
        return await work
    except asyncio.CancelledError:
        LOG.info("%s has left", worker.name)
        return Exit.ENDED
    except (TopicsUnfit, BadCloud, Evicts, Unfit) as error:
        LOG.critical("%s cannot start: %s", worker.name, error)
        return Exit.UNFIT


def _signalled() -> asyncio.Event:
    """Return what SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _work(worker: Worker) -> Exit:
    vitals = worker.vitals
    async with reporting(vitals, INCIDENTS[worker.kind]) as told, ready(worker) as start:
        pool = Pool(start.doors, worker.settings.worker.lanes)
        intake = Intake(pool, worker.kind, start.dead, start.doors.outages)
        told.pool = pool
        try:
            async with _joined(worker, intake) as member:
                vitals.expect(lambda: "" if member.has_joined else "waiting for the group")
                return await _keep(member, intake)
        finally:
            await pool.close()


def _joined(worker: Worker, intake: Intake) -> PollLoop:
    settings = worker.settings
    member = Membership(
        topic=INCIDENTS[worker.kind],
        group=worker.group or f"kasugai-worker-{worker.kind}",
        instance=settings.stream.instance,
        session=SESSION[settings.worker.profile],
    )
    lags = worker.vitals.lags if worker.vitals.is_served else None
    return PollLoop(settings.kafka, member, take=intake.take, give=intake.give, lags=lags)


async def _keep(member: PollLoop, intake: Intake) -> Exit:
    """Commit what is done, until something ends the process."""
    failure = asyncio.create_task(member.failure())
    while not failure.done():
        await asyncio.wait({failure}, timeout=HOUSEKEEPING)
        member.commit(intake.done())
        bug = intake.failed()
        if bug is not None:
            LOG.critical("a bug ended a lane: the process does not go on", exc_info=bug)
            return Exit.BUG
    return _explain(failure.exception())


def _explain(error: BaseException | None) -> Exit:
    if isinstance(error, MemberLost):
        LOG.critical("the place in the group is lost: %s", error)
        return Exit.REPLACED
    LOG.critical("a bug ended the polling", exc_info=error)
    return Exit.BUG
