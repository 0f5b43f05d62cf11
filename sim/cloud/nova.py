"""Nova's API on the simulated cloud: what each request may see and do at the moment it arrives.

Typed and without a wire: the in-memory door and the HTTP server both call it, operators in scenarios too. Every answer
and refusal is nova.md's table.
"""

from typing import TypeVar

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud.actions import Action, Actions
from kasugai.sim.cloud.cold import ColdMigrations
from kasugai.sim.cloud.controllers import ControlService
from kasugai.sim.cloud.evacuate import Evacuations
from kasugai.sim.cloud.guests import Guests
from kasugai.sim.cloud.live import LiveMigrations
from kasugai.sim.cloud.model import Aggregate, Answer, Guest, Host, Migration, Refused
from kasugai.sim.cloud.reaper import Reaper
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.sync import PowerSync
from kasugai.sim.cloud.world import World

T = TypeVar("T")

HIDDEN = "Policy doesn't allow os_compute_api:os-instance-actions:list to be performed."
VM_STATES = {"SHUTOFF": "stopped", "BUILD": "building", "RESCUE": "rescued"}
"""By status, where they are not called alike."""


class Nova:
    """The API. Lists leave silent cells out; what is returned is live, so copy it at once."""

    def __init__(self, world: World) -> None:
        """Serve `world`."""
        self._world = world
        self.services = Services(world)
        self.actions = Actions(world)
        self.reaper = Reaper(world)
        self.evacuations = Evacuations(world, self.services, self.actions, self.reaper)
        self.guests = Guests(world, self.services, self.actions, self.reaper, self.evacuations.chooser)
        self.sync = PowerSync(world, self.guests)
        self.placement = self.evacuations.placement
        self.cold = ColdMigrations(world, self.services, self.actions, self.evacuations.chooser)
        self.live = LiveMigrations(world, self.guests, self.actions, self.evacuations.chooser)

    def list_services(self, host: str | None = None) -> Answer[list[Host]]:
        """GET /os-services?binary=nova-compute[&host=]: an unknown host gives an empty list."""
        named = self._world.hosts.values() if host is None else [self._world.hosts.get(host)]
        shown = [h for h in named if h is not None and not h.service.is_deleted]
        return self._read([h for h in shown if not self._world.is_silent(h.name)])

    def list_controllers(self) -> Answer[list[ControlService]]:
        """GET /os-services of nova-conductor and nova-scheduler."""
        return self._read(self._world.controllers.records(self._world.pace.service_down_time))

    def update_service(
        self,
        service_id: str,
        *,
        status: str | None = None,
        reason: str | None = None,
        forced_down: bool | None = None,
    ) -> Answer[Host]:
        """PUT /os-services/ID at 2.53 or later."""
        return self.services.update(service_id, status=status, reason=reason, forced_down=forced_down)

    def delete_service(self, service_id: str) -> Answer[None]:
        """DELETE /os-services/ID at 2.53 or later."""
        return self.services.delete(service_id)

    def list_aggregates(self) -> Answer[list[Aggregate]]:
        """GET /os-aggregates."""
        return self._read(list(self._world.aggregates.values()))

    def add_to_aggregate(self, aggregate_id: int, host: str) -> Answer[Aggregate]:
        """POST /os-aggregates/ID/action add_host: 404 for an unknown host or aggregate, 409 the second time."""
        aggregate = self._world.aggregates.get(aggregate_id)
        if aggregate is None:
            raise Refused(404, f"Aggregate {aggregate_id} could not be found.")
        if host not in self._world.hosts:
            raise Refused(404, f"Compute host {host} could not be found.")
        if host in aggregate.hosts:
            raise Refused(409, f"Aggregate {aggregate_id} already has host {host}.")
        aggregate.hosts.append(host)
        self._world.voice.groups(aggregate.name, aggregate.hosts)
        return Answer(aggregate, self._world.draw(self._world.pace.call))

    def list_servers(self, host: str | None = None, status: str | None = None) -> Answer[list[Guest]]:
        """GET /servers/detail?all_tenants=True[&host=][&status=], oldest first. A status is looked up as the vm_state
        behind it: ACTIVE lists guests in REBUILD as well."""
        vm_state = None if status is None else VM_STATES.get(status.upper(), status.lower())
        return self._read(
            [
                guest
                for guest in self._world.guests.values()
                if not guest.deleted
                and host in (None, guest.host)
                and (vm_state in (None, guest.vm_state) or status == guest.status == "REBUILD")
                and not self._world.is_silent(guest.host)
            ]
        )

    def show_server(self, uuid: str) -> Answer[Guest]:
        """GET /servers/ID: 404 for unknown and deleted ones."""
        return self._read(self.guests.find(uuid))

    def list_migrations(
        self, source: str | None = None, migration_type: str | None = None, guest: str | None = None
    ) -> Answer[list[Migration]]:
        """GET /os-migrations at 2.59 or later, oldest first."""
        return self._read(
            [
                record
                for record in self._world.migrations
                if source in (None, record.source)
                and migration_type in (None, record.migration_type)
                and guest in (None, record.guest)
                and not self._world.is_silent(record.source)
            ]
        )

    def list_actions(self, uuid: str) -> Answer[list[Action]]:
        """GET /servers/ID/os-instance-actions at 2.21 or later, newest first: of a deleted guest too, 404 of one that
        never was."""
        return self._read(self._actions_of(uuid))

    def show_action(self, uuid: str, request_id: str) -> Answer[Action]:
        """GET /servers/ID/os-instance-actions/REQ: 404 for an id that is not Nova's own of a request about it."""
        found = [action for action in self._actions_of(uuid) if action.request_id == request_id]
        if not found:
            raise Refused(404, f"Action {request_id} not found")
        return self._read(found[0])

    def _actions_of(self, uuid: str) -> list[Action]:
        if uuid not in self._world.guests:
            raise Refused(404, f"Instance {uuid} could not be found.")
        self._world.can_read(self._world.guests[uuid])
        if self._world.hides_actions:
            raise Refused(403, HIDDEN)
        return self.actions.of(uuid)

    def evacuate(
        self,
        uuid: str,
        target: str | None = None,
        microversion: tuple[int, int] = (2, 93),
        by: By = By.US,
    ) -> Answer[None]:
        """POST /servers/ID/action evacuate at 2.14 or later. NOT idempotent."""
        return self.evacuations.evacuate(self.guests.find(uuid), target, microversion, by)

    def reset_state(self, uuid: str, state: str = "error", by: By = By.US) -> Answer[None]:
        """os-resetState."""
        return self.guests.reset_state(uuid, state, by)

    def stop(self, uuid: str, by: By = By.US) -> Answer[None]:
        """os-stop."""
        return self.guests.stop(uuid, by)

    def start(self, uuid: str, by: By = By.US) -> Answer[None]:
        """os-start."""
        return self.guests.start(uuid, by)

    def migrate(self, uuid: str, target: str | None = None, by: By = By.US) -> Answer[None]:
        """Cold migration, to a named host at 2.56 or later. NOT idempotent."""
        return self.cold.migrate(self.guests.find(uuid), target, by)

    def resize(self, uuid: str, by: By = By.OTHERS) -> Answer[None]:
        """The action resize: a user's, to another flavor and another host."""
        return self.cold.resize(self.guests.find(uuid), by)

    def revert(self, uuid: str, by: By = By.OTHERS) -> Answer[None]:
        """The action revertResize."""
        return self.cold.revert(self.guests.find(uuid), by)

    def live_migrate(self, uuid: str, target: str | None = None, by: By = By.US) -> Answer[None]:
        """POST /servers/ID/action os-migrateLive at 2.34 or later. NOT idempotent, but refused while it has a task."""
        return self.live.migrate(self.guests.find(uuid), target, by)

    def confirm_migration(self, uuid: str, by: By = By.US) -> Answer[None]:
        """The action confirmResize."""
        return self.cold.confirm(self.guests.find(uuid), by)

    def _read(self, value: T) -> Answer[T]:
        return Answer(value, self._world.draw(self._world.pace.read))
