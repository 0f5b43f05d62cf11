"""The Power port over the simulated cloud's devices: the production rules for several devices, played under any loop.

A device's order reaches it some seconds after it was given, whatever becomes of its caller meanwhile.
"""

import asyncio
from collections.abc import Callable

from kasugai.adapters.power import DeviceTrouble, Fencing
from kasugai.adapters.power.opening import SHARE
from kasugai.core.recovering.look import PowerState
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from kasugai.sim.cloud.wire import Request


class PowerDoor(Fencing):
    """The devices of all hosts of a cloud."""

    def __init__(self, cloud: SimCloud, *, fence: float = 60.0, sender: str = "") -> None:
        """`fence`: seconds that a host's devices share."""
        super().__init__(lambda host: _devices(cloud, host, fence * SHARE, sender))


def _devices(cloud: SimCloud, host: str, budget: float, sender: str) -> "tuple[SimDevice, ...]":
    count = cloud.power.count(host)
    return tuple(SimDevice(cloud, host, number, budget / count, sender) for number in range(1, count + 1))


class SimDevice:
    """One device of one host."""

    def __init__(self, cloud: SimCloud, host: str, number: int, timeout: float, sender: str) -> None:
        """`number`: from 1, in the order in which devices are tried."""
        self._cloud = cloud
        self._host = host
        self._number = number
        self._timeout = timeout
        self._sender = sender

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"device {self._number}"

    @property
    def timeout(self) -> float:
        """Seconds for switching off, reading back included."""
        return self._timeout

    async def status(self) -> PowerState:
        """Return ON or OFF; DeviceTrouble when it does not answer."""
        self._note("GET", "power")
        await asyncio.sleep(self._cloud.world.draw(self._cloud.world.pace.device))
        state = self._cloud.power.read(self._host, self._number)
        if state is PowerState.UNKNOWN:
            raise DeviceTrouble("it does not answer")
        return state

    async def off(self) -> None:
        """Switch the host off; DeviceTrouble when it refuses."""
        await self._order("fence", self._cloud.power.switch_off)

    async def on(self) -> None:
        """Switch the host on; DeviceTrouble when it refuses."""
        await self._order("power-on", self._cloud.power.switch_on)

    async def _order(self, action: str, switch: Callable[[str, int], None]) -> None:
        request = self._note("POST", action)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        world = self._cloud.world
        world.later(world.draw(world.pace.fence), lambda: self._switch(request, done, switch))
        try:
            await done
        except Refused as refusal:
            raise DeviceTrouble(refusal.message) from refusal

    def _switch(
        self, request: Request, done: "asyncio.Future[None]", switch: Callable[[str, int], None]
    ) -> None:
        request.arrived = self._cloud.world.now()
        try:
            switch(self._host, self._number)
            request.status = 200
        except Refused as refusal:
            request.status = refusal.status
            if not done.done():
                done.set_exception(refusal)
        if not done.done():
            done.set_result(None)

    def _note(self, method: str, action: str) -> Request:
        request = Request(
            t=self._cloud.world.now(),
            method=method,
            path=f"power://{self._host}",
            action=action,
            subject=self._host,
            sender=self._sender,
        )
        self._cloud.wire.note(request)
        return request
