"""Reads the address of a Redis: one server, a socket, a Sentinel's service or a Cluster; the only place that does.

It refuses to connect, and never repeats what stands in an address: it may hold a password.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote

REDIS_PORT = 6379
SENTINEL_PORT = 26379


class Form(StrEnum):
    """How a Redis is reached."""

    SERVER = "server"
    SOCKET = "socket"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


SCHEMES: Mapping[str, tuple[Form, bool]] = MappingProxyType(
    {
        "redis": (Form.SERVER, False),
        "rediss": (Form.SERVER, True),
        "unix": (Form.SOCKET, False),
        "redis+sentinel": (Form.SENTINEL, False),
        "rediss+sentinel": (Form.SENTINEL, True),
        "redis+cluster": (Form.CLUSTER, False),
        "rediss+cluster": (Form.CLUSTER, True),
    }
)
"""Each scheme's form, and whether it is TLS."""

Node = tuple[str, int]


class BadUrl(ValueError):
    """The address cannot be understood. The message continues a sentence about the option and quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a Redis is, and as whom to go there."""

    form: Form
    tls: bool = False
    nodes: tuple[Node, ...] = ()
    """The server; with a Sentinel its sentinels, with a Cluster some of its nodes."""
    path: str = ""
    """Of the socket."""
    service: str = ""
    """What the sentinels call the master."""
    db: int = 0
    username: str = ""
    password: str = field(default="", repr=False)


def parse(url: str) -> Address:
    """Return what `url` means. BadUrl otherwise."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in SCHEMES:
        raise BadUrl(f"begins with none of {', '.join(f'{known}://' for known in SCHEMES)}")
    form, tls = SCHEMES[scheme]
    rest, _, options = rest.partition("?")
    authority, slash, path = rest.partition("/")
    access, at, places = authority.rpartition("@")
    username, _, password = access.partition(":")
    address = Address(
        form=form,
        tls=tls,
        db=_option(options),
        username=unquote(username) if at else "",
        password=unquote(password) if at else "",
    )
    return _of_form(address, places, slash + path)


def _of_form(address: Address, places: str, path: str) -> Address:
    """Fill in what the address's form asks for."""
    if address.form is Form.SOCKET:
        if places or len(path) < 2:
            raise BadUrl("names no socket: unix:///run/redis/redis.sock?db=0")
        return replace(address, path=unquote(path))
    if address.form is Form.SENTINEL:
        service, _, number = path.strip("/").partition("/")
        if not service:
            raise BadUrl("names no service: redis+sentinel://sentinel1:26379,sentinel2:26379/SERVICE/0")
        nodes = _nodes(places, SENTINEL_PORT)
        return replace(address, nodes=nodes, service=unquote(service), db=_db(number) or address.db)
    nodes, db = _nodes(places, REDIS_PORT), _db(path.strip("/")) or address.db
    if address.form is Form.CLUSTER and db:
        raise BadUrl("asks for a database that is not 0: a Cluster has no other")
    if address.form is Form.SERVER and len(nodes) > 1:
        raise BadUrl("names several servers: redis+sentinel:// and redis+cluster:// take several")
    return replace(address, nodes=nodes, db=db)


def _nodes(places: str, port: int) -> tuple[Node, ...]:
    return tuple(_node(place, port) for place in places.split(","))


def _node(place: str, default: int) -> Node:
    """Read `host`, `host:port`, `[v6]` or `[v6]:port`."""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = place.partition(":")
    if not host:
        raise BadUrl("names no host")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise BadUrl(
            "has a port that is no number from 1 to 65535 (write : / @ in a password as %3A %2F %40)"
        )
    return host, int(port or default)


def _db(text: str) -> int:
    if text and not text.isdecimal():
        raise BadUrl("ends with a database that is no number (write : / @ in a password as %3A %2F %40)")
    return int(text or 0)


def _option(options: str) -> int:
    """Read what follows the question mark: the database, and nothing else."""
    found = parse_qsl(options, keep_blank_values=True)
    if any(name != "db" for name, _ in found):
        raise BadUrl("has more than db after its question mark: the rest are options of their own in [redis]")
    return _db(found[-1][1]) if found else 0
