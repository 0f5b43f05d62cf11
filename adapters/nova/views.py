"""Turns Nova's JSON, and Keystone's, into the core's values.

An answer without what an admin sees is CloudAway with the reason.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

from kasugai.adapters.nova.placing import needs_of
from kasugai.core.recovering.doors import CloudAway
from kasugai.core.recovering.look import (
    AggregateView,
    EvacuationView,
    GuestView,
    ImageView,
    MigrationView,
    ServiceView,
)
from kasugai.core.words.timing import Millis

Row = Mapping[str, Any]


def service(rows: Iterable[Row], host: str, date: str | None) -> ServiceView | None:
    """Return the row of exactly this host with its age: by the reply's Date, else by the newest row of the reply,
    which is a lower bound."""
    rows = list(rows)
    own = next((row for row in rows if pick(row, "host") == host), None)
    return None if own is None else _service(own, rows, date)


def services(rows: Iterable[Row], date: str | None) -> tuple[ServiceView, ...]:
    """Return all rows of a reply."""
    rows = list(rows)
    return tuple(_service(row, rows, date) for row in rows)


def _service(own: Row, rows: Iterable[Row], date: str | None) -> ServiceView:
    moved = _moment(own)
    now = parsedate_to_datetime(date) if date else max(filter(None, map(_moment, rows)), default=None)
    return ServiceView(
        service_id=pick(own, "id"),
        host=pick(own, "host"),
        is_up=pick(own, "state") == "up",
        is_enabled=pick(own, "status") == "enabled",
        forced_down=pick(own, "forced_down"),
        updated_at=own.get("updated_at") or "",
        age=(now - moved).total_seconds() if now and moved else 0.0,
        age_is_bound=not (date and moved),
        disabled_reason=own.get("disabled_reason") or "",
        zone=own.get("zone") or "",
    )


def is_up(row: Row) -> bool:
    """Whether a service lives, by Nova's word."""
    return bool(pick(row, "state") == "up")


def guest(row: Row) -> GuestView:
    """Return a server."""
    vm_state, flavor = pick(row, "OS-EXT-STS:vm_state"), row.get("flavor", {})
    return GuestView(
        uuid=pick(row, "id"),
        name=pick(row, "name"),
        host=pick(row, "OS-EXT-SRV-ATTR:host") or "",
        vm_state=vm_state,
        task_state=pick(row, "OS-EXT-STS:task_state"),
        power_state=pick(row, "OS-EXT-STS:power_state"),
        metadata=MappingProxyType(dict(pick(row, "metadata"))),
        tags=tuple(row.get("tags") or ()),
        project=row.get("tenant_id") or "",
        image=(row.get("image") or {}).get("id", ""),
        flavor=flavor.get("original_name", ""),
        extra_specs=MappingProxyType(dict(flavor.get("extra_specs") or {})),
        has_ephemeral=bool(flavor.get("ephemeral")),
        has_swap=bool(flavor.get("swap")),
        has_config_drive=bool(row.get("config_drive")),
        needs=needs_of(flavor, boots_from_volume=not row.get("image")),
        locked=pick(row, "locked"),
        fault=row.get("fault", {}).get("message", ""),
        deleted="deleted" in (vm_state, str(pick(row, "status")).lower()),
    )


def migration(row: Row) -> MigrationView:
    """Return a migration record."""
    return MigrationView(
        migration_id=pick(row, "id"),
        guest=pick(row, "instance_uuid"),
        migration_type=pick(row, "migration_type"),
        status=pick(row, "status"),
        source=pick(row, "source_compute") or "",
        dest=pick(row, "dest_compute") or "",
        lasted=_lasted(row),
    )


def hypervisor(row: Row) -> tuple[str, str]:
    """Return a hypervisor's id, which is its provider's in Placement, and its host."""
    return str(pick(row, "id")), str(pick(pick(row, "service"), "host"))


def evacuation(row: Row) -> EvacuationView:
    """Return an evacuate action: its conductor's part is the event `rebuild_server`."""
    events = pick(row, "events")
    ended = (event.get("result") for event in events if pick(event, "event").endswith("rebuild_server"))
    return EvacuationView(request=pick(row, "request_id"), has_failed="Error" in ended)


def aggregate(row: Row) -> AggregateView:
    """Return an aggregate."""
    return AggregateView(
        aggregate_id=pick(row, "id"),
        name=pick(row, "name"),
        hosts=frozenset(pick(row, "hosts")),
        metadata=MappingProxyType(dict(row.get("metadata") or {})),
    )


def image(row: Row) -> ImageView:
    """Return an image: Glance writes its properties beside its own fields (v2), all of them as text."""
    if "id" not in row:
        raise CloudAway("the answer about an image is not Glance's")
    properties = {name: value for name, value in row.items() if isinstance(value, str)}
    return ImageView(properties=MappingProxyType(properties), tags=tuple(row.get("tags") or ()))


def project_tags(row: Row) -> tuple[str, ...]:
    """Return the tags in Keystone's answer."""
    if "tags" not in row:
        raise CloudAway("the answer about a project's tags is not Keystone's")
    return tuple(row["tags"])


def pick(row: Row, key: str) -> Any:
    """Return a part of an answer that every Nova gives to an admin."""
    try:
        return row[key]
    except KeyError:
        raise CloudAway(f"Nova's answer lacks {key}: is the user an admin in Nova's policy?") from None


def _lasted(row: Row) -> Millis | None:
    """Return the milliseconds between a record's making and its last change; None if it has not changed."""
    made, moved = _moment(row, "created_at"), _moment(row)
    return Millis(round((moved - made).total_seconds() * 1000)) if made and moved else None


def _moment(row: Row, key: str = "updated_at") -> datetime | None:
    """Return a time of Nova's (UTC without saying so); None for a service that has never reported."""
    text = row.get(key)
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
