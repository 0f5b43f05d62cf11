"""The watch as it runs: what it tells of itself, and how it ends."""

import asyncio
import logging
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from kasugai.agents.instance.asking import Asker
from kasugai.agents.instance.watch import GAP, instance_watch
from kasugai.agents.ports import Watch
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Millis
from tests.support.guest_watch import HOST, Watching, Words, played
from tests.support.hypervisors import ScriptedHypervisor


def test_it_is_a_watch_that_needs_no_libvirt_to_be_made() -> None:
    watch: Watch = instance_watch(HOST, Words(), "qemu:///system")
    assert (watch.name, watch.trouble) == (Kind.INSTANCE, "libvirt has not been asked yet")


def test_libvirt_is_loaded_by_who_watches_and_by_nobody_who_imports() -> None:
    heavy = "libvirt confluent_kafka faust redis openstack opentelemetry oslo_config"
    ask = f"import sys, kasugai.agents.instance.watch; print({heavy.split()!r} & sys.modules.keys())"
    ask = ask.replace("[", "{").replace("]", "}")
    done = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


@played
async def test_a_guest_that_lives_is_not_spoken_of_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="kasugai.agents.instance")
    hypervisor = ScriptedHypervisor()
    async with Watching(hypervisor, hypervisor.options) as watching:
        hypervisor.run("it")
        await watching.until(lambda: watching.watch.guests == 1)
        await watching.looked()
    assert [record.name for record in caplog.records if record.name.startswith("kasugai.")] == []


@played
async def test_nothing_is_known_of_guests_until_somebody_looked_and_after_the_line_is_lost() -> None:
    hypervisor = ScriptedHypervisor(is_up=False)
    async with Watching(hypervisor, hypervisor.options) as watching:
        await watching.until(lambda: "Connection refused" in watching.watch.trouble)
        assert (watching.watch.guests, watching.watch.disks) == (-1, ())
        hypervisor.start_daemon()
        await watching.until(lambda: watching.watch.guests == 0)
        hypervisor.end_daemon()
        await watching.until(lambda: watching.watch.guests == -1)


@played
async def test_a_line_that_comes_when_nobody_waits_any_more_is_closed() -> None:
    hypervisor = ScriptedHypervisor()
    hypervisor.hang()
    async with Watching(hypervisor, hypervisor.options) as watching:
        await watching.until(lambda: "has not answered" in watching.watch.trouble)
    hypervisor.go_on()
    await watching.until_not_running(lambda: hypervisor.opened == ["watch"] and hypervisor.lines == [])


@played
async def test_a_daemon_that_hangs_costs_one_thread_however_long_it_hangs() -> None:
    hypervisor = ScriptedHypervisor()
    async with Watching(hypervisor, hypervisor.options) as watching:
        await watching.sees()
        hypervisor.hang()
        await watching.until(lambda: watching.watch.trouble)
        before = threading.active_count()
        await asyncio.sleep(0.5)
        assert threading.active_count() == before
        hypervisor.go_on()
        await watching.sees()


@played
async def test_events_that_follow_one_another_share_a_look() -> None:
    hypervisor = ScriptedHypervisor()
    names = [f"guest-{number}" for number in range(50)]
    for name in names:
        hypervisor.run(name)
    options = replace(hypervisor.options, look_every=Millis(600_000))
    async with Watching(hypervisor, options) as watching:
        await watching.sees()
        begun, looks = asyncio.get_running_loop().time(), watching.looks
        for name in names:
            hypervisor.kill_guest(name)
            await asyncio.sleep(0.01)
        await watching.until(lambda: len(watching.words.news()) == len(names))
        passed = asyncio.get_running_loop().time() - begun
        assert watching.looks - looks <= passed / (GAP / 1000) + 2


@played
async def test_a_new_line_is_looked_through_again_soon_for_a_daemon_may_know_late() -> None:
    hypervisor = ScriptedHypervisor()
    uuid = hypervisor.run("it")
    options = replace(hypervisor.options, look_every=Millis(600_000))
    async with Watching(hypervisor, options) as watching:
        await watching.sees()
        hypervisor.dies_unheard("it")
        await watching.said({uuid: "LIFECYCLE STOPPED_FAILED"}, looks=0)


@played
async def test_what_a_thread_raises_is_the_askers() -> None:
    asker = Asker("test")
    with pytest.raises(ZeroDivisionError):
        await asker.ask(lambda: 1 // 0)
    given_up = asker.ask(lambda: 1)
    given_up.cancel()
    assert await asker.ask(lambda: 2) == 2
    asker.end()
