"""A connection to a node of RabbitMQ, and what its errors mean to whoever reads a queue."""

import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import amqp
from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, NotFound, PreconditionFailed
from amqp.method_framing import frame_handler

from kasugai.adapters.bus_url import BusAddress, Node
from kasugai.adapters.settings.values import BridgeSettings

HEARTBEAT = 20
"""Seconds: a node that says nothing for twice as long is gone."""
PATIENCE = 10.0
"""Seconds for a connection, and for each answer."""
HEADER, SIZES, NO_PROPERTIES = 2, 12, b"\0\0"
"""A frame with a message's header: twelve bytes of class and size, then flags for its properties."""


class RabbitAway(Exception):
    """Nothing can be read now. One line: where, why."""


class RabbitRefused(Exception):
    """The broker does not let us in, or does not let us do what we must. One line."""


class RabbitUnfit(Exception):
    """What is there and what the settings say do not fit: that does not go away by itself. One line, with a remedy."""


@contextmanager
def connected(bridge: BridgeSettings, node: Node) -> Iterator[Any]:
    """Lend a connection to `node`; whatever goes wrong within the block is one of the errors above."""
    address = bridge.address
    assert address is not None, "a bridge has an address"
    connection = _connection(bridge, address, node)
    try:
        with _meant(address, node):
            connection.connect()
            yield connection
    finally:
        with suppress(Exception):  # whoever is gone needs no farewell
            connection.close()
        with suppress(Exception):
            connection.collect()


@contextmanager
def _meant(address: BusAddress, node: Node) -> Iterator[None]:
    place = f"RabbitMQ at {node[0]}:{node[1]}"
    try:
        yield
    except (RabbitAway, RabbitRefused, RabbitUnfit):
        raise
    except (AccessRefused, NotAllowed) as error:
        said = f"{place} refuses {address.username or 'a login without a name'}: {_text(error)}"
        raise RabbitRefused(f"{said}; see docs/operators/bridge-setup.md") from None
    except ssl.SSLError as error:
        raise RabbitAway(f"{place} is not believed, or hangs up: {error.reason or 'no TLS there'}") from None
    except (AMQPError, OSError, ValueError, struct.error) as error:
        raise RabbitAway(f"{place} is away: {_text(error)}") from None


def _connection(bridge: BridgeSettings, address: BusAddress, node: Node) -> Any:
    return amqp.Connection(
        host=f"{_bracketed(node[0])}:{node[1]}",
        userid=address.username or "guest",
        password=address.password or "guest",
        login_method="PLAIN",
        virtual_host=address.path or "/",
        ssl=_tls(bridge, node) if bridge.tls else False,
        connect_timeout=PATIENCE,
        read_timeout=PATIENCE,
        write_timeout=PATIENCE,
        heartbeat=HEARTBEAT,
        frame_handler=_bare,
        client_properties={"connection_name": bridge.pool, "product": "kasugai bridge"},
    )


def _bare(connection: Any, callback: Any) -> Callable[[tuple[int, int, Any]], Any]:
    """Handle frames as py-amqp does, without the properties of messages: nobody needs them, and py-amqp (5.4.2) raises
    at some that it cannot read, which ends the connection, and the next one that is given the message again."""
    handle = frame_handler(connection, callback)

    def take(frame: tuple[int, int, Any]) -> Any:
        kind, channel, text = frame
        return handle((kind, channel, bytes(text[:SIZES]) + NO_PROPERTIES) if kind == HEADER else frame)

    return take


def _tls(bridge: BridgeSettings, node: Node) -> dict[str, Any]:
    return {
        "server_hostname": node[0],
        "cert_reqs": ssl.CERT_REQUIRED,
        "ca_certs": bridge.ssl_cafile or None,
        "certfile": bridge.ssl_certfile or None,
        "keyfile": bridge.ssl_keyfile or None,
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _text(error: BaseException) -> str:
    """RabbitMQ's own words where it said any."""
    return " ".join((getattr(error, "reply_text", "") or str(error) or type(error).__name__).split())


def prepare(channel: Any, bridge: BridgeSettings) -> None:
    """Have our queue, bound to what Nova publishes. The exchange is Nova's: whoever declares it otherwise than Nova
    keeps Nova from publishing, so it is only asked for."""
    _ask_exchange(channel, bridge)
    try:
        channel.queue_declare(bridge.pool, durable=True, auto_delete=False, arguments=arguments(bridge))
    except PreconditionFailed as error:
        raise RabbitUnfit(
            f"[bridge] queue_type and queue_length do not fit the queue {bridge.pool} that is there ({_text(error)}); "
            f"type: rabbitmqctl -p {_host(bridge)} delete_queue {bridge.pool}, which loses what waits in it, or name "
            "another [bridge] pool"
        ) from None
    for key in keys(bridge):
        channel.queue_bind(bridge.pool, bridge.exchange, key)


def exchange_is_there(connection: Any, bridge: BridgeSettings) -> None:
    """Raise RabbitAway where Nova's exchange is not."""
    channel = connection.channel()
    _ask_exchange(channel, bridge)
    channel.close()


def _ask_exchange(channel: Any, bridge: BridgeSettings) -> None:
    try:
        channel.exchange_declare(bridge.exchange, "topic", passive=True)
    except NotFound:
        raise RabbitAway(
            f"there is no exchange {bridge.exchange} in the virtual host {_host(bridge)}: Nova makes it when it "
            "starts; see [bridge] exchange"
        ) from None


def keys(bridge: BridgeSettings) -> list[str]:
    """Return the routing keys under which Nova publishes, which are the names of the queues that it makes."""
    return [f"{topic}.{priority}" for topic in bridge.topics for priority in ("info", "error")]


def arguments(bridge: BridgeSettings) -> dict[str, Any]:
    """Return how our queue is kept: of too many messages the oldest are lost, for they are the oldest news."""
    return {
        "x-queue-type": bridge.queue_type,
        "x-max-length": bridge.queue_length,
        "x-overflow": "drop-head",
    }


def _host(bridge: BridgeSettings) -> str:
    return (bridge.address.path if bridge.address else "") or "/"
