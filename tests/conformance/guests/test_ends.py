"""Every way in which a guest ends or stands still, and what is said of it (docs/operators/agent-instances.md)."""

import asyncio
from collections.abc import Mapping

from kasugai.core.words.signals import Symptom
from tests.support.guest_watch import Watching, played
from tests.support.hypervisors import IDLE, Hypervisor, Wanted

FAILURES = {
    "panics": (Wanted(does="panics"), "LIFECYCLE STOPPED_CRASHED"),
    "hangs": (Wanted(does="hangs", watchdog="poweroff"), "LIFECYCLE STOPPED_FAILED"),
    "stands": (Wanted(does="hangs", watchdog="pause"), "LIFECYCLE SUSPENDED_WATCHDOG"),
    "errs": (Wanted(does="reads", on_error="report"), "IO_ERROR IO_ERROR_REPORT"),
    "stops": (Wanted(does="reads", on_error="stop"), "LIFECYCLE SUSPENDED_IOERROR"),
    "is-asked": (Wanted(does="hangs", watchdog="shutdown"), "WATCHDOG WATCHDOG_SHUTDOWN"),
}
"""Guests that fail by themselves, and what is said of each."""

NOBODYS = {
    "restarted": Wanted(does="panics", on_crash="restart"),
    "preserved": Wanted(does="panics", on_crash="preserve"),
    "reset": Wanted(does="hangs", watchdog="reset"),
    "unheeded": Wanted(does="hangs", watchdog="none"),
    "off": Wanted(does="powers-off"),
    "on-again": Wanted(does="powers-off", on_poweroff="restart"),
    "not-again": Wanted(does="reboots", on_reboot="destroy"),
}
"""Guests of which nothing is said: what libvirt is asked to do mends them, or their owner meant them to end so."""

OWNERS = ("destroy", "save", "suspend")
"""What an owner does to a guest by way of libvirt."""

DOWN = (Symptom.DOWN, False)
AGAIN = (Symptom.DOWN, True)
CLEAR = (Symptom.CLEAR, False)


async def start(hypervisor: Hypervisor, name: str, wanted: Wanted = IDLE) -> str:
    return await asyncio.to_thread(hypervisor.run, name, wanted)


async def start_all(hypervisor: Hypervisor, guests: Mapping[str, Wanted]) -> dict[str, str]:
    uuids = await asyncio.gather(*(start(hypervisor, name, wanted) for name, wanted in guests.items()))
    return dict(zip(guests, uuids, strict=True))


@played
async def test_a_guest_that_fails_is_told_once(hypervisor: Hypervisor) -> None:
    async with Watching(hypervisor.door(), hypervisor.options) as watching:
        await watching.sees()
        uuids = await start_all(hypervisor, {name: wanted for name, (wanted, _) in FAILURES.items()})
        uuids["killed"] = await start(hypervisor, "killed")
        await asyncio.to_thread(hypervisor.kill_guest, "killed")
        told = {uuids[name]: what for name, (_, what) in FAILURES.items()}
        await watching.said({**told, uuids["killed"]: "LIFECYCLE STOPPED_FAILED"})


@played
async def test_what_is_nobodys_failure_is_not_told(hypervisor: Hypervisor) -> None:
    async with Watching(hypervisor.door(), hypervisor.options) as watching:
        await watching.sees()
        await start_all(hypervisor, {**NOBODYS, **dict.fromkeys(OWNERS, IDLE)})
        for how in OWNERS:
            await asyncio.to_thread(hypervisor.end_guest, how, how)
        witness = await start(hypervisor, "witness")
        await asyncio.to_thread(hypervisor.kill_guest, "witness")
        await watching.said({witness: "LIFECYCLE STOPPED_FAILED"})


@played
async def test_two_guests_that_fail_at_the_same_moment_are_both_told(hypervisor: Hypervisor) -> None:
    async with Watching(hypervisor.door(), hypervisor.options) as watching:
        both = {await start(hypervisor, name): "LIFECYCLE STOPPED_FAILED" for name in ("one", "other")}
        await watching.until(lambda: watching.watch.guests == 2)
        await asyncio.gather(*(asyncio.to_thread(hypervisor.kill_guest, name) for name in ("one", "other")))
        await watching.said(both)


@played
async def test_a_failure_is_repeated_while_it_stands_and_taken_back_when_the_guest_runs(
    hypervisor: Hypervisor,
) -> None:
    async with Watching(hypervisor.door(), hypervisor.options) as watching:
        await watching.sees()
        uuid = await start(hypervisor, "it")
        await asyncio.to_thread(hypervisor.kill_guest, "it")
        await watching.until(lambda: watching.words.of(uuid)[-2:] == [DOWN, AGAIN])
        await start(hypervisor, "it")
        await watching.until(lambda: watching.words.of(uuid)[-1:] == [CLEAR])
        await asyncio.to_thread(hypervisor.kill_guest, "it")
        await watching.until(lambda: watching.words.of(uuid)[-3:] == [AGAIN, CLEAR, DOWN])


@played
async def test_what_ends_while_the_host_is_shut_down_is_the_shutdowns(hypervisor: Hypervisor) -> None:
    going: list[str] = []
    async with Watching(hypervisor.door(), hypervisor.options, lambda: bool(going)) as watching:
        for name in ("killed", "ended"):
            await start(hypervisor, name)
        await watching.until(lambda: watching.watch.guests == 2)
        going.append("the host goes")
        await asyncio.to_thread(hypervisor.kill_guest, "killed")
        await asyncio.to_thread(hypervisor.end_guest, "ended", "destroy")
        await watching.until(lambda: watching.watch.guests == 0)
        await watching.looked()
        going.clear()  # somebody has cancelled it
        await watching.looked()
        assert watching.words.news() == []
