"""How Nova's notifications stand on RabbitMQ, and whether we may read them. Our queue is looked at and not made."""

from collections.abc import Iterator

from kasugai.adapters.rabbit.looking import look
from kasugai.adapters.rabbit.wire import (
    RabbitAway,
    RabbitRefused,
    RabbitUnfit,
    connected,
    exchange_is_there,
    keys,
)
from kasugai.adapters.settings.values import BridgeSettings
from kasugai.bridge.advice import MANY, Line, about_growth, form
from kasugai.bridge.transports.rabbit import UNVERSIONED, standing_of


def check(bridge: BridgeSettings) -> Iterator[Line]:
    """Yield what there is to say. Blocks."""
    assert bridge.address is not None, "the settings were asked for a bridge"
    for node in bridge.address.nodes:
        try:
            with connected(bridge, node) as connection:
                yield Line(True, f"RabbitMQ at {node[0]}:{node[1]} lets us in")
                yield from _queues(bridge, connection)
                return
        except (RabbitAway, RabbitRefused, RabbitUnfit) as error:
            yield Line(False, str(error))


def _queues(bridge: BridgeSettings, connection: object) -> Iterator[Line]:
    exchange_is_there(connection, bridge)
    found = {state.name: state for state in look(connection, (bridge.pool, *keys(bridge), *UNVERSIONED))}
    own = found.get(bridge.pool)
    yield Line(
        True,
        f"our queue {bridge.pool} holds {own.messages} messages and has {own.consumers} readers"
        if own is not None
        else f"our queue {bridge.pool} is made when a bridge starts",
    )
    standing = standing_of(bridge, found)
    yield form(standing)
    for each in standing.queues:
        if not each.is_ours and not each.readers and each.messages >= MANY:
            yield Line(False, about_growth(each))
