"""What the settings and a bus' answers mean to either transport."""

from dataclasses import replace

import pytest

from kasugai.adapters.bus_url import parse
from kasugai.adapters.rabbit.looking import QueueState
from kasugai.adapters.rabbit.wire import arguments, keys
from kasugai.adapters.settings.values import BridgeSettings
from kasugai.bridge.transports.kafka import brokers_of, topics_of
from kasugai.bridge.transports.rabbit import standing_of

INFO, ERROR = "versioned_notifications.info", "versioned_notifications.error"


def bridge(url: str, **changes: object) -> BridgeSettings:
    return replace(BridgeSettings(address=parse(url)), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "tls", "protocol"),
    [
        ("kafka://k1,k2:9093/", False, "PLAINTEXT"),
        ("kafka://k1,k2:9093/", True, "SSL"),
        ("kafka://u:p%2Fw@k1,k2:9093", False, "SASL_PLAINTEXT"),
        ("kafka://u:p%2Fw@k1,u:p%2Fw@k2:9093", True, "SASL_SSL"),
    ],
)
def test_novas_kafka_is_reached_as_the_url_says(url: str, tls: bool, protocol: str) -> None:
    brokers = brokers_of(bridge(url, tls=tls, sasl_mechanism="SCRAM-SHA-256"))
    assert (brokers.bootstrap_servers, brokers.security_protocol) == ("k1:9092,k2:9093", protocol)
    login = ("u", "p/w") if protocol.startswith("SASL") else ("", "")
    assert (brokers.sasl_username, brokers.sasl_password) == login
    assert "p/w" not in repr(brokers)


def test_each_topic_has_both_priorities_on_either_bus() -> None:
    two = bridge("kafka://k", topics=("versioned_notifications", "more"))
    assert keys(two) == topics_of(two) == [INFO, ERROR, "more.info", "more.error"]


def test_our_queue_has_a_length_and_loses_the_oldest() -> None:
    kept = arguments(bridge("rabbit://r", queue_type="quorum", queue_length=5_000))
    assert kept == {"x-queue-type": "quorum", "x-max-length": 5_000, "x-overflow": "drop-head"}


def test_queues_tell_in_which_form_nova_notifies() -> None:
    ours = bridge("rabbit://r")
    there = [
        QueueState(name=name, messages=1, consumers=0) for name in (ours.pool, INFO, "notifications.info")
    ]
    found = standing_of(ours, {state.name: state for state in there})
    assert found.versioned and found.unversioned
    assert [(each.queue, each.is_ours) for each in found.queues] == [(ours.pool, True), (INFO, False)]
    silent = standing_of(ours, {})
    assert not silent.versioned and not silent.unversioned and not silent.queues
