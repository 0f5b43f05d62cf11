"""What the simulated Nova has, as the values that the `Cloud` port answers with."""

import math
from types import MappingProxyType

from kasugai.core.recovering.look import (
    AggregateView,
    EvacuationView,
    GuestView,
    MigrationView,
    Needs,
    ServiceView,
)
from kasugai.core.words.timing import Millis
from kasugai.sim.cloud.actions import ERROR, Action
from kasugai.sim.cloud.cloud import SimCloud
from kasugai.sim.cloud.model import Aggregate, Guest, Host, Migration
from kasugai.sim.cloud.placement import RAM
from kasugai.sim.cloud.world import World


def service(cloud: SimCloud, host: Host) -> ServiceView:
    """Render a service in whole seconds of the cloud's clock; its age is a bound when the reply has no Date."""
    world, services, service = cloud.world, cloud.nova.services, host.service
    moved = _whole(world, services.updated_at(service))
    now = _whole(world, world.now())
    if not world.sends_date:
        visible = cloud.nova.list_services().value
        now = max(_whole(world, services.updated_at(other.service)) for other in visible)
    return ServiceView(
        service_id=service.service_id,
        host=host.name,
        is_up=services.is_up(host),
        is_enabled=service.enabled,
        forced_down=service.forced_down,
        updated_at=cloud.world.stamp(services.updated_at(service)),
        age=float(now - moved),
        age_is_bound=not world.sends_date,
        disabled_reason=service.disabled_reason,
        zone=host.zone,
    )


def _whole(world: World, t: float) -> int:
    return math.floor(world.wall(t))


NEEDS = Needs((("MEMORY_MB", RAM), ("VCPU", 1)))
"""Of every simulated flavor."""


def guest(world: World, guest: Guest) -> GuestView:
    """Return a server."""
    return GuestView(
        uuid=guest.uuid,
        name=guest.name,
        host=guest.host or "",
        vm_state=guest.vm_state,
        task_state=guest.task_state,
        power_state=guest.power_state,
        metadata=MappingProxyType(dict(guest.metadata)),
        tags=tuple(guest.tags),
        project=guest.project,
        image=guest.image,
        flavor=guest.flavor,
        extra_specs=MappingProxyType(dict(guest.extra_specs)),
        has_ephemeral=guest.ephemeral > 0,
        has_swap=guest.swap > 0,
        has_config_drive=guest.config_drive,
        needs=NEEDS if world.tells_room else None,
        locked=guest.locked_by is not None,
        fault=guest.fault if guest.vm_state == "error" else "",
        deleted=guest.deleted,
    )


def evacuation(action: Action) -> EvacuationView:
    """Return an evacuate action."""
    results = (event.result for event in action.events if event.event.endswith("rebuild_server"))
    return EvacuationView(request=action.request_id, has_failed=ERROR in results)


def aggregate(aggregate: Aggregate) -> AggregateView:
    """Return an aggregate."""
    return AggregateView(
        aggregate_id=aggregate.aggregate_id,
        name=aggregate.name,
        hosts=frozenset(aggregate.hosts),
        metadata=MappingProxyType(dict(aggregate.metadata)),
    )


def migration(world: World, record: Migration) -> MigrationView:
    """Return a migration record."""
    lasted = Millis(1000 * (_whole(world, record.updated_at) - _whole(world, record.created_at)))
    return MigrationView(
        migration_id=record.migration_id,
        guest=record.guest,
        migration_type=record.migration_type,
        status=record.status,
        source=record.source,
        dest=record.dest or "",
        lasted=lasted if record.has_moved else None,
    )
