"""What the simulated Nova has, as the values that the `Cloud` port answers with."""

import math
from collections.abc import Sequence
from types import MappingProxyType

from kasugai.core.recovering.nova_views import (
    ASKS_TO_RUN,
    ActionView,
    AggregateView,
    EvacuationView,
    GuestView,
    MigrationView,
    Needs,
    ServiceView,
)
from kasugai.core.words.timing import Millis, NovaTime
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


def _nova_time(world: World, t: float | None) -> NovaTime | None:
    return None if t is None else NovaTime(1000 * _whole(world, t))


NEEDS = Needs((("MEMORY_MB", RAM), ("VCPU", 1)))
"""Of every simulated flavor."""


def action(world: World, action: Action) -> ActionView:
    """Return an instance action."""
    return ActionView(
        action=action.action,
        by=action.by,
        request=action.request_id,
        began_at=NovaTime(math.floor(world.wall(action.start)) * 1000),
        ended_at=_nova_time(world, action.updated_at),
        has_failed=action.message == ERROR,
    )


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
        volumes=() if guest.image else (guest.uuid,),
        needs=NEEDS if world.tells_room else None,
        locked=guest.locked_by is not None,
        fault=guest.fault if guest.vm_state == "error" else "",
        deleted=guest.deleted,
        launched_at=_nova_time(world, guest.launched_at),
    )


def last_evacuation(actions: Sequence[Action]) -> EvacuationView | None:
    """Return the newest evacuate action; None for none. `actions`: newest first."""
    at = next((n for n, each in enumerate(actions) if each.action == "evacuate"), None)
    if at is None:
        return None
    results = (event.result for event in actions[at].events if event.event.endswith("rebuild_server"))
    return EvacuationView(
        request=actions[at].request_id,
        has_failed=ERROR in results,
        started_since=any(each.action in ASKS_TO_RUN for each in actions[:at]),
    )


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
        made_at=_nova_time(world, record.created_at),
        lasted=lasted if record.has_moved else None,
    )
