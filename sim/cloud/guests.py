"""What users and operators do to guests besides evacuating them: stop, start, reset, lock, delete, live-migrate.

Answers and rules are nova.md's. A guest whose host does not answer keeps its task until the host returns.
"""

from kasugai.sim.cloud.actions import Action, Actions
from kasugai.sim.cloud.model import (
    LIVE_MIGRATION,
    RUNNING,
    SHUT_DOWN,
    UNEXPECTED,
    Answer,
    Guest,
    Host,
    Migration,
    Refused,
)
from kasugai.sim.cloud.reaper import Reaper
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.world import World

STOPPABLE = ("active", "error")
STOPPING, STARTING, MIGRATING = "powering-off", "powering-on", "migrating"
DELETING, SOFT_DELETING = "deleting", "soft-deleting"


class Guests:
    """The life of guests on their hosts."""

    def __init__(self, world: World, services: Services, actions: Actions, reaper: Reaper) -> None:
        """Act on the guests of `world`."""
        self._world = world
        self._services = services
        self._reaper = reaper
        self._actions = actions
        self._asked: dict[str, Action] = {}
        """By guest: the stop or start that it waits for."""

    def find(self, uuid: str) -> Guest:
        """Return the guest that the API finds under this id; 404 else, 500 in an unreadable silent cell."""
        guest = self._world.guests.get(uuid)
        if guest is None or guest.deleted:
            raise Refused(404, f"Instance {uuid} could not be found.")
        self._world.can_read(guest)
        return guest

    def stop(self, uuid: str) -> Answer[None]:
        """os-stop: from vm_state error too; on a dead host it stays powering-off until the host returns, and now and
        then the answer is 500 all the same."""
        guest = self.find(uuid)
        self._need(guest, "stop", STOPPABLE)
        if self._world.fails("stop") or self._is_unlucky(guest):
            guest.task_state = STOPPING
            raise Refused(500, UNEXPECTED, self._actions.start(guest, "stop").request_id)
        return self._ask(guest, "stop", STOPPING)

    def start(self, uuid: str) -> Answer[None]:
        """os-start: from stopped only."""
        guest = self.find(uuid)
        self._need(guest, "start", ("stopped",))
        return self._ask(guest, "start", STARTING)

    def pause(self, uuid: str) -> Answer[None]:
        """Pause: from active only; at once."""
        guest = self.find(uuid)
        self._need(guest, "pause", ("active",))
        guest.vm_state = "paused"
        return self._accepted(guest, self._actions.start(guest, "pause"))

    def reset_state(self, uuid: str, state: str) -> Answer[None]:
        """os-resetState: vm_state `error` or `active`, no task; whatever is under way is not stopped."""
        guest = self.find(uuid)
        guest.vm_state, guest.task_state = state, None
        return self._accepted(guest)

    def lock(self, uuid: str, reason: str | None = None, by: str = "admin") -> Answer[None]:
        """Lock it; an admin's calls pass all the same."""
        guest = self.find(uuid)
        guest.locked_by, guest.locked_reason = by, reason
        return self._accepted(guest)

    def unlock(self, uuid: str) -> Answer[None]:
        """Unlock it."""
        guest = self.find(uuid)
        guest.locked_by = guest.locked_reason = None
        return self._accepted(guest)

    def delete(self, uuid: str) -> Answer[None]:
        """Delete it. Where its host is down Nova deletes the record alone; where it only believes it up the DELETE
        waits in the host's queue, with task `deleting`, and no evacuation minds."""
        guest = self.find(uuid)
        answer = self._accepted(guest, self._actions.start(guest, "delete"))
        host = self._world.hosts.get(guest.host or "")
        if host is None or host.answers or not self._services.is_up(host):
            self._terminate(guest, host)
        else:
            guest.task_state = DELETING
            host.inbox.append(lambda: self._terminate(guest, host))
        return answer

    def resume_deletion(self, guest: Guest) -> None:
        """A guest that is added in the middle of being deleted: the DELETE waits in its host's queue."""
        host = self._world.hosts[guest.host or ""]
        if guest.task_state == DELETING:
            host.inbox.append(lambda: self._terminate(guest, host))
        elif guest.task_state == SOFT_DELETING:
            host.inbox.append(lambda: self._soft_delete(guest, host))

    def _terminate(self, guest: Guest, host: Host | None) -> None:
        """Delete the record, and the copy of the host that was asked to: one that an evacuation has built elsewhere
        runs on, and Nova does not know it any more."""
        guest.deleted = True
        if host is not None and host.answers:
            self._world.diary.destroy(guest.uuid, host.name)
        self._reaper.expect(guest)

    def _soft_delete(self, guest: Guest, host: Host) -> None:
        """A guest that was evacuated meanwhile has another task, or none: the soft DELETE fails."""
        if guest.task_state == SOFT_DELETING:
            self._world.diary.stop(guest.uuid, host.name)
            self._settle(guest, "soft-delete", "soft-delete", SHUT_DOWN)

    def _is_unlucky(self, guest: Guest) -> bool:
        host, share = self._world.hosts.get(guest.host or ""), self._world.flaky_stops
        return share > 0 and host is not None and not host.answers and self._world.chance.random() < share

    def carry_out(self, guest: Guest) -> None:
        """Carry out a stop or a start that waited for the host."""
        host = self._world.hosts.get(guest.host or "")
        if guest.deleted or host is None or not host.answers:
            return
        if guest.task_state == STOPPING:
            self._world.diary.stop(guest.uuid, host.name)
            self._settle(guest, "stop", "stopped", SHUT_DOWN)
        elif guest.task_state == STARTING:
            self._world.diary.start(guest.uuid, host.name)
            self._settle(guest, "start", "active", RUNNING)

    def live_migrate(
        self, guest: Guest, dest: str, *, switch_after: float = 5.0, finish_after: float = 6.0
    ) -> Migration:
        """Begin a live migration: the guest runs on `dest` from `switch_after` on, and Nova names `dest` from
        `finish_after` on; each needs both hosts alive (a source that dies in between leaves Nova wrong)."""
        self._world.host(dest)
        guest.task_state = MIGRATING
        record = self._world.add_migration(guest, LIVE_MIGRATION, dest)
        self._world.set_status(record, "running")
        self._world.later(switch_after, lambda: self.switch_over(record))
        self._world.later(finish_after, lambda: self._finish_live_migration(record))
        return record

    def switch_over(self, record: Migration) -> None:
        """The guest ceases on the source and runs on the destination; Nova's record does not know yet."""
        guest = self._world.guests[record.guest]
        if self._still_migrates(record) and record.source in self._world.diary.running_on(guest.uuid):
            self._world.diary.destroy(guest.uuid, record.source)
            self._world.diary.start(guest.uuid, record.dest or "")

    def reset_live_migration(self, guest: Guest) -> None:
        """What a starting source does about a migration that it was in."""
        guest.task_state = None
        for record in self._world.migrations:
            if (
                record.guest == guest.uuid
                and record.migration_type == LIVE_MIGRATION
                and record.status == "running"
            ):
                self._world.set_status(record, "error")

    def _finish_live_migration(self, record: Migration) -> None:
        guest = self._world.guests[record.guest]
        if self._still_migrates(record) and record.dest in self._world.diary.running_on(guest.uuid):
            guest.host, guest.task_state = record.dest, None
            self._world.set_status(record, "completed")

    def _still_migrates(self, record: Migration) -> bool:
        guest, hosts = self._world.guests[record.guest], self._world.hosts
        alive = hosts[record.source].answers and record.dest is not None and hosts[record.dest].answers
        return alive and record.status == "running" and guest.task_state == MIGRATING and not guest.deleted

    def _ask(self, guest: Guest, what: str, task: str) -> Answer[None]:
        guest.task_state = task
        action = self._asked[guest.uuid] = self._actions.start(guest, what)
        self._world.later(self._world.pace.power, lambda: self.carry_out(guest))
        return self._accepted(guest, action)

    def _settle(self, guest: Guest, what: str, vm_state: str, power_state: int) -> None:
        guest.vm_state, guest.task_state, guest.power_state = vm_state, None, power_state
        guest.updated_at = self._world.now()
        action = self._asked.pop(guest.uuid, None)
        if action is not None:
            event = self._actions.begin(action, f"compute_{what}_instance", guest.host or "")
            self._actions.finish(action, event)

    def _accepted(self, guest: Guest, action: Action | None = None) -> Answer[None]:
        guest.updated_at = self._world.now()
        took = self._world.draw(self._world.pace.call)
        return Answer(None, took, action.request_id if action else "")

    @staticmethod
    def _need(guest: Guest, action: str, vm_states: tuple[str, ...]) -> None:
        """Nova's check_instance_state: the vm_state (measured) and no task (its default; evacuate asks for neither)."""
        wrong = None
        if guest.vm_state not in vm_states:
            wrong = f"vm_state {guest.vm_state}"
        elif guest.task_state is not None:
            wrong = f"task_state {guest.task_state}"
        if wrong:
            raise Refused(409, f"Cannot '{action}' instance {guest.uuid} while it is in {wrong}")
