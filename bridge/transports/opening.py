"""Chooses the transport by the url, and loads no other: who reads Kafka needs nothing of RabbitMQ."""

from collections.abc import Iterator
from contextlib import AsyncExitStack

from kasugai.adapters.bus_url import Bus
from kasugai.adapters.settings import Settings
from kasugai.adapters.settings.values import BridgeSettings
from kasugai.adapters.telemetry.lags import Lags
from kasugai.bridge.advice import Line
from kasugai.bridge.ports import Feed, Unfit

LACKS = (
    "[bridge] transport_url is of RabbitMQ, and py-amqp is not installed; type: pip install 'kasugai[bridge]'"
)


async def open_feed(stack: AsyncExitStack, settings: Settings, lags: Lags | None) -> Feed:
    """Open the bus that the settings name, until the stack is closed; Unfit."""
    bridge = settings.bridge
    if _bus(bridge) is Bus.KAFKA:
        from kasugai.bridge.transports.kafka import KafkaFeed

        return await stack.enter_async_context(KafkaFeed(bridge, settings.stream.instance, lags))
    try:
        from kasugai.bridge.transports.rabbit import RabbitFeed
    except ImportError as error:
        raise Unfit(LACKS) from error
    return await stack.enter_async_context(RabbitFeed(bridge))


def check(bridge: BridgeSettings) -> Iterator[Line]:
    """Yield what there is to say about Nova's notifications on that bus, and what to do. Makes and takes nothing, and
    blocks."""
    if _bus(bridge) is Bus.KAFKA:
        from kasugai.bridge.transports import kafka_check

        yield from kafka_check.check(bridge)
        return
    try:
        from kasugai.bridge.transports import rabbit_check
    except ImportError:
        yield Line(False, LACKS)
        return
    yield from rabbit_check.check(bridge)


def _bus(bridge: BridgeSettings) -> Bus:
    assert bridge.address is not None, "the settings were asked for a bridge"
    return bridge.address.bus
