"""What Faust is told follows from what the processor is told, and who we are from kasugai.conf."""

import ssl

import faust
import pytest

from kasugai.adapters.faust.credentials import credentials_of
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.settings.values import KafkaSettings, Settings, StreamSettings, WorkerSettings
from kasugai.core.words.timing import TEST
from kasugai.schemas.topics import CHANGELOG
from kasugai.streams.correlate_app import processor_settings

SETTINGS = ProcessorSettings(
    app_id="toy", bootstrap="k1:9092, k2:9092", topic="signals", instance_id="host_1.rack"
)


def test_names_follow_from_the_app_id() -> None:
    assert SETTINGS.changelog == "toy-rows-changelog"
    assert SETTINGS.brokers == ["aiokafka://k1:9092", "aiokafka://k2:9092"]
    assert SETTINGS.url == "http://host-1.rack"


def test_the_settings_that_must_not_be_otherwise() -> None:
    told = SETTINGS.faust()
    assert told["producer_request_timeout"] == 20.0, "Faust's default is 20 minutes"
    assert told["broker_session_timeout"] <= told["broker_request_timeout"], "else Faust refuses to start"
    assert (told["topic_allow_declare"], told["table_standby_replicas"], told["producer_acks"]) == (
        False,
        0,
        -1,
    )
    assert told["consumer_group_instance_id"] == "host_1.rack"


def test_correlates_changelog_is_the_one_of_the_contract() -> None:
    settings = Settings(kafka=KafkaSettings(bootstrap_servers="k:9092"), stream=StreamSettings(instance="a"))
    assert processor_settings(settings).changelog == CHANGELOG
    assert processor_settings(settings).session == 10.0


def test_the_test_profile_has_a_short_session() -> None:
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers="k:9092"), worker=WorkerSettings(profile="test", timing=TEST)
    )
    assert processor_settings(settings).session == 6.0


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_faust_talks_to_the_broker_as_the_other_clients_do(protocol: str) -> None:
    kafka = KafkaSettings(
        bootstrap_servers="k:9092",
        security_protocol=protocol,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="kasugai",
        sasl_password="secret",
    )
    found = credentials_of(kafka)
    if protocol == "PLAINTEXT":
        assert found is None
        return
    assert found is not None
    assert found.protocol.value == protocol
    if isinstance(found, faust.SASLCredentials):
        assert (found.username, found.password, found.mechanism.value) == (
            "kasugai",
            "secret",
            "SCRAM-SHA-512",
        )
    assert isinstance(
        getattr(found, "ssl_context", None) or getattr(found, "context", None), ssl.SSLContext
    ) is (protocol.endswith("SSL"))
