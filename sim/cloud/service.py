"""nova-compute's records: who reports, who is up, and what a PUT changes. Source of every rule: nova.md, measured.

Reports are computed, not timed: a cloud at rest sets no timer, so that a virtual loop can see that nothing will come.
"""

import math

from kasugai.core.recovering.nova_views import EVACUATION
from kasugai.sim.cloud.model import Answer, Guest, Host, Refused, Service
from kasugai.sim.cloud.world import World

TRAIT_PERIOD = 60.0
"""nova-compute's periodic task puts a left-over trait right within this time."""


IN_PROGRESS = ("accepted", "pre-migrating")
"""Statuses of evacuations for which Nova does not delete their source's service."""
REASON_LENGTH = 255
"""A longer disabled_reason, and an empty one, Nova refuses."""


class Services:
    """The rules of os-services."""

    def __init__(self, world: World) -> None:
        """Rule over the services of `world`."""
        self._world = world

    def follow(self, host: Host) -> None:
        """Begin or cease to report, as the host can; call it after anything that changes `host.answers`."""
        service, now = host.service, self._world.now()
        if host.answers:
            host.written = None
        else:
            self.write_last_word(host)
        if host.answers and service.reporting_since is None:
            service.reporting_since = now
        elif not host.answers and service.reporting_since is not None:
            service.last_report = self.last_report(service)
            service.reporting_since = None

    def write_last_word(self, host: Host) -> None:
        """From now on the host writes down no guest any more that comes or goes."""
        if host.written is None:
            host.written = self._world.guests_of(host)

    def last_report(self, service: Service) -> float:
        """Return the second of the last report: one every report_interval since it began to report."""
        if service.reporting_since is None:
            return service.last_report
        interval = self._world.pace.report_interval
        passed = self._world.now() - service.reporting_since
        return service.reporting_since + math.floor(passed / interval + 1e-9) * interval

    def updated_at(self, service: Service) -> float:
        """Return when the record last moved: a report or a PUT that changed something."""
        return max(self.last_report(service), service.last_write)

    def is_up(self, host: Host) -> bool:
        """Whether Nova believes it up: for a minute after its death too (53.6 s measured)."""
        age = self._world.now() - self.last_report(host.service)
        return not host.service.forced_down and age <= self._world.pace.service_down_time

    def takes_guests(self, host: Host) -> bool:
        """Whether the scheduler may choose it."""
        is_there = not host.service.is_deleted
        return is_there and self.is_up(host) and host.service.enabled and not host.service.has_trait

    def by_id(self, service_id: str) -> Host:
        """Return the host of a service's id; 404 for an unknown one."""
        for host in self._world.hosts.values():
            if host.service.service_id == service_id and not host.service.is_deleted:
                return host
        raise Refused(404, f"Service {service_id} not found.")

    def update(
        self,
        service_id: str,
        *,
        status: str | None = None,
        reason: str | None = None,
        forced_down: bool | None = None,
    ) -> Answer[Host]:
        """PUT /os-services/ID (2.53+). The effect is at once; the answer may take a minute (see `_set_enabled`)."""
        host = self.by_id(service_id)
        if status is None and forced_down is None:
            raise Refused(
                400, "No updates were requested. Fields 'status' or 'forced_down' should be specified."
            )
        if reason is not None and not 1 <= len(reason) <= REASON_LENGTH:
            raise Refused(400, f"Invalid input for field/attribute disabled_reason. Value: {reason}.")
        before = (host.service.enabled, host.service.disabled_reason, host.service.forced_down)
        if forced_down is not None:
            self._force(host, forced_down)
        took = self._world.draw(self._world.pace.call)
        if status is not None:
            took += self._set_enabled(host, status == "enabled", reason or "")
        if before != (host.service.enabled, host.service.disabled_reason, host.service.forced_down):
            host.service.last_write = self._world.now()
        self._world.voice.serves(host)
        return Answer(host, took)

    def delete(self, service_id: str) -> Answer[None]:
        """DELETE /os-services/ID: the record goes, with the host's provider and its allocations in Placement."""
        host = self.by_id(service_id)
        if self._world.guests_of(host) or any(g.host == host.name for g in self._living()):
            raise Refused(
                409,
                "Unable to delete compute service that is hosting instances. Migrate or delete the instances first.",
            )
        if any(m.source == host.name and m.status in IN_PROGRESS for m in self._world.migrations):
            raise Refused(
                409,
                "Unable to delete compute service that has in-progress migrations. Complete the migrations or delete "
                "the instances first.",
            )
        host.service.is_deleted = True
        return Answer(None, self._world.draw(self._world.pace.call))

    def _living(self) -> list[Guest]:
        return [guest for guest in self._world.guests.values() if not guest.deleted]

    def make_anew(self, host: Host) -> None:
        """A nova-compute without a record makes one: enabled, and not forced down."""
        if host.service.is_deleted:
            host.service = Service(service_id=f"{host.service.service_id[:-1]}0")

    def _force(self, host: Host, down: bool) -> None:
        if not down and host.service.forced_down and self._has_done_evacuations(host):
            raise Refused(
                400,
                f"Unable to force up host {host.name} as `done` evacuation migration records remain associated "
                "with the host. Ensure the compute service has been restarted, allowing these records to move to "
                "`completed` before retrying this request.",
            )
        host.service.forced_down = down

    def _has_done_evacuations(self, host: Host) -> bool:
        return any(
            record.source == host.name and record.status == "done" and record.migration_type == EVACUATION
            for record in self._world.migrations
        )

    def _set_enabled(self, host: Host, enabled: bool, reason: str) -> float:
        """Enable or disable, and return the seconds that the call to the compute costs: 60.04 for a dead one that is
        still believed up; nothing if it was forced down before or in the same request."""
        changed = host.service.enabled != enabled
        host.service.enabled = enabled
        host.service.disabled_reason = "" if enabled else reason
        if not changed:
            return 0.0
        if not self.is_up(host):
            self._world.later(TRAIT_PERIOD, lambda: self.sync_trait(host))
            return 0.0
        if not host.answers:
            return self._world.pace.rpc_timeout
        host.service.has_trait = not enabled
        return 0.0

    def sync_trait(self, host: Host) -> None:
        """Let a living compute write the trait as its record says."""
        if host.answers:
            host.service.has_trait = not host.service.enabled
