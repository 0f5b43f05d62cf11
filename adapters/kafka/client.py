"""What every Kafka client of ours has in common: where, who, how safe; and the partition that a key belongs to."""

from typing import Any, Protocol

import confluent_kafka

from kasugai.adapters.kafka.complaints import Complaints

Config = dict[str, Any]


class Brokers(Protocol):
    """What every client must know, whichever settings it comes from."""

    @property
    def bootstrap_servers(self) -> str:
        """host:port of some brokers, several separated by commas."""

    @property
    def security_protocol(self) -> str:
        """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""

    @property
    def sasl_mechanism(self) -> str:
        """With SASL."""

    @property
    def sasl_username(self) -> str:
        """With SASL."""

    @property
    def sasl_password(self) -> str:
        """With SASL."""

    @property
    def ssl_cafile(self) -> str:
        """With TLS; empty: the system's."""

    @property
    def ssl_certfile(self) -> str:
        """With TLS, where we are asked for one."""

    @property
    def ssl_keyfile(self) -> str:
        """The certificate's key."""


MAX_MESSAGE_BYTES = 1_048_576
"""The same bound everywhere: what one side may send, the others may carry."""
ROOMY = MAX_MESSAGE_BYTES - 4_096
"""Key, value and headers of at most so many bytes fit for certain: the broker counts its own framing too."""
FRAME = ROOMY - 4_096
"""A value of at most so many bytes fits for certain: its key and its headers (a trace has a kilobyte at most) travel
with it, and a letter carries it on under names of its own."""

CLASSIC = "classic"
"""The group protocol of static members. Under the new one a member that was killed and is back is refused, for good,
until the session of its former life has ended; under this one it has its place at once (measured)."""

PARTITIONER = "murmur2_random"
"""Java's; librdkafka's own default disagrees with the rest of the world."""


def client_config(kafka: Brokers, name: str) -> Config:
    """Return what a producer, a consumer and an admin client share; `name` is shown at the broker and in our logs."""
    complaints = Complaints(name)
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "client.id": name,
        "logger": complaints.logger,
        "error_cb": complaints.hear,
        "log.connection.close": False,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 2_000,
        "socket.keepalive.enable": True,
        **_security(kafka),
    }


def producer_config(kafka: Brokers, name: str) -> Config:
    """Return a producer's configuration: a record counts when all in-sync replicas have it, once and in order.

    No linger: whoever publishes waits (2.1 ms instead of 3.3 ms with one of 1 ms, measured), and batches form anyway.
    No compression: Faust reads neither lz4 nor zstd without cramjam (docs/streaming.md 6.2).
    """
    return client_config(kafka, name) | {
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": PARTITIONER,
        "linger.ms": 0,
        "delivery.timeout.ms": 30_000,
        "message.max.bytes": MAX_MESSAGE_BYTES,
    }


def consumer_config(kafka: Brokers, name: str, group: str) -> Config:
    """Return the configuration of a consumer that commits by its own hand, from the beginning if it never has."""
    return client_config(kafka, name) | {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": 16_384,
        "fetch.wait.max.ms": 100,
    }


def partition_of(key: str, partitions: int) -> int:
    """Return the partition of `key` in a topic of so many partitions."""
    return confluent_kafka.murmur2(key.encode(), partitions)


def _security(kafka: Brokers) -> Config:
    """Return what the protocol asks for: librdkafka complains about what it does not."""
    protocol = kafka.security_protocol
    wanted = {"security.protocol": protocol}
    if protocol.startswith("SASL"):
        wanted |= {
            "sasl.mechanism": kafka.sasl_mechanism,
            "sasl.username": kafka.sasl_username,
            "sasl.password": kafka.sasl_password,
        }
    if protocol.endswith("SSL"):
        wanted |= {
            "ssl.ca.location": kafka.ssl_cafile,
            "ssl.certificate.location": kafka.ssl_certfile,
            "ssl.key.location": kafka.ssl_keyfile,
        }
    return {name: value for name, value in wanted.items() if value}
