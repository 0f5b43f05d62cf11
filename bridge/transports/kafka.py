"""Nova's notifications from Kafka, read directly: offsets are committed when our own Kafka has what follows.

oslo.messaging's listener commits before it hands a message over and loses the first one of a backlog (measured), so its
envelope is all that we have of it.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from kasugai.adapters.bus_url import BusAddress
from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.kafka.complaints import Complaints, Pace
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.route_loop import Batches
from kasugai.adapters.settings.values import BridgeSettings, KafkaSettings
from kasugai.adapters.telemetry.lags import Lags
from kasugai.adapters.trouble import Refusals
from kasugai.bridge.ports import Standing, Unfit

PRIORITIES = ("info", "error")
UNVERSIONED = ("notifications.info", "notifications.error")
PATIENCE = 5.0
"""Seconds for one question about topics."""
REFUSING = (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED)

log = logging.getLogger(__name__)


def brokers_of(bridge: BridgeSettings) -> KafkaSettings:
    """Return Nova's Kafka in the words in which we connect to our own."""
    address = bridge.address
    assert address is not None, "a bridge has an address"
    secured = "SSL" if bridge.tls else "PLAINTEXT"
    return KafkaSettings(
        bootstrap_servers=",".join(_node(address)),
        security_protocol=f"SASL_{secured}" if address.username else secured,
        sasl_mechanism=bridge.sasl_mechanism,
        sasl_username=address.username,
        sasl_password=address.password,
        ssl_cafile=bridge.ssl_cafile,
        ssl_certfile=bridge.ssl_certfile,
        ssl_keyfile=bridge.ssl_keyfile,
    )


def topics_of(bridge: BridgeSettings) -> list[str]:
    """Return the topics that Nova writes to."""
    return [f"{topic}.{priority}" for topic in bridge.topics for priority in PRIORITIES]


def _node(address: BusAddress) -> list[str]:
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in address.nodes]


class _Heard(Complaints):
    """What Nova's Kafka complains about, apart from what ours does; a refusal that stays is final."""

    def __init__(self, name: str, failure: "asyncio.Future[None]") -> None:
        super().__init__(name, Pace())
        self._refusals = Refusals()
        self._failure = failure
        self._loop = asyncio.get_running_loop()

    def hear(self, error: Any) -> None:
        super().hear(error)
        if error.code() in REFUSING and self._refusals.is_final():
            self._loop.call_soon_threadsafe(self._fail, " ".join(error.str().split()))

    def _fail(self, why: str) -> None:
        if not self._failure.done():
            said = f"Nova's Kafka does not let us in: {why}; see docs/operators/bridge-setup.md"
            self._failure.set_exception(Unfit(said))


class KafkaFeed(AbstractAsyncContextManager["KafkaFeed"]):
    """A member of our group."""

    def __init__(self, bridge: BridgeSettings, instance: str, lags: Lags | None = None) -> None:
        """Join in the background."""
        assert bridge.address is not None, "a bridge has an address"
        self.name = f"Kafka at {bridge.address.shown}"
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        brokers = brokers_of(bridge)
        self._batches = Batches(
            brokers,
            group=bridge.pool,
            instance=instance,
            topics=topics_of(bridge),
            lags=lags,
            complaints=_Heard(f"{bridge.pool}-{instance}", self._failure),
        )
        self._bridge = bridge
        self._look = Look(brokers, f"{bridge.pool}-{instance}-look")

    async def __aenter__(self) -> Self:
        """Return the feed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await self._batches.close()
        if not self._failure.done():
            self._failure.cancel()

    def unready(self) -> str:
        """See Feed."""
        return "" if self._batches.has_joined else f"waiting for the group {self._bridge.pool} at {self.name}"

    async def next(self) -> Sequence[Incoming]:
        """See Feed."""
        return await self._batches.next()

    async def done(self, records: Sequence[Incoming]) -> None:
        """See Feed."""
        await self._batches.commit(records)

    async def standing(self) -> Standing | None:
        """See Feed."""
        topics = await asyncio.to_thread(self._look.topics)
        if topics is None:
            return None
        return Standing(
            versioned=any(topic in topics for topic in topics_of(self._bridge)),
            unversioned=any(topic in topics for topic in UNVERSIONED),
        )

    async def failure(self) -> None:
        """See Feed."""
        await asyncio.shield(self._failure)


class Look:
    """Which topics there are."""

    def __init__(self, brokers: KafkaSettings, name: str) -> None:
        """Connect in the background."""
        quiet = Complaints(name, Pace(listening=True))
        self._admin = AdminClient(
            client_config(brokers, name) | {"error_cb": quiet.hear, "logger": quiet.logger}
        )

    def topics(self) -> frozenset[str] | None:
        """Return their names; None when the broker does not answer. Blocks."""
        try:
            return frozenset(self._admin.list_topics(timeout=PATIENCE).topics)
        except KafkaException as error:
            log.debug("topics cannot be listed: %s", error)
            return None
