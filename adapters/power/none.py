"""The Power port where no power device is configured: nothing can be read, nothing can be switched.

A host without a device is recovered only when somebody who is trusted vouches that it has been fenced.
"""

from kasugai.core.recovering.doors import FenceRefused
from kasugai.core.recovering.look import PowerState


class NoPower:
    """No device for any host."""

    def has(self, host: str) -> bool:
        """Whether a device is configured for exactly this host."""
        return False

    async def read(self, host: str) -> PowerState:
        """Return the host's power."""
        return PowerState.UNKNOWN

    async def fence(self, host: str) -> None:
        """Refuse."""
        raise FenceRefused(f"no power device is configured for {host}")

    async def switch_on(self, host: str) -> None:
        """Refuse."""
        raise FenceRefused(f"no power device is configured for {host}")
