"""Nova's records as Nova's API writes them, by microversion (field lists: nova.md and the API's history)."""

from typing import Any

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud.actions import Action, ActionEvent
from kasugai.sim.cloud.controllers import ControlService
from kasugai.sim.cloud.model import Aggregate, Guest, Host, Migration
from kasugai.sim.cloud.placement import RAM
from kasugai.sim.cloud.service import Services
from kasugai.sim.cloud.world import World

Microversion = tuple[int, int]

US = "sim-admin"
"""The user's id as whom every client over HTTP speaks: Keystone knows no other."""
USERS = {By.US: US, By.OTHERS: "sim-user", By.NOVA: None}
"""Whom an instance action names."""

ERRORS = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    406: "computeFault",
    409: "conflictingRequest",
    500: "computeFault",
    503: "serviceUnavailable",
}


def error(status: int, message: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {ERRORS.get(status, "computeFault"): {"code": status, "message": message}}


def service(world: World, services: Services, host: Host) -> dict[str, Any]:
    """Return a service of /os-services."""
    record = host.service
    return {
        "id": record.service_id,
        "binary": "nova-compute",
        "host": host.name,
        "zone": host.zone,
        "status": "enabled" if record.enabled else "disabled",
        "state": "up" if services.is_up(host) else "down",
        "updated_at": world.stamp(services.updated_at(record)),
        "disabled_reason": record.disabled_reason or None,
        "forced_down": record.forced_down,
    }


def controller(world: World, record: ControlService) -> dict[str, Any]:
    """Return a nova-conductor or nova-scheduler of /os-services."""
    return {
        "id": str(world.derive("service", record.binary)),
        "binary": record.binary,
        "host": record.host,
        "zone": "internal",
        "status": "enabled",
        "state": "up" if record.is_up else "down",
        "updated_at": world.stamp(record.reported_at),
        "disabled_reason": None,
        "forced_down": False,
    }


def server(world: World, services: Services, guest: Guest, version: Microversion) -> dict[str, Any]:
    """Return a server as an admin sees it."""
    host = world.hosts.get(guest.host or "")
    body: dict[str, Any] = {
        "id": guest.uuid,
        "name": guest.name,
        "status": guest.status,
        "tenant_id": guest.project,
        "user_id": guest.project,
        "metadata": dict(guest.metadata),
        "created": world.stamp(guest.created_at)[:19] + "Z",
        "updated": world.stamp(guest.updated_at)[:19] + "Z",
        "OS-EXT-AZ:availability_zone": host.zone if host else "",
        "OS-EXT-SRV-ATTR:host": guest.host,
        "OS-EXT-SRV-ATTR:hypervisor_hostname": guest.host,
        "OS-EXT-SRV-ATTR:instance_name": f"instance-{guest.uuid[:8]}",
        "OS-EXT-STS:vm_state": guest.vm_state,
        "OS-EXT-STS:task_state": guest.task_state,
        "OS-EXT-STS:power_state": guest.power_state,
        "OS-SRV-USG:launched_at": None if guest.launched_at is None else world.stamp(guest.launched_at),
    }
    body["config_drive"] = "True" if guest.config_drive else ""
    body["image"] = {"id": guest.image} if guest.image else ""
    volumes = [] if guest.image else [{"id": guest.uuid, "delete_on_termination": False}]
    body["os-extended-volumes:volumes_attached"] = volumes
    body["flavor"] = {"id": guest.flavor}
    if version >= (2, 47):
        body["flavor"] = {
            "original_name": guest.flavor,
            "extra_specs": dict(guest.extra_specs),
            "ephemeral": guest.ephemeral,
            "swap": guest.swap,
        }
        if world.tells_room:
            body["flavor"] |= {"vcpus": 1, "ram": RAM, "disk": 0}
    if version >= (2, 26):
        body["tags"] = list(guest.tags)
    if version >= (2, 9):
        body["locked"] = guest.locked_by is not None
    if version >= (2, 16):
        body["host_status"] = _host_status(services, host)
    if version >= (2, 73):
        body["locked_reason"] = guest.locked_reason
    if guest.vm_state == "error" and guest.fault:
        body["fault"] = {"code": 500, "created": body["updated"], "message": guest.fault}
    return body


def hypervisor(world: World, number: int, host: Host) -> dict[str, Any]:
    """Return a hypervisor of /os-hypervisors/detail, whose id is its provider's in Placement (from 2.53 on)."""
    return {
        "id": str(world.derive("provider", host.name)),
        "hypervisor_hostname": host.name,
        "service": {"id": number, "host": host.name, "disabled_reason": host.service.disabled_reason or None},
    }


def aggregate(record: Aggregate) -> dict[str, Any]:
    """Return an aggregate of /os-aggregates."""
    return {
        "id": record.aggregate_id,
        "name": record.name,
        "hosts": list(record.hosts),
        "availability_zone": None,
        "metadata": dict(record.metadata),
    }


def migration(world: World, record: Migration, version: Microversion) -> dict[str, Any]:
    """Return a record of /os-migrations (2.23 or later)."""
    body: dict[str, Any] = {
        "id": record.migration_id,
        "instance_uuid": record.guest,
        "source_compute": record.source,
        "source_node": record.source,
        "dest_compute": record.dest,
        "dest_node": record.dest,
        "dest_host": None,
        "status": record.status,
        "migration_type": record.migration_type,
        "old_instance_type_id": 1,
        "new_instance_type_id": 1,
        "created_at": world.stamp(record.created_at),
        "updated_at": world.stamp(record.updated_at) if record.has_moved else None,
    }
    if version >= (2, 59):
        body["uuid"] = record.uuid
    if version >= (2, 80):
        body["user_id"] = body["project_id"] = "sim"
    return body


def action(world: World, record: Action, version: Microversion) -> dict[str, Any]:
    """Return an action of /servers/ID/os-instance-actions, without its events."""
    body: dict[str, Any] = {
        "action": record.action,
        "instance_uuid": record.guest,
        "request_id": record.request_id,
        "user_id": USERS[record.by],
        "project_id": None if record.by is By.NOVA else "sim",
        "start_time": world.stamp(record.start),
        "message": record.message,
    }
    if version >= (2, 58):
        body["updated_at"] = world.stamp(record.updated_at)
    return body


def event(world: World, record: ActionEvent, version: Microversion) -> dict[str, Any]:
    """Return an action's event as an admin sees it."""
    body: dict[str, Any] = {
        "event": record.event,
        "start_time": world.stamp(record.start),
        "finish_time": None if record.finish is None else world.stamp(record.finish),
        "result": record.result,
        "traceback": record.details,
    }
    if version >= (2, 62):
        body |= {"host": record.host, "hostId": f"{record.host}-of-sim"}
    if version >= (2, 84):
        body["details"] = record.details
    return body


def _host_status(services: Services, host: Host | None) -> str:
    if host is None:
        return ""
    if not host.service.enabled:
        return "MAINTENANCE"
    return "UP" if services.is_up(host) else "DOWN"
