"""Power devices: what a BMC answers, switches, refuses, and does by itself.

Knows nothing of Nova. Which host a device belongs to is the host's exact name.
"""

from kasugai.core.recovering.look import PowerState
from kasugai.sim.cloud.hosts import Hosts
from kasugai.sim.cloud.model import Device, Refused
from kasugai.sim.cloud.world import World


class Power:
    """The devices of all hosts."""

    def __init__(self, world: World, hosts: Hosts) -> None:
        """Switch the hosts of `world`."""
        self._world = world
        self._hosts = hosts

    def has(self, host: str) -> bool:
        """Whether a device is configured for exactly this host."""
        return self.count(host) > 0

    def count(self, host: str) -> int:
        """Return how many devices exactly this host has."""
        found = self._world.hosts.get(host)
        if found is None or not found.device.is_configured:
            return 0
        return 1 if found.spare is None else 2

    def read(self, host: str, number: int = 1) -> PowerState:
        """Return the power as a device tells it at this instant."""
        if not self.has(host) or self._device(host, number).is_unreachable:
            return PowerState.UNKNOWN
        return PowerState.ON if self._world.hosts[host].power_on else PowerState.OFF

    def switch_off(self, host: str, number: int = 1) -> None:
        """Switch the host off at once; Refused when the device does not."""
        if not self.has(host):
            raise Refused(404, f"no power device is configured for {host}")
        device = self._device(host, number)
        if device.is_unreachable:
            raise Refused(503, f"the power device of {host} does not answer")
        if device.refuses:
            raise Refused(403, f"the power device of {host} refuses to switch it off")
        self._hosts.power_off(host)

    def switch_on(self, host: str, number: int = 1) -> None:
        """Switch the host on at once; Refused when the device does not."""
        device = self._device(host, number)
        if device.is_unreachable:
            raise Refused(503, f"the power device of {host} does not answer")
        if device.refuses:
            raise Refused(403, f"the power device of {host} refuses to switch it on")
        self._hosts.power_on(host)

    def remove_device(self, host: str) -> None:
        """The host has no power device."""
        self._world.host(host).device.is_configured = False

    def add_spare(self, host: str) -> None:
        """The host has a second power device."""
        self._world.host(host).spare = Device()

    def refuse_fencing(self, host: str, refuses: bool = True, *, number: int = 1) -> None:
        """The device answers questions and does not switch."""
        self._device(host, number).refuses = refuses

    def cut_bmc(self, host: str, cut: bool = True, *, number: int = 1) -> None:
        """The device does not answer at all."""
        self._device(host, number).is_unreachable = cut

    def comes_back_by_itself(self, host: str, after: float | None) -> None:
        """The device's restore policy: so many seconds after a power loss the host is switched on; None: never."""
        self._world.host(host).device.comes_back_after = after

    def _device(self, host: str, number: int) -> Device:
        found = self._world.host(host)
        device = found.device if number == 1 else found.spare
        if device is None:
            raise KeyError(f"{host} has no second power device")
        return device
