"""What happens to machines: power, boots, hangs, cut networks, a nova-compute that dies and starts.

Knows what a start of nova-compute does to evacuated guests (nova.md; Nova's `_destroy_evacuated_instances`), and
nothing of how an evacuation goes.
"""

from collections.abc import Callable

from kasugai.core.recovering.nova_views import EVACUATION
from kasugai.sim.cloud.cold import MIGRATING, PREPARING
from kasugai.sim.cloud.guests import Guests
from kasugai.sim.cloud.model import MANAGEMENT, REBUILD_TASKS, Guest, Host
from kasugai.sim.cloud.reaper import Reaper
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.sync import PowerSync
from kasugai.sim.cloud.world import World

UNFINISHED = ("accepted", "pre-migrating", "done")
"""Evacuations whose guests a starting source destroys, landed or not, and whose records it sets to `completed`."""


class Hosts:
    """The machines of a world."""

    def __init__(
        self, world: World, services: Services, guests: Guests, reaper: Reaper, sync: PowerSync
    ) -> None:
        """Act on the machines of `world`."""
        self._reaper = reaper
        self._sync = sync
        self._world = world
        self._services = services
        self._guests = guests

    def power_off(self, name: str) -> None:
        """The machine loses power: its guests cease; its records stay as they are."""
        host = self._world.host(name)
        if not host.power_on:
            return
        self._lose_everything(host)
        host.power_on = False
        self._services.follow(host)
        if host.device.comes_back_after is not None:
            self._world.later(host.device.comes_back_after, lambda: self.power_on(name))

    def power_on(self, name: str) -> None:
        """The machine gets power and boots; nova-compute runs after `pace.boot`."""
        host = self._world.host(name)
        if not host.power_on:
            host.power_on = True
            self._boot(host)

    def reboot(self, name: str) -> None:
        """The machine restarts by itself: its guests cease, its power stays on."""
        host = self._world.host(name)
        if host.power_on:
            self._lose_everything(host)
            self._services.follow(host)
            self._boot(host)

    def hang(self, name: str) -> None:
        """The machine stands still. Its guests still count as running: nobody can prove otherwise."""
        host = self._world.host(name)
        host.is_hung = True
        self._services.follow(host)

    def wake(self, name: str) -> None:
        """It goes on where it stood."""
        host = self._world.host(name)
        host.is_hung = False
        self._come_back(host)

    def unplug(self, name: str, network: str = MANAGEMENT) -> None:
        """Cut it off from a network: its guests keep running; without management it does not report."""
        host = self._world.host(name)
        host.unplugged.add(network)
        self._services.follow(host)

    def plug(self, name: str, network: str = MANAGEMENT) -> None:
        """Connect it again."""
        host = self._world.host(name)
        host.unplugged.discard(network)
        self._come_back(host)

    def kill_compute(self, name: str) -> None:
        """nova-compute dies; guests keep running, what it was doing is lost."""
        host = self._world.host(name)
        self._end_life(host)
        self._services.follow(host)

    def start_compute(self, name: str) -> None:
        """nova-compute starts: cleans up after evacuations, then takes up what waited for it."""
        host = self._world.host(name)
        if not host.power_on or host.compute_runs:
            return
        host.compute_runs = True
        self._services.make_anew(host)
        self._clean_up(host)
        self._services.follow(host)
        self._services.sync_trait(host)
        self._after(host, self._world.pace.startup, lambda: self._take_up(host))

    def restart_compute(self, name: str) -> None:
        """nova-compute dies and starts at once."""
        self.kill_compute(name)
        self.start_compute(name)

    def _boot(self, host: Host) -> None:
        host.boots += 1
        self._after(host, self._world.pace.boot / 2, lambda: self._autostart(host))
        self._after(host, self._world.pace.boot, lambda: self.start_compute(host.name))

    def _after(self, host: Host, seconds: float, act: Callable[[], None]) -> None:
        """Act unless the machine or its nova-compute has died in between."""
        life = host.life

        def still_alive() -> None:
            if host.life == life and host.power_on:
                act()

        self._world.later(seconds, still_alive)

    def _lose_everything(self, host: Host) -> None:
        host.asleep |= self._world.diary.stop_all(host.name)
        host.is_hung = False
        self._end_life(host)

    def _end_life(self, host: Host) -> None:
        self._services.write_last_word(host)
        host.compute_runs = False
        host.life += 1
        host.parked.clear()
        host.claimed.clear()

    def _autostart(self, host: Host) -> None:
        for guest in sorted(host.asleep):
            if self._world.autostart:
                self._world.diary.start(guest, host.name)
            elif self._world.compares_boots:
                self._sync.suspect(self._world.guests[guest])
        host.asleep.clear()

    def _take_up(self, host: Host) -> None:
        """What a nova-compute does when it has started: the work that waited, and its first round."""
        self._come_back(host)
        self._reaper.reap(host)
        self._sync.go_round(host)

    def _come_back(self, host: Host) -> None:
        """Carry out what waited in the queue and in the process."""
        self._services.follow(host)
        if not host.answers:
            return
        parked, host.parked = host.parked, []
        inbox, host.inbox = host.inbox, []
        for work in (*parked, *inbox):
            work()
        for guest in self._recorded_on(host):
            self._guests.carry_out(guest)
        self._sync.expect_round(host)

    def _clean_up(self, host: Host) -> None:
        """What nova-compute does before all else: destroy evacuated guests, put half-done work into ERROR. Of several
        records of a guest it sees the newest only (it keeps them by guest), so that another start is needed for each
        further one; that of a deleted guest of which it has no copy stays (Nova 34, _destroy_evacuated_instances)."""
        evacuated = {
            record.guest: record
            for record in self._world.migrations
            if record.source == host.name
            and record.migration_type == EVACUATION
            and record.status in UNFINISHED
        }
        for uuid, record in evacuated.items():
            if host.name in self._world.diary.copies_of(uuid) or not self._world.guests[uuid].deleted:
                self._world.diary.destroy(uuid, host.name)
                self._world.set_status(record, "completed")
        for guest in self._recorded_on(host):
            if guest.uuid not in evacuated:
                self._start_up(guest)

    def _start_up(self, guest: Guest) -> None:
        if guest.task_state in REBUILD_TASKS and guest.vm_state in ("active", "stopped"):
            guest.vm_state, guest.task_state = "error", None
        elif guest.task_state == "migrating":
            self._guests.reset_live_migration(guest)
        elif guest.task_state in (PREPARING, MIGRATING):
            if guest.task_state == MIGRATING and guest.vm_state == "active":
                self._world.diary.start(guest.uuid, guest.host or "")
            guest.task_state = None

    def _recorded_on(self, host: Host) -> list[Guest]:
        return [g for g in self._world.guests.values() if g.host == host.name and not g.deleted]
