"""Every topic says for itself what a broker-wide default would decide, and a check finds each that differs."""

import pytest

from kasugai.adapters.kafka.client import MAX_MESSAGE_BYTES
from kasugai.adapters.kafka.layout import COMPACTED, PINNED, Finding, Wanted, compare, wanted
from kasugai.adapters.settings.values import KafkaSettings, Settings
from kasugai.schemas.topics import Cleanup, Stamped, contracts

SETTINGS = Settings(kafka=KafkaSettings(bootstrap_servers="kafka1:9092", replication=3, min_insync=2))
TOPICS = [pytest.param(topic, id=topic.name) for topic in wanted(SETTINGS)]


def test_all_contracts_are_held() -> None:
    assert {topic.name for topic in wanted(SETTINGS)} == set(contracts())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_pins_what_a_default_would_decide(topic: Wanted) -> None:
    contract = contracts()[topic.name]
    assert topic.settings.items() >= PINNED.items(), "no contract unpins what all of them need"
    assert topic.settings["cleanup.policy"] == contract.cleanup
    assert topic.settings["min.insync.replicas"] == "2"
    is_brokers = contract.timestamps is Stamped.APPEND
    assert topic.settings["message.timestamp.type"] == ("LogAppendTime" if is_brokers else "CreateTime")
    if contract.cleanup is Cleanup.COMPACT:
        assert topic.settings.keys() >= COMPACTED.keys()
    else:
        assert topic.settings["retention.ms"] == str(contract.retention)


def test_what_is_pinned_lets_every_record_in_that_we_may_write_and_faust_read_it() -> None:
    assert PINNED["max.message.bytes"] == str(MAX_MESSAGE_BYTES)
    assert PINNED["compression.type"] == "uncompressed"
    assert PINNED["unclean.leader.election.enable"] == "false"


@pytest.mark.parametrize("topic", TOPICS)
def test_a_check_finds_each_setting_that_differs_and_names_it(topic: Wanted) -> None:
    shape = topic.partitions, topic.replication
    assert compare(topic, shape, topic.settings).finding is Finding.OK
    for key, value in topic.settings.items():
        for found in (
            {**topic.settings, key: "another"},
            {k: v for k, v in topic.settings.items() if k != key},
        ):
            report = compare(topic, shape, found)
            assert report.finding is Finding.DIFFERS
            assert report.differences == (f"{key} is {found.get(key)}, not {value}",)
            assert report.changes == {key: value}, "and apply would mend it"
