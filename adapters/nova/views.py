"""Turns Nova's JSON, and Keystone's, into the core's values.

An answer without what an admin sees is CloudAway with the reason.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kasugai.adapters.nova.placing import needs_of
from kasugai.adapters.nova.sentences import sentence
from kasugai.core.recovering.doors import CloudAway
from kasugai.core.recovering.nova_views import (
    ASKS_TO_RUN,
    ActionView,
    AggregateView,
    By,
    EvacuationView,
    GroupView,
    GuestView,
    ImageView,
    MigrationView,
    ServicesView,
    ServiceView,
)
from kasugai.core.words.timing import Instant, Millis, NovaTime

COMPUTE = "nova-compute"
CONTROLLERS = ("nova-scheduler", "nova-conductor")
"""Without which Nova evacuates nobody."""

Row = Mapping[str, Any]


def service(rows: Iterable[Row], host: str, date: str | None) -> ServiceView | None:
    """Return the row of exactly this host with its age: by the reply's Date, else by the newest row of the reply,
    which is a lower bound."""
    rows = list(rows)
    own = next((row for row in rows if pick(row, "host") == host), None)
    return None if own is None else _service(own, rows, date)


def date(header: str) -> Instant:
    """Return what a Date header says, in milliseconds since 1970."""
    return int(parsedate_to_datetime(header).timestamp() * 1000)


def services(rows: Iterable[Row], date: str | None) -> ServicesView:
    """Return what all rows of a reply say: each compute's own, of the others whether any of a kind is up."""
    by_binary: dict[str, list[Row]] = {}
    for row in rows:
        by_binary.setdefault(pick(row, "binary"), []).append(row)
    computes = by_binary.get(COMPUTE, [])
    return ServicesView(
        computes=tuple(_service(row, computes, date) for row in computes),
        unwell=frozenset(name for name in CONTROLLERS if _is_silent(by_binary.get(name, []))),
    )


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


def _is_silent(rows: Collection[Row]) -> bool:
    """Whether there are services of a kind and none is up: one that Nova does not show says nothing."""
    return bool(rows) and not any(pick(row, "state") == "up" for row in rows)


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
        volumes=tuple(pick(each, "id") for each in row.get("os-extended-volumes:volumes_attached") or ()),
        needs=needs_of(flavor, boots_from_volume=not row.get("image")),
        locked=pick(row, "locked"),
        fault=sentence(row.get("fault", {}).get("message", "")),
        launched_at=_nova_time(row, "OS-SRV-USG:launched_at"),
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
        made_at=_nova_time(row, "created_at"),
        lasted=_lasted(row),
    )


def hypervisor(row: Row) -> tuple[str, str]:
    """Return a hypervisor's id, which is its provider's in Placement, and its host."""
    return str(pick(row, "id")), str(pick(pick(row, "service"), "host"))


def evacuation(row: Row, later: Iterable[Row]) -> EvacuationView:
    """Return an evacuate action: its conductor's part is the event `rebuild_server`. `later`: what was asked since."""
    events = pick(row, "events")
    ended = (event.get("result") for event in events if pick(event, "event").endswith("rebuild_server"))
    return EvacuationView(
        request=pick(row, "request_id"),
        has_failed="Error" in ended,
        started_since=any(pick(each, "action") in ASKS_TO_RUN for each in later),
    )


def action(row: Row, us: str) -> ActionView:
    """Return an instance action. Nova names no user of what it does by itself (null, never left out); `us` is the user
    that we speak as."""
    user, began_at = pick(row, "user_id"), _nova_time(row, "start_time")
    if began_at is None:
        raise CloudAway("Nova's answer lacks start_time: it does not say when something was asked of a guest")
    return ActionView(
        action=pick(row, "action"),
        by=By.NOVA if user is None else By.US if user == us else By.OTHERS,
        request=pick(row, "request_id") or "",
        began_at=began_at,
        ended_at=_nova_time(row, "updated_at"),
        has_failed=pick(row, "message") == "Error",
    )


def aggregate(row: Row) -> AggregateView:
    """Return an aggregate."""
    return AggregateView(
        aggregate_id=pick(row, "id"),
        name=pick(row, "name"),
        hosts=frozenset(pick(row, "hosts")),
        metadata=MappingProxyType(dict(row.get("metadata") or {})),
    )


def group(row: Row) -> GroupView:
    """Return a server group; below microversion 2.64 its policy is in a list, and one member a host is all there is."""
    rules, policies = row.get("rules") or {}, row.get("policies") or [""]
    return GroupView(
        group_id=pick(row, "id"),
        policy=row.get("policy") or policies[0],
        project=pick(row, "project_id"),
        members=tuple(pick(row, "members")),
        most=int(rules.get("max_server_per_host", 1)),
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


def next_marker(body: Row, key: str) -> str | None:
    """Return where the next page of a list begins; None after its last."""
    try:
        links = [link["href"] for link in body.get(f"{key}_links") or () if link["rel"] == "next"]
        return parse_qs(urlsplit(links[0]).query)["marker"][0] if links else None
    except (LookupError, TypeError, ValueError, AttributeError):
        raise CloudAway(f"Nova's answer does not say where the next page of {key} begins") from None


def _lasted(row: Row) -> Millis | None:
    """Return the milliseconds between a record's making and its last change; None if it has not changed."""
    made, moved = _moment(row, "created_at"), _moment(row)
    return Millis(round((moved - made).total_seconds() * 1000)) if made and moved else None


def _nova_time(row: Row, key: str) -> NovaTime | None:
    moment = _moment(row, key)
    return None if moment is None else NovaTime(round(moment.timestamp() * 1000))


def _moment(row: Row, key: str = "updated_at") -> datetime | None:
    """Return a time of Nova's (UTC without saying so); None for a service that has never reported."""
    text = row.get(key)
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
