"""A fence agent under the leash: its answers, its secrets, and that nothing of it is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop

from kasugai.adapters.power import DeviceTrouble, FenceAgent
from kasugai.core.recovering.look import PowerState
from tests.support.fake_agents import FakeAgents


@pytest.fixture
def agents(tmp_path: Path) -> FakeAgents:
    """Return a folder of fake agents."""
    return FakeAgents(tmp_path)


def is_gone(pid: int) -> bool:
    """Whether a process runs no more (a zombie that its new parent has not reaped counts)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def eventually(so: Callable[[], bool], within: float = 90.0) -> None:
    deadline = time.monotonic() + within
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def hung(agents: FakeAgents, address: str) -> tuple[int, int]:
    """Wait until a hanging agent has started its child; return both pids."""
    while not (runs := agents.asked(address)):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)
    assert runs[0].child is not None
    return runs[0].pid, runs[0].child


def trouble_of(call: Callable[[], Awaitable[object]]) -> str:
    async def main() -> None:
        await call()

    with pytest.raises(DeviceTrouble) as caught:
        asyncio.run(main())
    return str(caught.value)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_it_reads_and_switches(agents: FakeAgents, run: Callable[..., None]) -> None:
    device = agents.device("bmc1")

    async def story() -> None:
        assert await device.status() is PowerState.ON
        await device.off()
        assert await device.status() is PowerState.OFF

    run(story())
    assert [asked.action for asked in agents.asked("bmc1")] == ["status", "off", "status"]


def test_parameters_go_over_stdin_and_nothing_of_ours_goes_along(
    agents: FakeAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_NOVA__PASSWORD", "hush")
    device = replace(
        agents.device("bmc1"), parameters={"ip": "bmc1", "password": " a=b ", "plug": '"x"', "login": "k"}
    )
    asyncio.run(device.status())
    (asked,) = agents.asked("bmc1")
    assert len(asked.argv) == 1
    assert asked.given == {
        "action": "status",
        "ip": "bmc1",
        "password": '" a=b "',
        "plug": '""x""',
        "login": "k",
    }
    assert set(asked.environment) <= {"PATH", "LC_ALL", "HOME", "PWD", "_"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((1, "Status: OFF", "Failed: no session"), "Failed: no session"),
        ((1, "", ""), "exit code 1 without a word"),
        ((2, "", "can't open file"), "exit code 2 without the word OFF: can't open file"),
        ((2, "Status: ON", ""), "exit code 2 without the word OFF"),
        ((3, "Status: OFF", "odd"), "odd"),
    ],
)
def test_what_is_no_clear_answer_is_trouble(
    agents: FakeAgents, answer: tuple[int, str, str], why: str
) -> None:
    assert why in trouble_of(agents.device("bmc1", status=answer).status)


def test_an_agent_that_cannot_be_run_says_so(agents: FakeAgents) -> None:
    gone = replace(agents.device("bmc1"), kind="fence_gone")
    assert "fence_gone cannot be run: No such file" in trouble_of(gone.status)


def test_an_interpreter_that_is_missing_is_not_taken_for_off(agents: FakeAgents) -> None:
    (agents.folder / "fence_odd").write_text("#!/bin/sh\nexec /bin/sh /nowhere/script\n")
    (agents.folder / "fence_odd").chmod(0o755)
    odd = replace(agents.device("bmc1"), kind="fence_odd")
    assert "exit code 2 without the word OFF" in trouble_of(odd.status)


def test_secrets_are_in_no_error(agents: FakeAgents) -> None:
    device = agents.device("bmc1", babbles=True)
    device = replace(device, parameters={**device.parameters, "pasword": "hunter2"})
    for call in (device.status, device.off):
        text = trouble_of(call)
        assert text == "ERROR: *** was not accepted / Ignoring unknown option 'pasword=***'"
    assert "s3cret" not in repr(device) and "hunter2" not in repr(device)


def test_an_agent_that_hangs_is_killed_with_its_children_when_its_time_is_over(agents: FakeAgents) -> None:
    device = agents.device("bmc1", timeout=3.0, hangs=["off"])
    assert trouble_of(device.off) == "no answer to off within 3 s"
    (asked,) = agents.asked("bmc1")
    assert asked.child is not None
    eventually(lambda: is_gone(asked.pid) and asked.child is not None and is_gone(asked.child))


def test_cancelling_kills_it_at_once(agents: FakeAgents) -> None:
    """A lost lease cancels the call."""
    device = agents.device("bmc1", timeout=60.0, hangs=["off"])

    async def story() -> tuple[int, int]:
        call = asyncio.create_task(device.off())
        pids = await hung(agents, "bmc1")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return pids

    pids = asyncio.run(story())
    eventually(lambda: all(map(is_gone, pids)))


def test_cancelling_before_it_has_started_leaves_nothing(agents: FakeAgents) -> None:
    device = agents.device("bmc1", timeout=60.0, hangs=["off"])

    async def story() -> None:
        for turns in range(12):
            call = asyncio.create_task(device.off())
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(story())
    eventually(lambda: all(is_gone(asked.pid) for asked in agents.asked("bmc1")))


def test_what_an_agent_leaves_running_goes_with_it(agents: FakeAgents) -> None:
    device = agents.device("bmc1", leaves_a_child=True)

    async def story() -> PowerState:
        return await device.status()

    assert asyncio.run(story()) is PowerState.ON
    (asked,) = agents.asked("bmc1")
    assert asked.child is not None
    eventually(lambda: asked.child is not None and is_gone(asked.child))


PARENT = """
import asyncio, sys
from pathlib import Path
from kasugai.adapters.power import FenceAgent
device = FenceAgent(kind="fence_fake", folder=Path(sys.argv[1]), parameters={"ip": "bmc1"}, timeout=float(sys.argv[2]),
    read_timeout=float(sys.argv[2]))
asyncio.run(device.off())
"""


@pytest.mark.parametrize(("number", "timeout"), [(signal.SIGKILL, 60.0), (signal.SIGSTOP, 1.0)])
def test_it_does_not_outlive_a_worker_that_is_killed_nor_its_time_when_the_worker_stands_still(
    agents: FakeAgents, number: signal.Signals, timeout: float
) -> None:
    agents.device("bmc1", hangs=["off"])
    worker = subprocess.Popen([sys.executable, "-c", PARENT, str(agents.folder), str(timeout)])
    try:
        pids = asyncio.run(hung(agents, "bmc1"))
        os.kill(worker.pid, number)
        eventually(lambda: all(map(is_gone, pids)))
    finally:
        worker.kill()
        worker.wait()


def test_its_name_says_which_device() -> None:
    common = {"folder": Path("/usr/sbin"), "timeout": 1.0, "read_timeout": 1.0}
    named = {
        "fence_ipmilan at 192.0.2.1": {"ip": "192.0.2.1", "password": "x"},
        "fence_apc at 192.0.2.1 plug 7": {"ipaddr": "192.0.2.1", "port": "7"},
        "fence_dummy": {"status_file": "/x"},
    }
    for name, parameters in named.items():
        device = FenceAgent(kind=name.partition(" ")[0], parameters=parameters, **common)  # type: ignore[arg-type]
        assert device.name == name
