"""One device after the other until the host is known to be off: order, time-outs, contradictions, and who is read."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from kasugai.adapters.power import DeviceTrouble, Fencing
from kasugai.adapters.power.checking import check
from kasugai.core.recovering.doors import FenceRefused
from kasugai.core.recovering.look import PowerState
from kasugai.sim.loop import run


@dataclass
class Machine:
    """What the devices of one host stand at."""

    on: bool = True


@dataclass
class Scripted:
    """A device that does as it is told, and keeps what it was asked."""

    name: str
    machine: Machine
    timeout: float = 20.0
    refuses: bool = False
    cut: bool = False
    status_takes: float = 0.1
    off_takes: float = 1.0
    obeys_after: float = 0.0
    sees: PowerState | None = None
    asked: list[str] = field(default_factory=list)

    async def status(self) -> PowerState:
        self.asked.append("status")
        await asyncio.sleep(self.status_takes)
        if self.cut:
            raise DeviceTrouble("unable to connect")
        return self.sees or (PowerState.ON if self.machine.on else PowerState.OFF)

    async def off(self) -> None:
        self.asked.append("off")
        await asyncio.sleep(self.off_takes)
        if self.refuses:
            raise DeviceTrouble("not allowed")
        asyncio.get_running_loop().call_later(self.obeys_after, setattr, self.machine, "on", False)
        if self.obeys_after == 0:
            self.machine.on = False

    async def on(self) -> None:
        self.asked.append("on")
        await asyncio.sleep(self.off_takes)
        if self.refuses:
            raise DeviceTrouble("not allowed")
        asyncio.get_running_loop().call_later(self.obeys_after, setattr, self.machine, "on", True)
        if self.obeys_after == 0:
            self.machine.on = True


def fencing(devices: Sequence[Scripted]) -> Fencing:
    return Fencing(lambda host: tuple(devices) if host == "cmp1" else ())


def fence(*devices: Scripted) -> float:
    """Fence the host; return the virtual seconds that it took."""

    async def story() -> float:
        began = asyncio.get_running_loop().time()
        await fencing(devices).fence("cmp1")
        return asyncio.get_running_loop().time() - began

    return run(story())


def refusal(*devices: Scripted) -> str:
    with pytest.raises(FenceRefused) as caught:
        fence(*devices)
    return str(caught.value)


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run(story())


def test_the_state_is_read_first_and_read_back_afterwards() -> None:
    device = Scripted("bmc", Machine())
    fence(device)
    assert device.asked == ["status", "off", "status"]
    assert not device.machine.on


def test_what_is_off_is_left_alone() -> None:
    device = Scripted("bmc", Machine(on=False))
    fence(device)
    assert device.asked == ["status"]


def test_an_accepted_order_is_waited_for_until_the_host_is_read_as_off() -> None:
    device = Scripted("bmc", Machine(), obeys_after=8.0)
    assert fence(device) >= 9
    assert device.asked[-2:] == ["status", "status"]


def test_a_failure_that_switched_off_all_the_same_is_a_fence() -> None:
    machine = Machine()
    device = Scripted("bmc", machine, off_takes=2.0, refuses=True)

    async def story() -> None:
        asyncio.get_running_loop().call_later(1.0, setattr, machine, "on", False)
        await fencing([device]).fence("cmp1")

    play(story)
    assert device.asked[:3] == ["status", "off", "status"]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"refuses": True}, "bmc: not allowed"),
        ({"cut": True}, "bmc: unable to connect"),
        ({"obeys_after": 100.0}, "bmc: took the order and still reads it as on within 20 s"),
        ({"off_takes": 100.0}, "bmc: did not switch it off within 20 s"),
        ({"status_takes": 100.0}, "bmc: did not tell whether it is on within 20 s"),
    ],
)
def test_the_next_device_is_tried_when_one_fails_and_each_says_why(how: dict[str, Any], reason: str) -> None:
    machine = Machine()
    first = Scripted("bmc", machine, **how)
    second = Scripted("pdu", machine, refuses=True)
    assert refusal(first, second) == f"{reason}; pdu: not allowed"
    assert machine.on

    machine = Machine()
    first, second = Scripted("bmc", machine, **how), Scripted("pdu", machine)
    fence(first, second)
    assert second.asked == ["status", "off", "status"] and not machine.on


def test_a_device_that_cannot_be_read_is_not_switched_and_never_taken_for_off() -> None:
    device = Scripted("bmc", Machine(), cut=True)
    assert refusal(device) == "bmc: unable to connect"
    assert device.asked == ["status"]


def test_devices_that_contradict_one_another_prove_nothing() -> None:
    """The second one may be wired to another host."""
    first = Scripted("bmc", Machine(), refuses=True)
    second = Scripted("pdu", Machine())
    assert refusal(first, second) == (
        "bmc: not allowed; pdu: says that it is off, but bmc does not within 20 s"
    )


def test_a_device_that_loses_its_own_power_with_the_host_does_not_contradict() -> None:
    machine = Machine()

    class Bmc(Scripted):
        async def status(self) -> PowerState:
            self.cut = not machine.on
            return await super().status()

    fence(Bmc("bmc", machine, refuses=True), Scripted("pdu", machine))
    assert not machine.on


def test_a_host_without_devices_is_refused() -> None:
    async def story() -> None:
        power = fencing([Scripted("bmc", Machine())])
        assert power.has("cmp1") and not power.has("CMP1") and not power.has("cmp1.example.org")
        assert await power.read("cmp2") is PowerState.UNKNOWN
        with pytest.raises(FenceRefused, match="no power device is configured for cmp2"):
            await power.fence("cmp2")

    play(story)


def test_the_first_device_that_answers_is_believed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    machine = Machine()
    first, second = Scripted("bmc", machine), Scripted("pdu", machine, sees=PowerState.OFF)
    power = fencing([first, second])

    async def story() -> None:
        assert await power.read("cmp1") is PowerState.ON
        first.cut = True
        assert await power.read("cmp1") is PowerState.OFF
        assert await power.read("cmp1") is PowerState.OFF
        second.cut = True
        assert await power.read("cmp1") is PowerState.UNKNOWN
        first.cut = False
        assert await power.read("cmp1") is PowerState.ON
        first.cut = True
        await power.read("cmp1")

    play(story)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "the power of cmp1 cannot be read by bmc: unable to connect",
        "the power of cmp1 cannot be read by pdu: unable to connect",
        "the power of cmp1 cannot be read by bmc: unable to connect",
    ], "each trouble is told once"


def test_a_cancelled_fence_asks_for_nothing_more() -> None:
    first, second = Scripted("bmc", Machine(), off_takes=10.0), Scripted("pdu", Machine())

    async def story() -> None:
        call = asyncio.create_task(fencing([first, second]).fence("cmp1"))
        await asyncio.sleep(5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.sleep(30)

    play(story)
    assert first.asked == ["status", "off"] and second.asked == [] and first.machine.on


def test_many_hosts_are_read_at_a_time_but_not_all_and_a_fence_does_not_wait_for_them() -> None:
    devices = {f"cmp{n}": (Scripted("bmc", Machine(), status_takes=10.0),) for n in range(6)}
    fast = Scripted("bmc", Machine())
    power = Fencing(lambda host: devices.get(host, (fast,)), reads=2)

    async def story() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        reads = [asyncio.create_task(power.read(host)) for host in devices]
        await asyncio.sleep(1)
        assert sum(len(device.asked) for (device,) in devices.values()) == 2
        await power.fence("other")
        assert loop.time() - began < 5
        await asyncio.gather(*reads)
        assert loop.time() - began == pytest.approx(30)

    play(story)


def test_a_check_asks_every_device_and_switches_nothing() -> None:
    machine = Machine()
    hosts = {
        f"cmp{n}": (
            Scripted("bmc", machine, cut=n == 1, status_takes=1.0),
            Scripted("pdu", machine, status_takes=1.0),
        )
        for n in range(4)
    }

    async def story() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        found = [finding async for findings in check(hosts, 2) for finding in findings]
        assert loop.time() - began == pytest.approx(4)
        assert sorted((f.host, f.number, f.device, f.state, f.why) for f in found) == [
            ("cmp0", 1, "bmc", "on", ""),
            ("cmp0", 2, "pdu", "on", ""),
            ("cmp1", 1, "bmc", "unreachable", "unable to connect"),
            ("cmp1", 2, "pdu", "on", ""),
            ("cmp2", 1, "bmc", "on", ""),
            ("cmp2", 2, "pdu", "on", ""),
            ("cmp3", 1, "bmc", "on", ""),
            ("cmp3", 2, "pdu", "on", ""),
        ]
        assert [f.answers for f in found if f.host == "cmp1"] == [False, True]
        assert all(f.seconds == pytest.approx(1.0) for f in found)

    play(story)
    assert machine.on
    assert {asked for devices in hosts.values() for device in devices for asked in device.asked} == {"status"}


def switch_on(*devices: Scripted) -> None:
    async def story() -> None:
        await fencing(devices).switch_on("cmp1")

    run(story())


def test_a_host_that_is_on_is_not_switched() -> None:
    device = Scripted("bmc", Machine(on=True))
    switch_on(device)
    assert device.asked == ["status"]


def test_a_host_is_switched_on_and_read_back() -> None:
    device = Scripted("bmc", Machine(on=False), obeys_after=3.0)
    switch_on(device)
    assert device.machine.on
    assert device.asked[:2] == ["status", "on"]
    assert device.asked.count("status") > 2, "an accepted order is not yet a host that is on"


def test_another_device_switches_on_where_the_first_one_refuses() -> None:
    machine = Machine(on=False)
    switch_on(Scripted("one", machine, refuses=True), Scripted("two", machine))
    assert machine.on


def test_each_device_says_why_it_did_not_switch_on() -> None:
    machine = Machine(on=False)
    devices = (
        Scripted("one", machine, refuses=True),
        Scripted("two", machine, cut=True),
        Scripted("three", machine, obeys_after=1000.0),
    )
    with pytest.raises(FenceRefused) as refused:
        switch_on(*devices)
    text = str(refused.value)
    assert text == "one: not allowed; two: unable to connect; three: still does not read on after 20 s"


def test_a_host_without_a_device_is_not_switched_on() -> None:
    with pytest.raises(FenceRefused, match="no power device is configured for cmp1"):
        switch_on()
