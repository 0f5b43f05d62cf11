"""The slow round over fence devices: whom it asks, how often, and what is shown of the answers."""

import asyncio
from enum import StrEnum
from itertools import pairwise

import pytest
from opentelemetry.metrics import CallbackOptions

from kasugai.adapters.power import DeviceTrouble
from kasugai.adapters.telemetry.meters import _read
from kasugai.adapters.telemetry.observer_metrics import ANSWERS, CHECKED
from kasugai.adapters.wall import Wall
from kasugai.core.recovering.look import PowerState
from kasugai.core.words.timing import Instant
from kasugai.observers.devices import LANES, DeviceChecks
from kasugai.sim.lab.runner import quietly


class Bmc:
    """A device that says when it was asked."""

    def __init__(self, name: str, lasts: float = 0.0) -> None:
        self.name, self.lasts, self.is_dead = name, lasts, False
        self.asked: list[float] = []

    async def status(self) -> StrEnum:
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.lasts)
        if self.is_dead:
            raise DeviceTrouble("no route to host")
        return PowerState.OFF


class Clock(Wall):
    """Says the time that it is told."""

    def __init__(self) -> None:
        self.at = 1_800_000_000_000

    def now(self) -> Instant:
        return self.at


def shown(checks: DeviceChecks) -> dict[str, dict[object, float]]:
    with checks.shown():
        return {
            metric.name: {
                (seen.attributes or {})["hostname"]: seen.value for seen in _read(metric, CallbackOptions())
            }
            for metric in (CHECKED, ANSWERS)
        }


def test_a_host_answers_when_all_its_devices_do_and_its_last_answer_stays_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bmc, pdu, clock = Bmc("bmc"), Bmc("pdu"), Clock()
    checks = DeviceChecks({"cmp1": [bmc, pdu], "cmp2": [Bmc("other")]}, list, every=60.0, wall=clock)
    assert shown(checks) == {CHECKED.name: {}, ANSWERS.name: {}}, "nothing is known before the first check"
    asyncio.run(checks.check("cmp1"))
    assert shown(checks) == {CHECKED.name: {"cmp1": 1_800_000_000.0}, ANSWERS.name: {"cmp1": 1.0}}
    pdu.is_dead, clock.at = True, clock.at + 60_000
    for _ in range(2):
        asyncio.run(checks.check("cmp1"))
    assert shown(checks) == {CHECKED.name: {"cmp1": 1_800_000_000.0}, ANSWERS.name: {"cmp1": 0.0}}
    assert caplog.text.count("pdu: no route to host") == 1, "told once"
    pdu.is_dead, clock.at = False, clock.at + 60_000
    asyncio.run(checks.check("cmp1"))
    assert shown(checks) == {CHECKED.name: {"cmp1": 1_800_000_120.0}, ANSWERS.name: {"cmp1": 1.0}}


def test_a_device_that_never_answered_has_no_time() -> None:
    bmc = Bmc("bmc")
    bmc.is_dead = True
    checks = DeviceChecks({"cmp1": [bmc]}, list, every=60.0, wall=Clock())
    asyncio.run(checks.check("cmp1"))
    assert shown(checks) == {CHECKED.name: {}, ANSWERS.name: {"cmp1": 0.0}}


def test_a_suspected_host_is_left_to_who_reads_its_power() -> None:
    bmc = Bmc("bmc")
    checks = DeviceChecks({"cmp1": [bmc]}, lambda: {"cmp1"}, every=60.0)
    asyncio.run(checks.check("cmp1"))
    assert bmc.asked == []


@pytest.mark.parametrize("lasts", [0.0, 90.0])
def test_each_is_asked_no_more_often_than_wished_and_a_few_at_a_time(lasts: float) -> None:
    """Devices that take their time delay the next ones."""
    bmcs = {f"cmp{n:02d}": Bmc(f"bmc{n}", lasts) for n in range(40)}
    checks = DeviceChecks({host: [bmc] for host, bmc in bmcs.items()}, list, every=600.0)

    async def story() -> None:
        running = asyncio.create_task(checks.run())
        await asyncio.sleep(1_999.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    quietly(story())
    assert all(len(bmc.asked) >= 2 for bmc in bmcs.values()), "everybody's turn comes, again and again"
    assert min(after - before for bmc in bmcs.values() for before, after in pairwise(bmc.asked)) >= 600.0
    moments = sorted(at for bmc in bmcs.values() for at in bmc.asked)
    assert all(after - before >= 60.0 for before, after in zip(moments, moments[LANES:], strict=False)), (
        "over the whole interval, not in a burst"
    )
