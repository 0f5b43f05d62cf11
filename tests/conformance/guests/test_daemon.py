"""What becomes of the daemon that shows the guests: unknown is never off, and what died unseen is found."""

import asyncio

from kasugai.core.words.signals import Symptom
from tests.conformance.guests.test_ends import start
from tests.support.guest_watch import Watching, played
from tests.support.hypervisors import Hypervisor


@played
async def test_a_guest_that_dies_while_the_daemon_is_away_is_found(hypervisor: Hypervisor) -> None:
    async with Watching(hypervisor.door(), hypervisor.options) as watching:
        dead, alive = await start(hypervisor, "dead"), await start(hypervisor, "alive")
        await watching.until(lambda: watching.watch.guests == 2)
        hypervisor.end_daemon()
        await watching.until(lambda: watching.watch.trouble)
        assert watching.watch.guests == -1 and watching.words.news() == []
        await asyncio.to_thread(hypervisor.kill_guest, "dead")
        hypervisor.start_daemon()
        await watching.said({dead: "LIFECYCLE STOPPED_FAILED"})
        assert watching.watch.guests == 1 and not watching.watch.trouble

        await asyncio.to_thread(hypervisor.kill_guest, "alive")  # events of the new daemon are heard
        await watching.said({dead: "LIFECYCLE STOPPED_FAILED", alive: "LIFECYCLE STOPPED_FAILED"})


@played
async def test_a_daemon_that_hangs_is_told_and_its_guests_are_not(hypervisor: Hypervisor) -> None:
    async with Watching(hypervisor.door(), hypervisor.options) as watching:
        uuid = await start(hypervisor, "it")
        await watching.until(lambda: watching.watch.guests == 1)
        hypervisor.hang()
        await asyncio.to_thread(hypervisor.kill_guest, "it")
        await watching.until(lambda: watching.watch.trouble)
        assert watching.watch.guests == -1 and watching.words.news() == []
        hypervisor.go_on()
        await watching.said({uuid: "LIFECYCLE STOPPED_FAILED"})


@played
async def test_an_agent_that_is_started_anew_says_what_it_may_have_said(hypervisor: Hypervisor) -> None:
    dead, alive = await start(hypervisor, "dead"), await start(hypervisor, "alive")
    async with Watching(hypervisor.door(), hypervisor.options) as before:
        await before.until(lambda: before.watch.guests == 2)
        await asyncio.to_thread(hypervisor.kill_guest, "dead")
        await before.said({dead: "LIFECYCLE STOPPED_FAILED"})
    async with Watching(hypervisor.door(), hypervisor.options) as watching:
        await watching.until(lambda: watching.words.of(dead))
        assert watching.words.of(dead)[0] == (Symptom.DOWN, True)
        assert watching.words.of(alive)[:1] == [(Symptom.CLEAR, False)]
        await watching.looked()
        assert watching.words.news() == []
