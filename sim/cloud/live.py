"""Live migrations that Nova's API is asked for: a guest runs on while it is moved to another host.

Source: Nova 34's compute/api.py (live_migrate), conductor/manager.py (_live_migrate: it writes the record, which the
API does not), conductor/tasks/live_migrate.py and compute/manager.py. The record is `accepted` while the scheduler
chooses (`error` without a valid host), `queued` while its source migrates another guest
(max_concurrent_live_migrations is 1), `preparing` while the destination prepares, `running`, and ends as `completed`,
`failed` (the hypervisor gave up and the guest runs on where it was), `error` (the destination could not prepare) or
`cancelled` (somebody aborted it).
"""

from collections import defaultdict, deque
from collections.abc import Callable

from kasugai.core.recovering.nova_views import LIVE_MIGRATION, By
from kasugai.sim.cloud.actions import Action, Actions
from kasugai.sim.cloud.controllers import CONTROLLER
from kasugai.sim.cloud.guests import MIGRATING, Guests
from kasugai.sim.cloud.model import Answer, Guest, Migration, Refused
from kasugai.sim.cloud.scheduler import Chooser
from kasugai.sim.cloud.states import need
from kasugai.sim.cloud.voice import COMPUTE
from kasugai.sim.cloud.world import World

MIGRATABLE = ("active", "paused")
NOWHERE = "No valid host was found. There are not enough hosts available."
ABORTABLE = ("queued", "preparing", "running")


class LiveMigrations:
    """Moves guests that run."""

    def __init__(self, world: World, guests: Guests, actions: Actions, chooser: Chooser) -> None:
        """Move guests of `world`; `chooser` says where to."""
        self._world = world
        self._guests = guests
        self._actions = actions
        self._chooser = chooser
        self._queues: dict[str, deque[Callable[[], None]]] = defaultdict(deque)
        """By source that migrates a guest: who waits for it."""
        self._busy: set[str] = set()

    def migrate(self, guest: Guest, target: str | None = None, by: By = By.US) -> Answer[None]:
        """POST os-migrateLive at 2.34 or later: 202 before anybody has looked for a host; 409 in another vm_state or
        with a task, 400 for a host that Nova does not know."""
        need(guest, "os-migrateLive", MIGRATABLE)
        if target is not None and target not in self._world.hosts:
            raise Refused(400, f"Compute host {target} could not be found.")
        guest.task_state, guest.updated_at = MIGRATING, self._world.now()
        action = self._actions.start(guest, "live-migration", by)
        self._world.voice.saved(guest)
        self._world.later(self._world.conductor_delay, lambda: self._take(guest, target, action))
        return Answer(None, self._world.draw(self._world.pace.call), action.request_id)

    def abort(self, guest: Guest) -> None:
        """Somebody aborts what is under way (DELETE /servers/ID/migrations/ID) and has not switched over."""
        record = next((m for m in reversed(self._world.migrations) if m.guest == guest.uuid), None)
        if record is None or record.status not in ABORTABLE or not self._runs_at_home(record):
            raise Refused(400, f"Instance {guest.uuid} has no live migration that can be aborted.")
        self._world.voice.says(guest, "live_migration_abort.end", COMPUTE, record.source)
        self._give_up(guest, record, "cancelled")

    def _take(self, guest: Guest, target: str | None, action: Action) -> None:
        """The conductor has it."""
        if guest.deleted:
            return
        record = self._world.add_migration(guest, LIVE_MIGRATION)
        self._world.later(self._world.pace.schedule, lambda: self._choose(guest, record, target, action))

    def _choose(self, guest: Guest, record: Migration, target: str | None, action: Action) -> None:
        if guest.deleted or guest.task_state != MIGRATING:
            return
        dest = self._chooser.choose_for(guest, record.source, target)
        event = self._actions.begin(action, "conductor_live_migrate_instance", CONTROLLER)
        self._actions.finish(action, event, NOWHERE if dest is None else "")
        if dest is None:
            self._give_up(guest, record, "error")
            return
        record.dest = dest.name
        self._world.set_status(record, "queued")
        self._queues[record.source].append(lambda: self._prepare(guest, record))
        self._next(record.source)

    def _next(self, source: str) -> None:
        """Let the source begin with whoever has waited longest, if it has none in hand."""
        if source not in self._busy and self._queues[source]:
            self._busy.add(source)
            self._queues[source].popleft()()

    def _prepare(self, guest: Guest, record: Migration) -> None:
        if not self._is_under_way(guest, record):
            self._free(record.source)
            return
        self._world.set_status(record, "preparing")
        self._world.voice.says(guest, "live_migration_pre.start", COMPUTE, record.dest or "")
        self._world.later(self._world.pace.claim, lambda: self._run(guest, record))

    def _run(self, guest: Guest, record: Migration) -> None:
        if not self._is_under_way(guest, record):
            self._free(record.source)
            return
        dest = self._world.hosts[record.dest or ""]
        if dest.live_fault or not dest.answers:
            self._give_up(guest, record, "error")
            self._free(record.source)
            return
        self._world.set_status(record, "running")
        self._world.later(self._world.pace.live, lambda: self._switch(guest, record))

    def _switch(self, guest: Guest, record: Migration) -> None:
        """The guest ceases on its host and runs on the other; Nova's record of it follows a little later."""
        self._free(record.source)
        if not self._is_under_way(guest, record):
            return
        if not self._world.hosts[record.dest or ""].answers:
            self._give_up(guest, record, "failed")
            return
        self._guests.switch_over(record)
        self._world.later(self._world.pace.land, lambda: self._guests.finish_live_migration(record))

    def _runs_at_home(self, record: Migration) -> bool:
        return record.source in self._world.diary.running_on(record.guest)

    def _free(self, source: str) -> None:
        self._busy.discard(source)
        self._next(source)

    def _is_under_way(self, guest: Guest, record: Migration) -> bool:
        """Whether its source still has it in hand: it has nothing to go on with once its nova-compute has died."""
        source = self._world.hosts[record.source]
        is_open = record.status in ABORTABLE and guest.task_state == MIGRATING
        return is_open and source.answers and not guest.deleted

    def _give_up(self, guest: Guest, record: Migration, status: str) -> None:
        """It runs on where it was."""
        self._world.set_status(record, status)
        guest.task_state, guest.updated_at = None, self._world.now()
        self._world.voice.saved(guest)
        self._world.voice.says(guest, "live_migration_rollback.end", COMPUTE, record.source)
