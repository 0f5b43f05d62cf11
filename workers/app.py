"""The worker process: joins its groups, feeds a pool per kind, commits what is done, and leaves in good order.

It knows no order and no step. In doubt it ends: whoever comes next takes its work over as from a dead worker.
"""

import asyncio
import gc
import logging
from collections.abc import Sequence

import uvloop

from kasugai.adapters.ceph import NoStorage, storage_of
from kasugai.adapters.kafka.poll_loop import MemberLost
from kasugai.adapters.kafka.topics import TopicsUnfit
from kasugai.adapters.nova import BadCloud
from kasugai.adapters.power import BadDevices, NoPower, power_of
from kasugai.adapters.redis_keeping import Forgets
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.until import signalled
from kasugai.core.words.sighting import Sighting
from kasugai.core.words.subject import Kind
from kasugai.workers.admission import Admission
from kasugai.workers.branch import Branch
from kasugai.workers.ending import end
from kasugai.workers.exits import Exit
from kasugai.workers.health import reporting
from kasugai.workers.observers import FENCED
from kasugai.workers.ports import Power, Storage
from kasugai.workers.sightings import listen
from kasugai.workers.starting import Unfit, Worker, ready

LOG = logging.getLogger(__name__)

HOUSEKEEPING = 1.0
"""Seconds between two commits, and between two looks at whether anything has failed."""


def main(
    settings: Settings,
    kinds: Sequence[Kind],
    power: Power | None = None,
    *,
    group: str = "",
    demo: bool = False,
    vitals: Vitals | None = None,
) -> int:
    """Recover subjects of these kinds until SIGTERM or SIGINT, and return the exit code (`exits.Exit`).

    `power`: the power devices (None: those of [power], where a kind needs any). `group`: for tests. `demo`:
    accept the demo's broker. `vitals` is told how the worker does.
    """
    try:
        power = power or _power(settings, kinds)
        storage = _storage(settings, kinds)
    except BadDevices as error:
        LOG.critical("the worker cannot start: %s", error)
        return Exit.UNFIT
    worker = Worker(
        settings=settings,
        kinds=tuple(kinds),
        power=power,
        storage=storage,
        group=group,
        demo=demo,
        vitals=vitals or Vitals(),
    )
    _spare_the_collector()
    return uvloop.run(run(worker))


def _spare_the_collector() -> None:
    """What was imported stays for good, and what comes and goes is seldom in cycles: 500 instances of one host that die
    at once are back in 0.95 of the time (bench/guests.py), with the same memory."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _power(settings: Settings, kinds: Sequence[Kind]) -> Power:
    """Return the devices, where any of the kinds may need one."""
    if FENCED.isdisjoint(kinds):
        return NoPower()
    return power_of(settings.power, settings.worker.timing.fence / 1000)


def _storage(settings: Settings, kinds: Sequence[Kind]) -> Storage:
    """Return the storage that can be closed to hosts, where any of the kinds may need it."""
    if FENCED.isdisjoint(kinds):
        return NoStorage()
    return storage_of(settings.power, settings.worker.timing.fence / 1000)


async def run(worker: Worker, stop: asyncio.Event | None = None) -> Exit:
    """Work until `stop` is set (None: until a signal comes), and return how it ended."""
    asked = asyncio.create_task((stop or signalled()).wait())
    work = asyncio.create_task(_work(worker))
    await asyncio.wait({asked, work}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    work.cancel()  # every block that it stands in gives back what it holds
    try:
        return await work
    except asyncio.CancelledError:
        LOG.info("%s has left", worker.name)
        return Exit.ENDED
    except (TopicsUnfit, BadCloud, Forgets, Unfit) as error:
        LOG.critical("%s cannot start: %s", worker.name, error)
        return Exit.UNFIT


async def _work(worker: Worker) -> Exit:
    vitals = worker.vitals
    async with reporting(vitals) as told, ready(worker) as start:
        branches = [Branch(worker, kind, start) for kind in worker.kinds]
        told.pools |= {branch.kind: branch.pool for branch in branches}
        vitals.expect(*(branch.unready for branch in branches))
        joining = asyncio.create_task(_join(branches, start.admission))
        listening = asyncio.create_task(_listen(worker, branches))
        try:
            return await _keep(branches, joining)
        finally:
            await end([joining, listening])
            await asyncio.gather(*(branch.close() for branch in branches))


async def _listen(worker: Worker, branches: Sequence[Branch]) -> None:
    """Have those who empty hosts woken by what bystanders tell of landings, for ever."""
    pools = [branch.pool for branch in branches if branch.kind in FENCED]

    def see(sighting: Sighting) -> None:
        for pool in pools:
            pool.see(sighting)

    if pools:
        await listen(worker.settings.kafka, worker.name, see)


async def _join(branches: Sequence[Branch], admission: Admission) -> None:
    """Let each kind begin as soon as it may, and go on for ever."""
    by_kind = {branch.kind: branch for branch in branches}
    async for kind in admission.kinds():
        by_kind[kind].member.start()
    await asyncio.Event().wait()


async def _keep(branches: Sequence[Branch], joining: "asyncio.Task[None]") -> Exit:
    """Commit what is done, until something ends the process."""
    failures = [joining, *(asyncio.create_task(branch.member.failure()) for branch in branches)]
    while not any(failure.done() for failure in failures):
        await asyncio.wait(failures, timeout=HOUSEKEEPING, return_when=asyncio.FIRST_COMPLETED)
        for branch in branches:
            branch.commit()
            bug = branch.failed()
            if bug is not None:
                LOG.critical("a bug ended a lane: the process does not go on", exc_info=bug)
                return Exit.BUG
    return _explain(next(failure.exception() for failure in failures if failure.done()))


def _explain(error: BaseException | None) -> Exit:
    if isinstance(error, MemberLost):
        LOG.critical("the place in the group is lost: %s", error)
        return Exit.REPLACED
    LOG.critical("a bug ended the polling, or the wait for it", exc_info=error)
    return Exit.BUG
