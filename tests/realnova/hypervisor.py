"""The hypervisor of one host: Nova's fake driver, which here takes time, fails, hangs with its host, and remembers its
guests when nova-compute is started again."""

import itertools
import time
from typing import Any

import eventlet
import greenlet
from nova import exception
from nova.compute import power_state
from nova.virt import fake

BEAT = 0.02
"""Seconds between two looks of a build at what became of its host."""

SHUT_DOWN, RUNNING = power_state.SHUTDOWN, power_state.RUNNING


class Hypervisor(fake.MediumFakeDriver):  # type: ignore[misc]
    """Room for ten guests or so."""

    def __init__(self, virtapi: Any) -> None:
        """An empty host in good health."""
        super().__init__(virtapi)
        self._life = itertools.count()
        self.life = next(self._life)
        """Grows with each death: what an earlier nova-compute had begun never ends."""
        self.takes = 0.0
        """Seconds that a build takes; may be changed while one is under way."""
        self.fault = ""
        """Why builds fail."""
        self.holds_migrations = False
        """Whether live migrations stay under way."""
        self.refuses_migrations = False
        """Whether it cannot prepare for a live migration to it."""
        self.is_closing = False
        """Whether all ends: what hangs is let go."""

    def die(self, *, with_guests: bool) -> None:
        """Let what is being built hang for ever; with the host, its guests stop running."""
        self.life = next(self._life)
        if with_guests:
            for guest in self.instances.values():
                guest.state = SHUT_DOWN

    def spawn(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Build a guest, in its time, unless the host dies meanwhile or fails."""
        self._work()
        if self.fault:
            raise exception.NovaException(self.fault)
        super().spawn(context, instance, *args, **kwargs)

    def live_migration(self, *args: Any, **kwargs: Any) -> None:
        """Carry a guest over, as soon as that is not held up."""
        while self.holds_migrations:
            self._hang_on()
        super().live_migration(*args, **kwargs)

    def pre_live_migration(self, *args: Any, **kwargs: Any) -> Any:
        """Prepare for a guest from elsewhere."""
        if self.refuses_migrations:
            raise exception.MigrationPreCheckError(reason="another CPU")
        return super().pre_live_migration(*args, **kwargs)

    def post_live_migration(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """The guest has gone."""
        self.instances.pop(instance.uuid, None)

    def pause(self, instance: Any) -> None:
        """Let a guest stand still."""
        self.instances[instance.uuid].state = power_state.PAUSED

    def unpause(self, instance: Any) -> None:
        """Let it go on."""
        self.instances[instance.uuid].state = RUNNING

    def suspend(self, context: Any, instance: Any) -> None:
        """Write its memory to disk."""
        self.instances[instance.uuid].state = SHUT_DOWN

    def resume(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Read it from there."""
        self.instances[instance.uuid].state = RUNNING

    def rescue(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Start a guest from another disk."""
        self.instances[instance.uuid].state = RUNNING

    def migrate_disk_and_power_off(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Let a guest go to another host: here it only stands still until that is confirmed."""
        self.instances[instance.uuid].state = SHUT_DOWN

    def truth(self) -> dict[str, str]:
        """Return the guests that are here: `running` (one that stands still too) or `stopped` by uuid."""
        return {
            uuid: "stopped" if guest.state == SHUT_DOWN else "running"
            for uuid, guest in self.instances.items()
        }

    def _work(self) -> None:
        life, began = self.life, time.monotonic()
        while self.life != life or time.monotonic() < began + self.takes:
            self._hang_on()

    def _hang_on(self) -> None:
        """Wait a moment; when all ends, end as a killed process does: no handler of errors may run."""
        if self.is_closing:
            raise greenlet.GreenletExit
        eventlet.sleep(BEAT)
