"""The in-memory doors: the pool's `Cloud` and `Power` ports on the simulated cloud, under the loop's own time.

What a request does belongs to the cloud from the moment it is sent: cancelling the caller, or its time-out, does not
call it back. Only the answers are turned into the ports' words here.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

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
from kasugai.sim import views
from kasugai.sim.cloud.cloud import SimCloud
from kasugai.sim.cloud.model import Aggregate, Answer, Host, Refused
from kasugai.sim.cloud.placement import guests_in
from kasugai.sim.cloud.service import REASON_LENGTH
from kasugai.sim.cloud.wire import READS, BrokenOff, NoConnection, Request
from kasugai.workers.ports import CloudAway, CloudRefused, CloudUnsure

T = TypeVar("T")


class CloudDoor:
    """The `Cloud` port."""

    def __init__(self, cloud: SimCloud, *, client: float = 35.0, sender: str = "") -> None:
        """Give a request up after `client` seconds. `sender` names the worker in the cloud's list of requests."""
        self._cloud = cloud
        self._client = client
        self._sender = sender

    async def service(self, host: str) -> ServiceView | None:
        """Return the host's record with its age by the cloud's own clock."""

        def act() -> Answer[ServiceView | None]:
            answer = self._cloud.nova.list_services(host)
            return Answer(
                next((views.service(self._cloud, found) for found in answer.value), None), answer.took
            )

        return await self._send("GET", "/os-services", "service", host, act)

    async def services(self) -> ServicesView:
        """Return the records of all compute services, and which of nova-conductor and nova-scheduler are away."""

        def act() -> Answer[ServicesView]:
            answer = self._cloud.nova.list_services()
            own = self._cloud.nova.list_controllers().value
            up = {service.binary for service in own if service.is_up}
            told = ServicesView(
                computes=tuple(views.service(self._cloud, found) for found in answer.value),
                unwell=frozenset(service.binary for service in own) - up,
            )
            return Answer(told, answer.took)

        return await self._send("GET", "/os-services", "services", "", act)

    async def room(self, needs: Needs) -> Mapping[str, int]:
        """Return how many guests each host could take by Placement; the simulated flavors are all alike."""

        def act() -> Answer[Mapping[str, int]]:
            each = guests_in(dict(needs.resources))
            answer = self._cloud.nova.placement.candidates(each)
            return Answer({room.host: room.free // each for room in answer.value}, answer.took)

        return await self._send("GET", "/allocation_candidates", "room", "", act)

    async def actions(self, guest: str) -> tuple[ActionView, ...]:
        """Return what was asked of a guest, newest first."""

        def act() -> Answer[tuple[ActionView, ...]]:
            answer = self._cloud.nova.list_actions(guest)
            seen = tuple(views.action(self._cloud.world, each) for each in answer.value)
            return Answer(seen, answer.took)

        try:
            return await self._send("GET", f"/servers/{guest}/os-instance-actions", "actions", guest, act)
        except CloudRefused as refusal:
            if refusal.status == 404:
                return ()
            raise

    async def last_evacuation(self, guest: str) -> EvacuationView | None:
        """Return Nova's own account of the guest's last evacuate call."""

        def act() -> Answer[EvacuationView | None]:
            answer = self._cloud.nova.list_actions(guest)
            return Answer(views.last_evacuation(answer.value), answer.took)

        return await self._send("GET", f"/servers/{guest}/os-instance-actions", "actions", guest, act)

    async def aggregates(self) -> tuple[AggregateView, ...]:
        """Return all aggregates."""

        def act() -> Answer[tuple[AggregateView, ...]]:
            answer = self._cloud.nova.list_aggregates()
            return Answer(tuple(map(views.aggregate, answer.value)), answer.took)

        return await self._send("GET", "/os-aggregates", "aggregates", "", act)

    async def guests(self, host: str) -> tuple[GuestView, ...]:
        """Return all servers that Nova lists on the host."""

        def act() -> Answer[tuple[GuestView, ...]]:
            answer = self._cloud.nova.list_servers(host)
            return Answer(tuple(views.guest(self._cloud.world, each) for each in answer.value), answer.took)

        return await self._send("GET", "/servers/detail", "guests", host, act)

    async def guest(self, uuid: str) -> GuestView | None:
        """Return one server; None for 404."""

        def act() -> Answer[GuestView | None]:
            answer = self._cloud.nova.show_server(uuid)
            return Answer(views.guest(self._cloud.world, answer.value), answer.took)

        try:
            return await self._send("GET", f"/servers/{uuid}", "guest", uuid, act)
        except CloudRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    async def migrations(self, host: str) -> tuple[MigrationView, ...]:
        """Return all records with this source."""

        def act() -> Answer[tuple[MigrationView, ...]]:
            answer = self._cloud.nova.list_migrations(host)
            seen = (views.migration(self._cloud.world, record) for record in answer.value)
            return Answer(tuple(seen), answer.took)

        return await self._send("GET", "/os-migrations", "migrations", host, act)

    async def image(self, image: str) -> ImageView:
        """Return what Glance says of an image."""

        def act() -> Answer[ImageView]:
            answer = self._cloud.images.show_image(image)
            found = answer.value
            return Answer(
                ImageView(properties=MappingProxyType(dict(found.properties)), tags=found.tags), answer.took
            )

        return await self._send("GET", f"/images/{image}", "image", image, act)

    async def project_tags(self, project: str) -> tuple[str, ...]:
        """Return a project's tags."""

        def act() -> Answer[tuple[str, ...]]:
            return self._cloud.identity.list_project_tags(project)

        return await self._send("GET", f"/projects/{project}/tags", "project-tags", project, act)

    async def force_down(self, service_id: str, reason: str) -> None:
        """Set forced_down and disabled in one request."""

        def act() -> Answer[Host]:
            return self._cloud.nova.update_service(
                service_id, status="disabled", reason=reason[:REASON_LENGTH], forced_down=True
            )

        await self._send("PUT", f"/os-services/{service_id}", "force-down", self._host_of(service_id), act)

    async def enable(self, service_id: str) -> None:
        """Enable a compute service."""

        def act() -> Answer[Host]:
            return self._cloud.nova.update_service(service_id, status="enabled")

        await self._send("PUT", f"/os-services/{service_id}", "enable", self._host_of(service_id), act)

    async def disable(self, service_id: str, reason: str) -> None:
        """Disable a compute service and leave it up."""

        def act() -> Answer[Host]:
            return self._cloud.nova.update_service(
                service_id, status="disabled", reason=reason[:REASON_LENGTH]
            )

        await self._send("PUT", f"/os-services/{service_id}", "disable", self._host_of(service_id), act)

    async def reenable(self, service_id: str, reason: str = "") -> None:
        """Clear forced_down and enable, or leave it disabled for a reason."""

        def act() -> Answer[Host]:
            status = "disabled" if reason else "enabled"
            return self._cloud.nova.update_service(
                service_id, status=status, reason=reason[:REASON_LENGTH] or None, forced_down=False
            )

        await self._send("PUT", f"/os-services/{service_id}", "re-enable", self._host_of(service_id), act)

    async def delete_service(self, service_id: str) -> None:
        """Delete a compute service."""

        def act() -> Answer[None]:
            return self._cloud.nova.delete_service(service_id)

        await self._send(
            "DELETE", f"/os-services/{service_id}", "delete-service", self._host_of(service_id), act
        )

    async def add_to_aggregate(self, aggregate_id: int, host: str) -> None:
        """Add a host to an aggregate."""

        def act() -> Answer[Aggregate]:
            return self._cloud.nova.add_to_aggregate(aggregate_id, host)

        await self._send("POST", f"/os-aggregates/{aggregate_id}/action", "aggregate", host, act)

    async def evacuate(self, guest: str, target: str = "") -> None:
        """Ask for one evacuation. NOT idempotent."""
        await self._act(guest, "evacuate", lambda: self._cloud.nova.evacuate(guest, target or None))

    async def reset_state(self, guest: str) -> None:
        """Set vm_state error."""
        await self._act(guest, "reset", lambda: self._cloud.nova.reset_state(guest))

    async def stop(self, guest: str) -> None:
        """Stop a guest."""
        await self._act(guest, "stop", lambda: self._cloud.nova.stop(guest))

    async def start(self, guest: str) -> None:
        """Start a guest."""
        await self._act(guest, "start", lambda: self._cloud.nova.start(guest))

    async def migrate(self, guest: str, target: str = "") -> None:
        """Move a guest to another host. NOT idempotent."""
        await self._act(guest, "migrate", lambda: self._cloud.nova.migrate(guest, target or None))

    async def live_migrate(self, guest: str, target: str = "") -> None:
        """Let a guest move while it runs. NOT idempotent."""
        await self._act(guest, "live-migrate", lambda: self._cloud.nova.live_migrate(guest, target or None))

    async def confirm_migration(self, guest: str) -> None:
        """Confirm where a guest was moved to."""
        await self._act(guest, "confirm-migration", lambda: self._cloud.nova.confirm_migration(guest))

    def _host_of(self, service_id: str) -> str:
        hosts = self._cloud.world.hosts.values()
        return next((host.name for host in hosts if host.service.service_id == service_id), service_id)

    async def _act(self, guest: str, action: str, act: Callable[[], Answer[None]]) -> None:
        await self._send("POST", f"/servers/{guest}/action", action, guest, act)

    async def _send(
        self, method: str, path: str, action: str, subject: str, act: Callable[[], Answer[T]]
    ) -> T:
        request = Request(
            t=self._cloud.world.now(),
            method=method,
            path=path,
            action=action,
            subject=subject,
            sender=self._sender,
        )
        try:
            return await _answer(self._cloud, request, act, self._client)
        except NoConnection as error:
            raise CloudAway("connection refused") from error
        except BrokenOff as error:
            raise _unanswered(action, "the connection has ended") from error
        except TimeoutError as error:
            raise _unanswered(action, f"no answer to {action} within {self._client:g} s") from error
        except Refused as refusal:
            raise _refusal(action, refusal) from refusal


async def _answer(cloud: SimCloud, request: Request, act: Callable[[], Answer[T]], client: float) -> T:
    """Send the request and wait for its answer, or until the client gives up."""
    answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def settle(value: T | Exception) -> None:
        if answer.done():
            return
        if isinstance(value, Exception):
            answer.set_exception(value)
        else:
            answer.set_result(value)

    cloud.wire.send(request, act, settle)
    async with asyncio.timeout(client):
        return await answer


def _unanswered(action: str, message: str) -> CloudAway | CloudUnsure:
    return CloudAway(message) if action in READS else CloudUnsure(message)


def _refusal(action: str, refusal: Refused) -> Exception:
    """Group Nova's no by what the caller should do: 4xx, 503, other 5xx."""
    if refusal.status < 500:
        return CloudRefused(refusal.status, refusal.message)
    return CloudAway(str(refusal)) if refusal.status == 503 else _unanswered(action, str(refusal))
