"""A hypervisor without machines: Nova's fake driver, whose guests outlive nova-compute, whose spawns can be slow or
fail, and which keeps a diary, so that whether a guest ran twice is not for Nova's records to say.

In the folder KASUGAI_HYPERVISORS: `diary.jsonl`, a line for each thing that happened to a guest on any hypervisor;
`HOST.guests.json`, the host's guests with their power state (what a real hypervisor still has when nova-compute comes
back); `HOST.wish.json`, read while a guest is built: {"seconds": 1.5, "fails": "no disk"}; `HOST.UUID.ended`: the guest
ceases by itself, which is seen (and the file removed) when nova-compute looks at it. Runs in Nova's environment.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from nova import exception
from nova.compute import power_state
from nova.virt import fake

FOLDER = Path(os.environ["KASUGAI_HYPERVISORS"])


class Hypervisor(fake.FakeDriverWithoutFakeNodes):  # type: ignore[misc]  # Nova ships no types
    """One host's guests. A line of the diary is written before Nova hears of what it tells."""

    def init_host(self, host: str) -> None:
        """Find the guests that are on this host."""
        super().init_host(host)
        self._kept = FOLDER / f"{host}.guests.json"
        if self._kept.exists():
            for uuid, (name, state) in json.loads(self._kept.read_text()).items():
                self.instances[uuid] = fake.FakeInstance(name, state, uuid)

    def spawn(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Build a guest, as slowly and as badly as was wished."""
        self._tell("building", instance)
        began = time.monotonic()
        while time.monotonic() < began + self._wish().get("seconds", 0.0):
            time.sleep(0.05)
        if fault := self._wish().get("fails"):
            self._tell("build failed", instance)
            raise exception.NovaException(fault)
        super().spawn(context, instance, *args, **kwargs)
        runs = self.instances[instance.uuid].state == power_state.RUNNING
        self._change("started" if runs else "defined", instance)

    def destroy(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Remove a guest."""
        was_here = instance.uuid in self.instances
        super().destroy(context, instance, *args, **kwargs)
        if was_here:
            self._change("destroyed", instance)

    def power_off(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Switch a guest off."""
        super().power_off(instance, *args, **kwargs)
        self._change("stopped", instance)

    def power_on(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Switch a guest on."""
        super().power_on(context, instance, *args, **kwargs)
        self._change("started", instance)

    def pause(self, instance: Any) -> None:
        """Let a guest stand still; it stays in memory."""
        self._set(instance, power_state.PAUSED, "paused")

    def unpause(self, instance: Any) -> None:
        """Let it go on."""
        self._set(instance, power_state.RUNNING, "started")

    def suspend(self, context: Any, instance: Any) -> None:
        """Write a guest's memory to disk."""
        self._set(instance, power_state.SHUTDOWN, "stopped")

    def resume(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Read it from there."""
        self._set(instance, power_state.RUNNING, "started")

    def rescue(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Start a guest from another disk."""
        self._set(instance, power_state.RUNNING, "started")

    def get_info(self, instance: Any, use_cache: bool = True) -> Any:
        """Look at a guest, which may have ceased by itself."""
        ended = FOLDER / f"{self._host}.{instance.uuid}.ended"
        if instance.uuid in self.instances and ended.exists():
            ended.unlink(missing_ok=True)
            self._set(instance, power_state.SHUTDOWN, "stopped")
        return super().get_info(instance, use_cache)

    def live_migration(self, *args: Any, **kwargs: Any) -> None:
        """Carry a guest over, as soon as that is not held up."""
        while self._wish().get("holds_migrations"):
            time.sleep(0.1)
        super().live_migration(*args, **kwargs)

    def migrate_disk_and_power_off(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Let a guest go to another host: here it only stands still until that is confirmed."""
        self._set(instance, power_state.SHUTDOWN, "stopped")

    def finish_revert_migration(self, context: Any, instance: Any, *args: Any, **kwargs: Any) -> None:
        """Take back a guest that had gone."""
        super().finish_revert_migration(context, instance, *args, **kwargs)
        self._change("started", instance)

    def _set(self, instance: Any, state: int, event: str) -> None:
        self.instances[instance.uuid].state = state
        self._change(event, instance)

    def _change(self, event: str, instance: Any) -> None:
        """Tell it, and keep what is on this host now."""
        self._tell(event, instance)
        kept = {uuid: (guest.name, guest.state) for uuid, guest in self.instances.items()}
        part = self._kept.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
        part.write_text(json.dumps(kept))
        part.replace(self._kept)

    def _tell(self, event: str, instance: Any) -> None:
        line = {"at": time.time(), "host": self._host, "event": event, "guest": instance.uuid}
        with (FOLDER / "diary.jsonl").open("a") as diary:
            diary.write(json.dumps(line) + "\n")

    def _wish(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((FOLDER / f"{self._host}.wish.json").read_text())
        except FileNotFoundError:
            return {}
        return found
