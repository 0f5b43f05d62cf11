"""What a worker does with power devices that take their time: a lost lease ends a fence."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from uuid import UUID

from kasugai.adapters.power import DeviceTrouble, Fencing
from kasugai.core.recovering.look import PowerState
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import PRODUCTION, BrokerTime
from kasugai.core.words.verdicts import Reason
from kasugai.sim.cloud import SimCloud
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.broker import Broker
from kasugai.sim.lab.doors import SimLog
from kasugai.sim.lab.mortal import Counter, Process
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.loop import run
from kasugai.workers.lane import Doors
from kasugai.workers.observe_host import HostObserver
from kasugai.workers.outages import Outages
from kasugai.workers.pool import Pool


class Slow:
    """A device that takes its time, and remembers which orders were cut off."""

    name = "bmc"

    def __init__(self, *, read: float = 0.1, off: float = 1.0, timeout: float = 54.0) -> None:
        self.timeout = timeout
        self.orders = 0
        self.cut_off = 0
        self._read, self._off = read, off
        self._on = True
        self.refuses = False

    async def status(self) -> PowerState:
        """Return the state."""
        await asyncio.sleep(self._read)
        return PowerState.ON if self._on else PowerState.OFF

    async def off(self) -> None:
        """Switch off."""
        self.orders += 1
        try:
            await asyncio.sleep(self._off)
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        if self.refuses:
            raise DeviceTrouble("not allowed")
        self._on = False

    async def on(self) -> None:
        """Switch on."""
        self._on = True


class Scene:
    """A silent host with one guest, a spare host, and a worker with one device."""

    def __init__(self, device: Slow) -> None:
        self.broker = Broker()
        self.cloud = SimCloud(asyncio.get_running_loop())
        for name in ("cmp1", "cmp2"):
            self.cloud.add_host(name)
        self.cloud.add_guest("web", "cmp1")
        self.cloud.hosts.hang("cmp1")
        self.log = HeardLog(self.broker)
        self.ledger = MemoryLedger(ttl=PRODUCTION.lease)
        self.doors = Doors(
            log=self.log,
            ledger=self.ledger,
            cloud=CloudDoor(self.cloud),
            power=Fencing(lambda host: (device,) if host == "cmp1" else ()),
            timing=PRODUCTION,
            outages=Outages(),
            author="w1",
        )
        self.pool = Pool(self.doors, slots=1)

    def order(self, policy: Policy | None = None, subject: Subject | None = None, number: int = 7) -> None:
        """Order the recovery of the host, or of another subject, under an incident of that number."""
        now = self.broker.now()
        opened = Open(
            incident=UUID(int=number),
            n=1,
            attempt=1,
            segment="s1",
            subject=subject or host_subject("cmp1"),
            host_uuid="",
            decided_at=BrokerTime(now),
            opened_at=BrokerTime(now),
            asserted_at=None,
            policy=policy or Policy(),
        )
        self.pool.take(opened, Stamp(partition=0, offset=number, at=BrokerTime(now)))

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(600):
            while not so():  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.1)


class HeardLog(SimLog):
    """Remembers the facts."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker, Process("worker", Counter(), lambda _: None))
        self.facts_heard: list[Fact] = []

    async def publish(self, fact: Fact) -> Stamp:
        """Publish, and remember."""
        self.facts_heard.append(fact)
        return await super().publish(fact)

    def kinds(self) -> list[FactKind]:
        """Return the kinds of all facts."""
        return [fact.kind for fact in self.facts_heard]


def play(device: Slow, story: Callable[[Scene], Awaitable[None]]) -> None:
    """Play the story 20 s after the host fell silent: Nova's record is old enough."""

    async def main() -> None:
        scene = Scene(device)
        await asyncio.sleep(20)
        scene.order()
        await story(scene)
        await scene.pool.close()

    run(main(), start=1000.0)


def test_a_lost_lease_cuts_a_fence_off() -> None:
    device = Slow(off=50.0)

    async def story(scene: Scene) -> None:
        await scene.until(lambda: device.orders == 1)
        scene.ledger.flush()
        began = asyncio.get_running_loop().time()
        await scene.until(lambda: device.cut_off == 1)
        assert asyncio.get_running_loop().time() - began <= (PRODUCTION.renewal + PRODUCTION.lease) / 1000

    play(device, story)


def test_a_device_that_is_slow_to_read_is_still_told_to_switch_off() -> None:
    """Reading may take longer than Nova's word stays fresh; what Nova said was asked for afterwards."""
    device = Slow(read=PRODUCTION.stale_after / 1000 + 3)

    async def story(scene: Scene) -> None:
        await scene.until(lambda: FactKind.FINISHED in scene.log.kinds())
        assert device.orders == 1
        assert FactKind.ABSOLVED not in scene.log.kinds()

    play(device, story)


def test_a_slow_device_is_asked_less_often_but_often_enough() -> None:
    """A reading of an agent takes half a second, and a fifth of one of a processor."""
    asked: dict[float, list[float]] = {}

    class Counted(Slow):
        async def status(self) -> PowerState:
            asked.setdefault(self._read, []).append(asyncio.get_running_loop().time())
            return await super().status()

    async def look_often(device: Slow) -> None:
        """Look as often as ever: once a second."""
        scene = Scene(device)
        observer = HostObserver(
            "cmp1", CloudDoor(scene.cloud), Fencing(lambda _: (device,)), PRODUCTION, scene.ledger.leased
        )
        while asyncio.get_running_loop().time() < 1120.0:
            await observer.look()
            await asyncio.sleep(1.0)

    for seconds in (0.1, 1.0, 9.0):
        run(look_often(Counted(read=seconds)), start=1000.0)
    pauses = {
        seconds: min(later - earlier for earlier, later in pairwise(times[4:]))
        for seconds, times in asked.items()
    }
    assert 1.0 <= pauses[0.1] < 4.0
    assert 5.0 <= pauses[1.0] < 10.0
    assert PRODUCTION.power_fresh / 3000 <= pauses[9.0] < PRODUCTION.power_fresh / 1000


def test_a_hold_says_what_the_device_said() -> None:
    device = Slow()
    device.refuses = True

    async def story(scene: Scene) -> None:
        await scene.until(lambda: FactKind.HELD in scene.log.kinds())
        held = scene.log.facts_heard[-1]
        assert (held.reason, held.detail) == (Reason.FENCE_REFUSED, "bmc: not allowed")
        assert device.orders == 2

    play(device, story)
