"""Cold migrations: a guest is moved while it is off, and waits for a confirmation before its former host lets go of it.

Source: Nova 34's compute/api.py (resize, confirm_resize), conductor/tasks/migrate.py and compute/manager.py. The record
is `pre-migrating` from the call on (`error` without a valid host), `migrating` while the guest is off, `post-migrating`
once Nova names its new host, `finished` when it is there (vm_state `resized`, on or off as it was), `confirmed` at
the end.
"""

from collections.abc import Callable

from kasugai.core.recovering.nova_views import COLD_MIGRATION, By
from kasugai.sim.cloud.actions import Action, Actions
from kasugai.sim.cloud.controllers import CONTROLLER
from kasugai.sim.cloud.model import RESIZE, RUNNING, Answer, Guest, Host, Migration, Refused
from kasugai.sim.cloud.scheduler import Chooser
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.states import need
from kasugai.sim.cloud.world import World

PREPARING, MIGRATING, MIGRATED = "resize_prep", "resize_migrating", "resize_migrated"
REVERTING = "resize_reverting"
MIGRATABLE = ("active", "stopped")
UNAVAILABLE = "Service is unavailable at this time."
NOT_RESIZED = "Instance has not been resized."
NOWHERE = "No valid host was found. No valid host found for cold migrate"


class ColdMigrations:
    """Moves guests whose hosts live."""

    def __init__(self, world: World, services: Services, actions: Actions, chooser: Chooser) -> None:
        """Move guests of `world`; `chooser` says where to."""
        self._world = world
        self._services = services
        self._actions = actions
        self._chooser = chooser

    def migrate(self, guest: Guest, target: str | None = None, by: By = By.US) -> Answer[None]:
        """POST migrate: 202 also when there is nowhere to go, which the action and the record tell afterwards; 409 when
        the guest's host is not up, 400 for a host that Nova does not know or that is the guest's own."""
        need(guest, "migrate", MIGRATABLE)
        if target is not None and target not in self._world.hosts:
            raise Refused(400, f"Compute host {target} could not be found.")
        if target is not None and target == guest.host:
            raise Refused(400, "The target host can't be the same one.")
        return self._move(guest, "migrate", COLD_MIGRATION, target, by)

    def resize(self, guest: Guest, by: By) -> Answer[None]:
        """POST resize: as a migration, with a record of a type of its own."""
        need(guest, "resize", MIGRATABLE)
        return self._move(guest, "resize", RESIZE, None, by)

    def _move(self, guest: Guest, name: str, migration_type: str, target: str | None, by: By) -> Answer[None]:
        self._need_up(guest.host or "")
        guest.task_state = PREPARING
        action = self._actions.start(guest, name, by)
        record = self._world.add_migration(guest, migration_type)
        self._world.set_status(record, "pre-migrating")
        self._world.later(self._world.pace.schedule, lambda: self._choose(guest, record, action, target))
        return self._accepted(guest, action)

    def revert(self, guest: Guest, by: By) -> Answer[None]:
        """POST revertResize: the destination drops its copy, and the former host has the guest again, on or off as it
        was (compute/manager.py, revert_resize and finish_revert_resize)."""
        need(guest, "revertResize", ("resized",))
        record = self._finished(guest)
        self._need_up(record.source)
        guest.task_state = REVERTING
        self._world.set_status(record, "reverting")
        action = self._actions.start(guest, "revertResize", by)
        dest = self._world.hosts[record.dest or ""]
        self._after_power(dest, lambda: self._go_back(guest, record, action))
        return self._accepted(guest, action)

    def confirm(self, guest: Guest, by: By = By.US) -> Answer[None]:
        """POST confirmResize: the former host drops its copy. 409 where nothing waits for it, 400 while another
        confirmation is under way: until it ends the guest stays `resized` without a task."""
        need(guest, "confirmResize", ("resized",))
        record = self._finished(guest)
        self._need_up(record.source)
        self._world.set_status(record, "confirming")
        action = self._actions.start(guest, "confirmResize", by)
        self._after_power(self._world.hosts[record.source], lambda: self._let_go(guest, record, action))
        return self._accepted(guest, action)

    def _finished(self, guest: Guest) -> Migration:
        """Return the record that waits for a confirmation; 400 without any."""
        mine = (m for m in reversed(self._world.migrations) if m.guest == guest.uuid)
        record = next((m for m in mine if m.status == "finished"), None)
        if record is None:
            raise Refused(400, NOT_RESIZED)
        return record

    def _choose(self, guest: Guest, record: Migration, action: Action, target: str | None) -> None:
        if guest.deleted or guest.task_state != PREPARING:
            return
        dest = self._chooser.choose_for(guest, record.source, target)
        event = self._actions.begin(action, "cold_migrate", CONTROLLER)
        if dest is None:
            guest.task_state, guest.fault = None, NOWHERE
            self._world.set_status(record, "error")
            self._actions.finish(action, event, NOWHERE)
            return
        self._actions.finish(action, event)
        record.dest = dest.name
        source = self._world.hosts[record.source]
        self._after_power(dest, lambda: self._after_power(source, lambda: self._leave(guest, record, action)))

    def _leave(self, guest: Guest, record: Migration, action: Action) -> None:
        """The source switches the guest off and hands it over."""
        if guest.deleted or guest.task_state != PREPARING:
            return
        guest.task_state = MIGRATING
        self._world.set_status(record, "migrating")
        self._world.diary.stop(guest.uuid, record.source)
        source, hand_over = self._world.hosts[record.source], lambda: self._hand_over(guest, record, action)
        self._after_power(source, hand_over, self._world.pace.cold)

    def _hand_over(self, guest: Guest, record: Migration, action: Action) -> None:
        if guest.deleted or guest.task_state != MIGRATING:
            return
        self._finish(action, "compute_resize_instance", record.source)
        guest.host, guest.task_state = record.dest, MIGRATED
        self._world.set_status(record, "post-migrating")
        self._after_power(self._world.hosts[record.dest or ""], lambda: self._arrive(guest, record, action))

    def _arrive(self, guest: Guest, record: Migration, action: Action) -> None:
        if guest.deleted or guest.task_state != MIGRATED:
            return
        dest = record.dest or ""
        was_off = guest.vm_state == "stopped"
        guest.vm_state, guest.task_state, guest.launched_at = "resized", None, self._world.now()
        self._world.diary.define(guest.uuid, dest)
        if not was_off:
            guest.power_state = RUNNING
            self._world.diary.start(guest.uuid, dest)
        self._world.set_status(record, "finished")
        self._finish(action, "compute_finish_resize", dest)

    def _let_go(self, guest: Guest, record: Migration, action: Action) -> None:
        if guest.deleted or record.status != "confirming":
            return
        self._world.diary.destroy(guest.uuid, record.source)
        guest.vm_state = "active" if guest.power_state == RUNNING else "stopped"
        guest.task_state = None
        self._world.set_status(record, "confirmed")
        self._finish(action, "compute_confirm_resize", record.source)

    def _go_back(self, guest: Guest, record: Migration, action: Action) -> None:
        """The destination has dropped it, and hands it back."""
        if guest.deleted or record.status != "reverting":
            return
        self._world.diary.stop(guest.uuid, record.dest or "")
        self._world.diary.destroy(guest.uuid, record.dest or "")
        guest.host = record.source
        source = self._world.hosts[record.source]
        self._after_power(source, lambda: self._is_back(guest, record, action))

    def _is_back(self, guest: Guest, record: Migration, action: Action) -> None:
        if guest.deleted or record.status != "reverting":
            return
        is_on = guest.power_state == RUNNING
        if is_on:
            self._world.diary.start(guest.uuid, record.source)
        guest.vm_state, guest.task_state = "active" if is_on else "stopped", None
        self._world.set_status(record, "reverted")
        self._finish(action, "compute_finish_revert_resize", record.source)

    def _need_up(self, host: str) -> None:
        if not self._services.is_up(self._world.hosts[host]):
            raise Refused(409, UNAVAILABLE)

    def _after_power(self, host: Host, act: Callable[[], None], longer: float = 0.0) -> None:
        """Act after what a host takes for it, and so much `longer`; one that does not answer then acts when it does
        again."""

        def on_time() -> None:
            if host.answers:
                act()
            else:
                host.inbox.append(act)

        self._world.later(self._world.pace.power + longer, on_time)

    def _finish(self, action: Action, event: str, host: str) -> None:
        self._actions.finish(action, self._actions.begin(action, event, host))

    def _accepted(self, guest: Guest, action: Action) -> Answer[None]:
        guest.updated_at = self._world.now()
        return Answer(None, self._world.draw(self._world.pace.call), action.request_id)
