"""What users and operators do to guests besides moving them off dead hosts: the verbs of `verbs`, reset, lock, delete,
live-migrate.

Answers and rules are nova.md's. A guest whose host does not answer keeps its task until the host returns.
"""

from collections.abc import Mapping

from kasugai.core.recovering.nova_views import LIVE_MIGRATION, By
from kasugai.sim.cloud.actions import Action, Actions
from kasugai.sim.cloud.controllers import CONTROLLER
from kasugai.sim.cloud.model import (
    PAUSED,
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
from kasugai.sim.cloud.scheduler import Chooser
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.states import need, need_host
from kasugai.sim.cloud.verbs import BY_TASK, SHELVE, STOP, UNSHELVE, VERBS, Verb
from kasugai.sim.cloud.voice import COMPUTE
from kasugai.sim.cloud.world import World

MIGRATING = "migrating"
DELETING, SOFT_DELETING = "deleting", "soft-deleting"


class Guests:
    """The life of guests on their hosts."""

    def __init__(
        self, world: World, services: Services, actions: Actions, reaper: Reaper, chooser: Chooser
    ) -> None:
        """Act on the guests of `world`; `chooser` says where one is unshelved."""
        self._world = world
        self._services = services
        self._reaper = reaper
        self._actions = actions
        self._chooser = chooser
        self._asked: dict[str, Action] = {}
        """By guest: what it waits for."""

    def find(self, uuid: str) -> Guest:
        """Return the guest that the API finds under this id; 404 else, 500 in an unreadable silent cell."""
        guest = self._world.guests.get(uuid)
        if guest is None or guest.deleted:
            raise Refused(404, f"Instance {uuid} could not be found.")
        self._world.can_read(guest)
        return guest

    def stop(self, uuid: str, by: By = By.US) -> Answer[None]:
        """os-stop: from vm_state error too; on a dead host it stays powering-off until the host returns, and now and
        then the answer is 500 all the same."""
        guest = self.find(uuid)
        need_host(guest)
        need(guest, STOP.action, STOP.vm_states)
        if self._world.fails("stop") or self._is_unlucky(guest):
            guest.task_state = STOP.task
            raise Refused(500, UNEXPECTED, self._actions.start(guest, STOP.action, by).request_id)
        return self.ask(guest, STOP, by)

    def start(self, uuid: str, by: By = By.US) -> Answer[None]:
        """os-start: from stopped only."""
        return self.do(uuid, "start", by)

    def do(self, uuid: str, what: str, by: By = By.US) -> Answer[None]:
        """Ask for one of `verbs.VERBS`; 409 in a vm_state that it does not take, or with a task under way."""
        if what == "stop":
            return self.stop(uuid, by)
        guest, verb = self.find(uuid), VERBS[what]
        if verb.needs_host:
            need_host(guest)
        need(guest, verb.action, verb.vm_states)
        return self.ask(guest, verb, by)

    def ask(self, guest: Guest, verb: Verb, by: By) -> Answer[None]:
        """Begin it, whatever the guest's vm_state: as Nova itself does with what it calls a forced stop."""
        guest.task_state = verb.task
        action = self._asked[guest.uuid] = self._actions.start(guest, verb.action, by)
        if verb is UNSHELVE:
            self._world.later(self._world.pace.schedule, lambda: self._unshelve(guest))
        elif verb.is_at_once:
            self.carry_out(guest)
        else:
            self._world.later(self._world.pace.power, lambda: self.carry_out(guest))
        return self._accepted(guest, action)

    def reset_state(self, uuid: str, state: str, by: By = By.US) -> Answer[None]:
        """os-resetState: vm_state `error` or `active`, no task; whatever is under way is not stopped."""
        guest = self.find(uuid)
        guest.vm_state, guest.task_state = state, None
        return self._accepted(guest, self._actions.start(guest, "resetState", by))

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

    def set_metadata(self, uuid: str, items: Mapping[str, str]) -> Answer[dict[str, str]]:
        """Write these items of its metadata, at rest only (nova, compute/api.py: update_instance_metadata)."""
        guest = self.find(uuid)
        if guest.task_state is not None or guest.vm_state not in ("active", "paused", "suspended", "stopped"):
            raise Refused(409, f"Cannot 'update metadata' instance {uuid} while it is in {guest.vm_state}")
        guest.metadata.update(items)
        return Answer(dict(guest.metadata), self._accepted(guest).took)

    def delete(self, uuid: str, by: By = By.US) -> Answer[None]:
        """Delete it. Where its host is down Nova deletes the record alone; where it only believes it up the DELETE
        waits in the host's queue, with task `deleting`, and no evacuation minds."""
        guest = self.find(uuid)
        answer = self._accepted(guest, self._actions.start(guest, "delete", by))
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
        self._world.voice.saved(guest)
        self._world.voice.does(guest, "delete")
        if host is not None and host.answers:
            self._world.diary.destroy(guest.uuid, host.name)
        self._reaper.expect(guest)

    def _soft_delete(self, guest: Guest, host: Host) -> None:
        """A guest that was evacuated meanwhile has another task, or none: the soft DELETE fails."""
        if guest.task_state == SOFT_DELETING:
            self._world.diary.stop(guest.uuid, host.name)
            self._settle(guest, "compute_soft_delete_instance", "soft-delete", SHUT_DOWN)

    def _is_unlucky(self, guest: Guest) -> bool:
        host, share = self._world.hosts.get(guest.host or ""), self._world.flaky_stops
        return share > 0 and host is not None and not host.answers and self._world.chance.random() < share

    def carry_out(self, guest: Guest) -> None:
        """Carry out what waited for the host."""
        host = self._world.hosts.get(guest.host or "")
        verb = BY_TASK.get(guest.task_state or "")
        if guest.deleted or host is None or not host.answers or verb is None:
            return
        self._let_be(guest, verb, host)
        self._settle(guest, verb.event, verb.becomes, verb.power_state)
        if verb is SHELVE:
            self._world.diary.destroy(guest.uuid, host.name)
            guest.host = None

    def _let_be(self, guest: Guest, verb: Verb, host: Host) -> None:
        """Let the hypervisor do what it is told."""
        diary, stalled = self._world.diary, self._world.stalled
        if verb.power_state == PAUSED:
            stalled.add(guest.uuid)
            return
        stalled.discard(guest.uuid)
        if verb.power_state == SHUT_DOWN or verb.action == "reboot":
            diary.stop(guest.uuid, host.name)
        if verb.power_state == RUNNING:
            diary.start(guest.uuid, host.name)

    def _unshelve(self, guest: Guest) -> None:
        """Find a host for it; without one it stays as it was."""
        dest = self._chooser.choose_anew(guest)
        if guest.deleted or guest.task_state != UNSHELVE.task:
            return
        if dest is None:
            guest.task_state = None
            action = self._asked.pop(guest.uuid)
            self._actions.finish(
                action, self._actions.begin(action, "unshelve_instance", CONTROLLER), "NoValidHost"
            )
            return
        guest.host = dest.name
        self.carry_out(guest)

    def live_migrate(
        self, guest: Guest, dest: str, *, switch_after: float = 5.0, finish_after: float = 6.0
    ) -> Migration:
        """Begin a live migration: the guest runs on `dest` from `switch_after` on, and Nova names `dest` from
        `finish_after` on; each needs both hosts alive (a source that dies in between leaves Nova wrong)."""
        self._world.host(dest)
        guest.task_state = MIGRATING
        record = self._world.add_migration(guest, LIVE_MIGRATION, dest)
        self._world.voice.asked(guest.uuid, f"req-{record.uuid}", By.OTHERS)
        self._world.voice.saved(guest)
        self._world.voice.says(guest, "live_migration_pre.start", COMPUTE, dest)
        self._world.set_status(record, "running")
        self._world.later(switch_after, lambda: self.switch_over(record))
        self._world.later(finish_after, lambda: self.finish_live_migration(record))
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
        self._world.voice.saved(guest)
        for record in self._world.migrations:
            if (
                record.guest == guest.uuid
                and record.migration_type == LIVE_MIGRATION
                and record.status in ("accepted", "queued", "preparing", "running")
            ):
                self._world.set_status(record, "error")

    def finish_live_migration(self, record: Migration) -> None:
        """Nova's record of the guest names the destination."""
        guest = self._world.guests[record.guest]
        if self._still_migrates(record) and record.dest in self._world.diary.running_on(guest.uuid):
            self._world.voice.says(guest, "live_migration_post_dest.end", COMPUTE, record.dest)
            guest.host, guest.task_state = record.dest, None
            self._world.voice.saved(guest)
            self._world.set_status(record, "completed")

    def _still_migrates(self, record: Migration) -> bool:
        guest, hosts = self._world.guests[record.guest], self._world.hosts
        alive = hosts[record.source].answers and record.dest is not None and hosts[record.dest].answers
        return alive and record.status == "running" and guest.task_state == MIGRATING and not guest.deleted

    def _settle(self, guest: Guest, event: str, vm_state: str, power_state: int) -> None:
        guest.vm_state, guest.task_state, guest.power_state = vm_state, None, power_state
        guest.updated_at = self._world.now()
        self._world.voice.saved(guest)
        action = self._asked.pop(guest.uuid, None)
        if action is not None:
            self._world.voice.does(guest, action.action)
            self._actions.finish(action, self._actions.begin(action, event, guest.host or ""))

    def _accepted(self, guest: Guest, action: Action | None = None) -> Answer[None]:
        guest.updated_at = self._world.now()
        self._world.voice.saved(guest)
        took = self._world.draw(self._world.pace.call)
        return Answer(None, took, action.request_id if action else "")
