"""The `Cloud` port on a real Nova: which requests, with which microversions; and the one that Keystone is asked.

Evacuate is posted by ourselves below 2.95, from which on guests are left stopped; openstacksdk would go up to
2.100 (nova.md). Lists use Nova's raw `host=`, follow every page, and keep what matches the host byte for byte: a
database that ignores case must not mix up two hosts.
"""

from collections.abc import Mapping
from typing import Any

from kasugai.adapters.nova import placing, views
from kasugai.adapters.nova.hypervisors import Hypervisors
from kasugai.adapters.nova.paging import pages
from kasugai.adapters.nova.rights import Right, rights
from kasugai.adapters.nova.session import BadCloud, Service, describe, open_services
from kasugai.adapters.nova.wire import Ask, Microversion, Reply, Wire, understood
from kasugai.adapters.settings import NovaSettings
from kasugai.core.recovering.doors import CloudAway, CloudRefused
from kasugai.core.recovering.nova_views import (
    ActionView,
    AggregateView,
    EvacuationView,
    GuestView,
    ImageView,
    MigrationView,
    Needs,
    ServicesView,
    ServiceView,
)
from kasugai.core.words.timing import Instant

BASIC = (2, 53)
"""Services by uuid. Below 2.69 a silent cell makes a read by id an error instead of a server with half its keys."""
MIGRATE_TO = (2, 56)
"""The first that takes the host of a cold migration (nova 34, schemas/migrate_server.py, migrate_v2_56)."""
EVACUATE = (2, 93)
"""The newest that starts evacuated guests again and may be asked by an older Nova down to BASIC."""
PAGED_MIGRATIONS, MIGRATIONS = (2, 59), (2, 80)
ACTIONS_UPDATED = (2, 58)
"""From which on an instance action says when it was last changed."""

THREADS = 64
"""Requests on their way at a time; more wait, and are not sent at all if they wait too long."""

REASON_LENGTH = 255
"""Nova's limit for disabled_reason."""


class NovaCloud:
    """Nova, as far as a recovery needs it."""

    def __init__(self, settings: NovaSettings, *, client: float, threads: int = THREADS) -> None:
        """Give a request up after `client` seconds. BadCloud when the settings cannot even be read."""
        self.settings = settings
        self._where = describe(settings)
        services = open_services(settings, client=client, threads=threads)
        self._wire = Wire(services, self._where, client=client, threads=threads)
        self._sends_date = True
        self._hypervisors = Hypervisors(self._read_hypervisors)

    async def check(self) -> Microversion:
        """Log in and return Nova's newest microversion; BadCloud says what to correct, CloudAway to try again."""
        newest = await self._wire.log_in()
        if newest < PAGED_MIGRATIONS:
            raise BadCloud(
                f"{self._where}: Nova is too old: it knows microversion 2.{newest[1]}, 2.59 is needed"
            )
        return newest

    async def rights(self, *, about_a_guest: bool = False) -> tuple[Right, ...]:
        """Return what a recovery needs to be allowed, and what Nova says to it, without any effect; CloudAway.

        `about_a_guest`: the right to evacuate too, for which some guest has to be named.
        """
        return await rights(self._wire, about_a_guest=about_a_guest)

    @understood
    async def date(self) -> Instant | None:
        """Return the time of Nova's API by the Date header of a reply, in milliseconds since 1970 and whole seconds;
        None where it has none."""
        reply = await self._get("/os-services", {"binary": "nova-scheduler"})
        return None if reply.date is None else views.date(reply.date)

    async def close(self) -> None:
        """Send nothing more."""
        self._wire.close()

    @understood
    async def service(self, host: str) -> ServiceView | None:
        """Return the host's nova-compute record with its age by Nova's own clock.

        The host alone is asked for, and the Date header is Nova's now. Without one (uWSGI's own HTTP, nova.md) all
        compute services are, so that the same reply holds the newest report of any: some 0.35 KB a row, 3.5 MB with
        10,000 hosts, which is why the narrow question comes first and the wide one only where it has to.
        """
        narrow = {"binary": "nova-compute", "host": host}
        if self._sends_date:
            reply = await self._get("/os-services", narrow)
            rows = views.pick(reply.body, "services")
            if reply.date or not rows:
                return views.service(rows, host, reply.date)
        reply = await self._get("/os-services", {"binary": "nova-compute"})
        self._sends_date = reply.date is not None
        return views.service(views.pick(reply.body, "services"), host, reply.date)

    @understood
    async def services(self) -> ServicesView:
        """Return the records of all compute services, and which of Nova's own are away: one question, since Nova reads
        them all for each (nova 34.0.0, api/openstack/compute/services.py)."""
        reply = await self._get("/os-services", {})
        return views.services(views.pick(reply.body, "services"), reply.date)

    @understood
    async def room(self, needs: Needs) -> Mapping[str, int]:
        """Return how many such guests each host could take by Placement, which knows hypervisors by the ids that
        os-hypervisors shows. CloudRefused when the catalog has no Placement or it does not let us ask."""
        ask = Ask(
            method="GET",
            path="/allocation_candidates",
            lowest=BASIC,
            highest=BASIC,
            params=placing.query(needs),
            service=Service.PLACEMENT,
        )
        found = placing.room((await self._wire.send(ask)).body)
        names = await self._hypervisors.hosts_of(found.keys())
        return {names[provider]: count for provider, count in found.items() if provider in names}

    async def _read_hypervisors(self) -> Mapping[str, str]:
        """Return the host of each hypervisor by its id."""
        rows = await self._pages("/os-hypervisors/detail", "hypervisors", {}, BASIC, BASIC)
        return dict(map(views.hypervisor, rows))

    @understood
    async def actions(self, guest: str) -> tuple[ActionView, ...]:
        """Return what was asked of a guest lately, newest first (nova, `objects/instance_action.py`); nothing of one
        that Nova does not know."""
        ask = Ask(
            method="GET", path=f"/servers/{guest}/os-instance-actions", lowest=BASIC, highest=ACTIONS_UPDATED
        )
        try:
            rows = views.pick((await self._wire.send(ask)).body, "instanceActions")
        except CloudRefused as no:
            if no.status != 404:
                raise
            return ()
        us = await self._wire.user_id()
        return tuple(views.action(row, us) for row in rows)

    @understood
    async def last_evacuation(self, guest: str) -> EvacuationView | None:
        """Return Nova's own account of the guest's last evacuate call; None when there is none. The newest action comes
        first (nova, `objects/instance_action.py`)."""
        path = f"/servers/{guest}/os-instance-actions"
        rows = views.pick((await self._get(path, {})).body, "instanceActions")
        at = next((n for n, row in enumerate(rows) if views.pick(row, "action") == "evacuate"), None)
        if at is None:
            return None
        request = views.pick(rows[at], "request_id")
        whole = views.pick((await self._get(f"{path}/{request}", {})).body, "instanceAction")
        return views.evacuation(whole, rows[:at])

    @understood
    async def aggregates(self) -> tuple[AggregateView, ...]:
        """Return all aggregates with their hosts."""
        reply = await self._get("/os-aggregates", {})
        return tuple(map(views.aggregate, views.pick(reply.body, "aggregates")))

    @understood
    async def guests(self, host: str) -> tuple[GuestView, ...]:
        """Return all servers that Nova lists on the host (all projects, all pages)."""
        rows = await self._pages(
            "/servers/detail", "servers", {"all_tenants": "True", "host": host}, BASIC, BASIC
        )
        return tuple(view for view in map(views.guest, rows) if view.host == host)

    @understood
    async def guest(self, uuid: str) -> GuestView | None:
        """Return one server by id; None when Nova says 404."""
        try:
            return views.guest(views.pick((await self._get(f"/servers/{uuid}", {})).body, "server"))
        except CloudRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    @understood
    async def migrations(self, host: str) -> tuple[MigrationView, ...]:
        """Return all migration records with this source, of every type (all pages), oldest first.

        CloudAway when Nova lists records and hides their places, as nova 34.0.0 does without the right
        os-migrations:index:host: taken for records of other hosts, an evacuation under way would be called again.
        """
        rows = await self._pages(
            "/os-migrations", "migrations", {"source_compute": host}, PAGED_MIGRATIONS, MIGRATIONS
        )
        if any(row.get("source_compute") is None for row in rows):
            raise CloudAway(
                f"{self._where}: Nova does not show where migrations come from and go to: give the user of [nova] "
                "the right os_compute_api:os-migrations:index:host (kasugai worker host --check)"
            )
        found = (view for view in map(views.migration, rows) if view.source == host)
        return tuple(sorted(found, key=lambda view: view.migration_id))

    @understood
    async def project_tags(self, project: str) -> tuple[str, ...]:
        """Return a project's tags, which Keystone has; CloudRefused when it does not know the project or us, or when
        the catalog has no Keystone."""
        ask = Ask(
            method="GET",
            path=f"/projects/{project}/tags",
            lowest=BASIC,
            highest=BASIC,
            service=Service.KEYSTONE,
        )
        return views.project_tags((await self._wire.send(ask)).body)

    @understood
    async def image(self, image: str) -> ImageView:
        """Return what Glance says of an image; CloudRefused when it does not know it or us, or when the catalog has no
        Glance."""
        ask = Ask(method="GET", path=f"/images/{image}", lowest=BASIC, highest=BASIC, service=Service.GLANCE)
        return views.image((await self._wire.send(ask)).body)

    async def force_down(self, service_id: str, reason: str) -> None:
        """Set forced_down and disabled in one request: apart, disabling a freshly dead host takes 60 s (nova.md)."""
        body = {"forced_down": True, "status": "disabled", "disabled_reason": reason[:REASON_LENGTH]}
        await self._set_service(service_id, body)

    async def enable(self, service_id: str) -> None:
        """Enable a compute service; may be repeated."""
        await self._set_service(service_id, {"status": "enabled"})

    async def disable(self, service_id: str, reason: str) -> None:
        """Disable a compute service and leave it up; may be repeated."""
        body = {"status": "disabled", "disabled_reason": reason[:REASON_LENGTH]}
        await self._set_service(service_id, body)

    async def reenable(self, service_id: str, reason: str = "") -> None:
        """Clear forced_down and enable, in one request; with a reason leave it disabled for that."""
        status = (
            {"status": "disabled", "disabled_reason": reason[:REASON_LENGTH]}
            if reason
            else {"status": "enabled"}
        )
        await self._set_service(service_id, {"forced_down": False, **status})

    async def delete_service(self, service_id: str) -> None:
        """Delete a compute service with what its host holds in Placement; CloudRefused while it has guests."""
        await self._wire.send(
            Ask(method="DELETE", path=f"/os-services/{service_id}", lowest=BASIC, highest=BASIC)
        )

    async def add_to_aggregate(self, aggregate_id: int, host: str) -> None:
        """Add a host to an aggregate; Nova refuses a second time with 409."""
        ask = Ask(
            method="POST",
            path=f"/os-aggregates/{aggregate_id}/action",
            lowest=BASIC,
            highest=BASIC,
            body={"add_host": {"host": host}},
        )
        await self._wire.send(ask)

    async def evacuate(self, guest: str, target: str = "") -> None:
        """Ask for one evacuation, to `target` if there is one, else where Nova's scheduler likes. NOT idempotent."""
        await self._act(guest, {"evacuate": {"host": target} if target else {}}, EVACUATE)

    async def reset_state(self, guest: str) -> None:
        """Set vm_state error, which Nova evacuates."""
        await self._act(guest, {"os-resetState": {"state": "error"}})

    async def stop(self, guest: str) -> None:
        """Stop a guest."""
        await self._act(guest, {"os-stop": None})

    async def start(self, guest: str) -> None:
        """Start a guest."""
        await self._act(guest, {"os-start": None})

    async def migrate(self, guest: str, target: str = "") -> None:
        """Move a guest to `target`, or where Nova's scheduler likes (cold: it is off meanwhile). A host may be named
        from 2.56 on, and Nova checks it as it checks one of its own choice. NOT idempotent."""
        if target:
            await self._act(guest, {"migrate": {"host": target}}, MIGRATE_TO, MIGRATE_TO)
        else:
            await self._act(guest, {"migrate": None})

    async def live_migrate(self, guest: str, target: str = "") -> None:
        """Let a guest move to `target`, or where Nova's scheduler likes, while it runs; Nova checks a named host as it
        checks one of its own choice (2.30), decides about its disks itself (2.25) and answers at once (2.34). NOT
        idempotent."""
        await self._act(guest, {"os-migrateLive": {"host": target or None, "block_migration": "auto"}})

    async def confirm_migration(self, guest: str) -> None:
        """Confirm where a guest was moved to."""
        await self._act(guest, {"confirmResize": None})

    async def _act(
        self,
        guest: str,
        body: Mapping[str, Any],
        highest: Microversion = BASIC,
        lowest: Microversion = BASIC,
    ) -> None:
        path = f"/servers/{guest}/action"
        await self._wire.send(Ask(method="POST", path=path, lowest=lowest, highest=highest, body=body))

    async def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        return await self._wire.send(Ask(method="GET", path=path, lowest=BASIC, highest=BASIC, params=params))

    async def _set_service(self, service_id: str, body: Mapping[str, Any]) -> None:
        path = f"/os-services/{service_id}"
        await self._wire.send(Ask(method="PUT", path=path, lowest=BASIC, highest=BASIC, body=body))

    async def _pages(
        self, path: str, key: str, params: Mapping[str, str], lowest: Microversion, highest: Microversion
    ) -> list[views.Row]:
        ask = Ask(method="GET", path=path, lowest=lowest, highest=highest, params=params)
        return await pages(self._wire, ask, key)
