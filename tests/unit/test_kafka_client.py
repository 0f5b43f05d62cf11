"""What every Kafka client is configured with."""

import pytest

from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.settings import KafkaSettings


def settings(protocol: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers="k:9092",
        security_protocol=protocol,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="kasugai",
        sasl_password="s3cret",
    )


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_without_sasl_no_client_is_told_of_a_mechanism(protocol: str) -> None:
    assert not [name for name in client_config(settings(protocol), "test") if name.startswith("sasl.")]


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_with_sasl_it_is(protocol: str) -> None:
    config = client_config(settings(protocol), "test")
    assert (config["sasl.mechanism"], config["sasl.password"]) == ("SCRAM-SHA-512", "s3cret")
