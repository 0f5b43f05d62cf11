"""oslo.messaging's transport_url, as Nova has it: which bus, its nodes, the login, and what stands behind the slash.

It reads text and asks nobody. A password is repeated nowhere.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote


class Bus(StrEnum):
    """The buses on which the bridge can hear Nova."""

    RABBIT = "rabbit"
    KAFKA = "kafka"


PORTS = {Bus.RABBIT: 5672, Bus.KAFKA: 9092}
"""Where a node listens whose port is not said; RabbitMQ with TLS on 5671."""
RABBIT_TLS = 5671

Node = tuple[str, int]


class BadBusUrl(ValueError):
    """The url cannot be used; says why without repeating it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusAddress:
    """Where Nova's notifications are."""

    bus: Bus
    nodes: tuple[Node, ...]
    username: str = ""
    password: str = field(default="", repr=False)
    path: str = ""
    """What follows the slash: RabbitMQ's virtual host, with Kafka what Nova appends to its topics' names."""

    @property
    def shown(self) -> str:
        """Its nodes, for people."""
        return ", ".join(f"{host}:{port}" for host, port in self.nodes)


def parse(url: str, *, tls: bool = False) -> BusAddress:
    """Return what a url says; BadBusUrl. `tls` chooses the port that is not said."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in set(Bus):
        raise BadBusUrl("does not begin with rabbit:// or kafka://")
    bus = Bus(scheme)
    authority, _, path = rest.partition("?")[0].partition("/")
    port = RABBIT_TLS if bus is Bus.RABBIT and tls else PORTS[bus]
    logins, nodes = set(), []
    for part in authority.split(","):
        login, _, node = part.rpartition("@")
        nodes.append(_node(node, port))
        logins.add(login)
    logins.discard("")
    if len(logins) > 1:
        raise BadBusUrl("names several logins: use one for all nodes")
    username, _, password = logins.pop().partition(":") if logins else ("", "", "")
    return BusAddress(
        bus=bus,
        nodes=tuple(nodes),
        username=unquote(username),
        password=unquote(password),
        path=unquote(path),
    )


def _node(text: str, port: int) -> Node:
    host, separator, number = text.rpartition(":")
    if not separator or text.endswith("]"):
        host, number = text, str(port)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not number.isascii() or not number.isdigit() or not 0 < int(number) < 65_536:
        raise BadBusUrl("names a node that is not HOST:PORT")
    return host, int(number)
