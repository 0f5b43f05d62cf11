"""What no scripted libvirt can show: its own numbers and answers, and a guest that moves between two daemons."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kasugai.agents.instance import words
from kasugai.agents.instance.binding import binding
from kasugai.agents.instance.libvirt_door import LibvirtDoor
from kasugai.agents.instance.options import Keepalive
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.ports import UnreachableError
from kasugai.sim.child import free_port
from tests.support.guest_watch import Watching, played
from tests.support.hypervisors import RealHypervisor
from tests.support.libvirt_server import LibvirtServer, libvirt_server, until

pytestmark = pytest.mark.integration

CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"


@pytest.fixture(scope="module")
def daemons() -> Iterator[list[LibvirtServer]]:
    """Two daemons, as on two hypervisors."""
    with ExitStack() as stack:
        yield [stack.enter_context(libvirt_server(name)) for name in ("a", "b")]


def numbers(prefix: str) -> dict[int, str]:
    """Return the binding's names below a prefix by their numbers."""
    libvirt = binding()
    return {
        value: name.removeprefix(prefix)
        for name in dir(libvirt)
        if name.startswith(prefix) and isinstance(value := getattr(libvirt, name), int)
    }


def test_events_and_reasons_have_the_numbers_that_libvirt_gives_them() -> None:
    kinds = {}
    for number, (kind, details) in words.LIFECYCLE.items():
        assert getattr(binding(), f"VIR_DOMAIN_EVENT_{kind}") == number
        kinds[kind] = (dict(enumerate(details)), numbers(f"VIR_DOMAIN_EVENT_{kind}_"))
    prefixes = {
        "VIR_DOMAIN_EVENT_WATCHDOG_": words.WATCHDOG,
        "VIR_DOMAIN_EVENT_IO_ERROR_": words.IO_ERROR,
        "VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_": words.MEMORY_FAILURE,
        "VIR_DOMAIN_PAUSED_": words.STATES[3][1],
        "VIR_DOMAIN_SHUTOFF_": words.STATES[5][1],
        "VIR_DOMAIN_CRASHED_": words.STATES[6][1],
    }
    ours = {prefix: dict(enumerate(said)) for prefix, said in prefixes.items()}
    theirs = {prefix: numbers(prefix) for prefix in prefixes}
    for pairs in (kinds.values(), [(ours[each], theirs[each]) for each in prefixes]):
        for mine, libvirts in pairs:
            assert libvirts.items() <= mine.items()


def test_an_agent_that_is_not_connected_is_told_from_guests_that_cannot_answer(
    daemons: list[LibvirtServer],
) -> None:
    server, _ = daemons
    uuid = server.run("agentless", devices=CHANNEL)
    line = LibvirtDoor(server.uri, Keepalive()).ask()
    try:
        assert line.ping(uuid, 1) is Answer.ABSENT
        server.guest(uuid).suspend()
        assert line.ping(uuid, 1) is Answer.EXCUSED
        server.kill_guest("agentless")
        until(lambda: not server.guest(uuid).isActive())
        assert line.ping(uuid, 1) is Answer.EXCUSED
        assert line.ping("5b8e1c1e-3f0a-4d0e-8a55-2f0c7be4a901", 1) is Answer.EXCUSED
    finally:
        line.close()
        server.forget()


def test_a_driver_that_knows_no_keepalive_is_refused() -> None:
    with pytest.raises(UnreachableError, match="test:///default"):
        LibvirtDoor("test:///default", Keepalive()).ask()


@played
async def test_a_guest_that_moves_is_no_failure_of_either_host(daemons: list[LibvirtServer]) -> None:
    here, there = (RealHypervisor(server) for server in daemons)
    async with Watching(here.door(), here.options) as left, Watching(there.door(), there.options) as reached:
        await left.sees()
        uuid = await asyncio.to_thread(here.run, "mover")
        await left.until(lambda: left.watch.guests == 1)
        await reached.until(lambda: reached.watch.guests == 0)
        await asyncio.to_thread(migrate, daemons, uuid)
        await reached.until(lambda: reached.watch.guests == 1)
        await left.until(lambda: left.watch.guests == 0)
        await asyncio.to_thread(there.kill_guest, "mover")
        await reached.said({uuid: "LIFECYCLE STOPPED_FAILED"})
        await left.said({})


def migrate(daemons: list[LibvirtServer], uuid: str) -> None:
    """Move a guest from the first daemon to the second, as Nova does."""
    libvirt, (here, there) = binding(), daemons
    flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    where = {libvirt.VIR_MIGRATE_PARAM_URI: f"tcp:127.0.0.1:{free_port()}"}
    here.guest(uuid).migrate3(there.connection, where, flags | libvirt.VIR_MIGRATE_UNSAFE)
