"""What is to end ends, also where a cancellation is swallowed, as Python 3.11's wait_for does now and then."""

import asyncio

import pytest

from kasugai.core.words.subject import Kind, Subject
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.loop import run
from kasugai.workers.ending import AGAIN, end
from kasugai.workers.ports import Lease
from tests.unit.workers.test_crowd import POLICY, Crowd


async def deaf(times: int) -> None:
    """Go on for ever, whatever the first cancellations."""
    while True:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            times -= 1
            if times < 0:
                raise


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_task_that_swallows_a_cancellation_is_cancelled_again(times: int) -> None:
    async def main() -> None:
        loop, tasks = asyncio.get_running_loop(), [asyncio.create_task(deaf(n)) for n in (0, times)]
        await asyncio.sleep(1)
        began = loop.time()
        await end(tasks)
        assert all(task.cancelled() for task in tasks) and loop.time() - began == times * AGAIN

    run(main())


def test_what_has_failed_or_ended_is_only_waited_for() -> None:
    async def fail() -> None:
        raise ValueError("late")

    async def main() -> None:
        tasks = [asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(0))]
        await asyncio.sleep(1)
        await end(tasks)
        await end([])

    run(main())


def test_no_lease_is_renewed_for_ever_by_a_renewal_that_has_not_heard_of_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lane of a guest that had been recovered waited for it, held the lease, and answered nothing more."""
    sound = MemoryLedger.renew

    async def renew(ledger: MemoryLedger, lease: Lease) -> None:
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            return  # as if the answer had come in the same moment
        await sound(ledger, lease)

    async def main() -> None:
        monkeypatch.setattr(MemoryLedger, "renew", renew)
        crowd = Crowd(40)
        crowd.cloud.wire.slow(0.33)
        await asyncio.wait_for(crowd.play(), 600)
        subjects = [Subject(kind=Kind.INSTANCE, host="cmp1", detail=uuid) for uuid in crowd.guests]
        await asyncio.sleep(5)
        assert not [each for each in subjects if await crowd.ledger.is_leased(each)]
        assert crowd.pool.lanes()["working"] == 0 and POLICY.restart_all

    run(main(), start=1000.0)
