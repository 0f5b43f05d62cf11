"""Virtual time: timers jump, keep their order, and a run that can never go on says so."""

import asyncio
import socket

import pytest

from kasugai.sim.loop import Stuck, run


def test_an_hour_takes_no_time_and_is_exact() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run(main(), start=7.5) == 3607.5


def test_timers_of_one_instant_fire_in_the_order_they_were_set() -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        seen: list[int] = []
        for number in range(200):
            loop.call_at(5.0, seen.append, number)
        loop.call_at(4.0, seen.append, -1)
        await asyncio.sleep(6)
        return seen

    assert run(main()) == [-1, *range(200)]


def test_a_timer_sees_the_time_that_it_asked_for() -> None:
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 0.3
        while loop.time() < deadline:  # noqa: ASYNC110 - polling is the point
            await asyncio.sleep(min(0.1, deadline - loop.time()))
        return loop.time() == deadline

    assert run(main(), start=1_767_225_600.0)


def test_a_cancelled_timer_does_not_move_time() -> None:
    async def main() -> float:
        async with asyncio.timeout(1000):
            await asyncio.sleep(1)
        await asyncio.sleep(2000)
        return asyncio.get_running_loop().time()

    assert run(main()) == 2001


def test_waiting_for_what_never_comes_is_told_with_the_place() -> None:
    async def forgotten() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.create_task(forgotten(), name="the forgotten one")

    with pytest.raises(
        Stuck, match=r"no timer is set at 0.000 s; waiting: .*the forgotten one \(.*forgotten"
    ):
        run(main())


def test_time_that_stands_still_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasugai.sim.loop.PATIENCE", 1000)

    async def main() -> None:
        while True:  # noqa: ASYNC110 - an endless loop is the point
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="time stands still"):
        run(main())


def test_threads_are_refused() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="virtual time has no threads"):
            await asyncio.to_thread(int)
        with pytest.raises(RuntimeError, match="virtual time has no threads"):
            await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, "localhost", 1, family=socket.AF_INET
            )

    run(main())


def test_tasks_that_are_left_over_are_cancelled() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(10**9)
        finally:
            ended.append("cancelled")

    async def main() -> None:
        task = asyncio.create_task(forever())
        await asyncio.sleep(1)
        assert not task.done()

    run(main())
    assert ended == ["cancelled"]
