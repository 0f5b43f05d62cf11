"""Reads the segments and hosts of an existing Masakari from its database. It writes nothing there, ever.

Tables and columns as Masakari's models have them (failover_segments, hosts; a row whose `deleted` is not 0 is gone). A
column that an older Masakari lacks has its default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, MetaData, Table, create_engine, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from kasugai.core.words.policy import Method

DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "mysql+mysqldb": "mysql+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg2": "postgresql+psycopg",
}
"""What stands in a masakari.conf, and the driver that Kasugai brings for it."""
PATIENCE = 10
"""Seconds until a database that does not answer counts as away."""


class BadDatabase(Exception):
    """The URL makes no sense, or what it names is no Masakari's database; the message says which, without passwords."""


class DatabaseAway(Exception):
    """It cannot be reached or refuses; the message says who and why, without passwords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasakariSegment:
    """A failover segment that is not deleted."""

    uuid: str
    name: str
    service_type: str
    enabled: bool
    description: str
    recovery_method: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class MasakariHost:
    """A host that is not deleted, nor its segment."""

    uuid: str
    name: str
    segment: str
    """The segment's uuid."""
    host_type: str
    control_attributes: str
    reserved: bool
    on_maintenance: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MasakariInventory:
    """What the database held at one instant, by name."""

    segments: tuple[MasakariSegment, ...]
    hosts: tuple[MasakariHost, ...]


def read(url: str) -> MasakariInventory:
    """Return what is there, from one transaction; BadDatabase or DatabaseAway."""
    place = _place(url)
    shown = place.render_as_string(hide_password=True)
    engine = create_engine(place, poolclass=NullPool, connect_args=_patience(place))
    try:
        with engine.connect() as connection:
            return _read(connection)
    except NoSuchTableError as error:
        raise BadDatabase(f"{shown} has no table {error}: is it Masakari's database?") from error
    except SQLAlchemyError as error:
        raise DatabaseAway(f"{shown}: {_told(error, place)}") from error


def _place(url: str) -> URL:
    try:
        place = make_url(url)
        place = place.set(drivername=DRIVERS.get(place.drivername, place.drivername))
        place.get_dialect()
        return place
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise BadDatabase(
            "the database's URL cannot be understood; for example: mysql+pymysql://masakari:PASSWORD@db/masakari"
        ) from error


def _patience(place: URL) -> dict[str, Any]:
    return {} if place.drivername.startswith("sqlite") else {"connect_timeout": PATIENCE}


def _told(error: SQLAlchemyError, place: URL) -> str:
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    return text.replace(place.password, "***") if place.password else text


def _read(connection: Connection) -> MasakariInventory:
    segments = tuple(_segment(row) for row in _rows(connection, "failover_segments"))
    known = {segment.uuid for segment in segments}
    hosts = (_host(row) for row in _rows(connection, "hosts"))
    return MasakariInventory(
        segments=tuple(sorted(segments, key=lambda segment: segment.name)),
        hosts=tuple(sorted((host for host in hosts if host.segment in known), key=lambda host: host.name)),
    )


def _rows(connection: Connection, name: str) -> list[Mapping[str, Any]]:
    table = Table(name, MetaData(), autoload_with=connection)
    found = connection.execute(select(table)).mappings()
    return [dict(row) for row in found if not row.get("deleted")]


def _segment(row: Mapping[str, Any]) -> MasakariSegment:
    enabled = row.get("enabled")
    return MasakariSegment(
        uuid=row["uuid"],
        name=row["name"],
        service_type=row["service_type"],
        enabled=True if enabled is None else bool(enabled),
        description=row.get("description") or "",
        recovery_method=_method(row),
    )


def _method(row: Mapping[str, Any]) -> Method:
    try:
        return Method(row["recovery_method"])
    except ValueError as error:
        raise BadDatabase(
            f"segment {row['name']}: Masakari has no recovery method {row['recovery_method']}, nor has Kasugai"
        ) from error


def _host(row: Mapping[str, Any]) -> MasakariHost:
    return MasakariHost(
        uuid=row["uuid"],
        name=row["name"],
        segment=row["failover_segment_id"],
        host_type=row.get("type") or "",
        control_attributes=row.get("control_attributes") or "",
        reserved=bool(row.get("reserved")),
        on_maintenance=bool(row.get("on_maintenance")),
    )
