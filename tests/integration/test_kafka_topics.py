"""Topics on a real broker: made as their contracts say, corrected where that is safe, and refused where it is not."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from kasugai.adapters.kafka.layout import Finding, Report, Wanted, line_of, wanted
from kasugai.adapters.kafka.topics import Topics, TopicsUnfit, require
from kasugai.adapters.settings import KafkaSettings, Settings, StreamSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.schemas import topics as names
from kasugai.schemas.topics import contracts
from kasugai.sim.embedded import EmbeddedKafka
from tests.support.kafka import KafkaServer

pytestmark = pytest.mark.integration


def settings_of(bootstrap: str) -> Settings:
    return Settings(
        kafka=KafkaSettings(bootstrap_servers=bootstrap, replication=1, min_insync=1),
        stream=StreamSettings(partitions=4),
    )


@pytest.fixture
def fresh(node: KafkaServer) -> Iterator[Settings]:
    """A broker without our topics."""
    yield settings_of(node.bootstrap)
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    if ours := present(admin):
        node.delete_topics(ours)
    while present(admin):
        time.sleep(0.05)


def present(admin: AdminClient) -> list[str]:
    """Our topics in the node's metadata, which follow their making and deletion."""
    return [name for name in admin.list_topics(timeout=10).topics if name.startswith("kasugai")]


def findings(reports: list[Report]) -> set[Finding]:
    return {report.finding for report in reports}


def create(settings: Settings, topic: Wanted) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka.bootstrap_servers})
    new = NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=1, config=dict(topic.settings)
    )
    admin.create_topics([new])[topic.name].result()
    while topic.name not in present(admin):
        time.sleep(0.05)


def test_apply_makes_everything_and_a_second_time_nothing(fresh: Settings) -> None:
    topics, all_ = Topics(fresh), wanted(fresh)
    assert {topic.name for topic in all_} == set(contracts())
    missing = topics.check(all_)
    assert findings(missing) == {Finding.DIFFERS} and all(report.is_missing for report in missing)
    assert findings(topics.apply(all_)) == {Finding.OK}
    assert findings(topics.apply(all_)) == {Finding.OK}
    require(fresh, [names.SIGNALS, names.RECOVERY])


def test_a_wrong_number_of_partitions_is_told_and_never_changed(fresh: Settings) -> None:
    (topic,) = wanted(fresh, [names.CHANGELOG])
    create(fresh, replace(topic, partitions=3))
    (report,) = Topics(fresh).apply([topic])
    assert report.finding is Finding.DIFFERS and report.differences == ("partitions is 3, not 4",)
    (again,) = Topics(fresh).check([topic])
    assert again == report


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("message.timestamp.type", "CreateTime", "message.timestamp.type is CreateTime, not LogAppendTime"),
        ("retention.ms", "60000", "retention.ms is 60000, not 2592000000"),
        ("cleanup.policy", "compact", "cleanup.policy is compact, not delete"),
    ],
)
def test_a_wrong_setting_is_found_and_corrected(fresh: Settings, setting: str, value: str, line: str) -> None:
    topic = next(topic for topic in wanted(fresh, [names.SIGNALS]) if topic.name == names.SIGNALS)
    create(fresh, replace(topic, settings={**topic.settings, setting: value}))
    (report,) = Topics(fresh).check([topic])
    assert line_of(report) == f"kasugai.signals differs: {line}"
    (after,) = Topics(fresh).apply([topic])
    assert after.finding is Finding.OK


def test_a_correction_changes_nothing_else(fresh: Settings) -> None:
    """Kafka's older request resets every setting that it does not name."""
    topic = next(topic for topic in wanted(fresh, [names.SIGNALS]) if topic.name == names.SIGNALS)
    own = {"segment.ms": "3600000", "flush.messages": "7"}
    create(fresh, replace(topic, settings={**topic.settings, **own, "retention.ms": "60000"}))
    topics = Topics(fresh)
    assert topics.apply([topic])[0].finding is Finding.OK
    found = topics._settings([topic.name])
    assert found is not None
    assert found[topic.name].items() >= {**topic.settings, **own}.items()


def test_a_brokers_own_defaults_decide_nothing() -> None:
    """A broker-wide compression once ended correlate: Faust reads neither lz4 nor zstd."""
    server = Opinionated()
    try:
        settings = settings_of(server.start().bootstrap)
        topics, all_ = Topics(settings), wanted(settings)
        plain = next(topic for topic in all_ if topic.name == names.SIGNALS)
        create(settings, replace(plain, settings={}))
        (report, _) = topics.check(wanted(settings, [names.SIGNALS]))
        differing = {line.split(" is ")[0] for line in report.differences}
        assert set(DEFAULTS) <= differing, "whatever a broker-wide default can change is in the contract"
        with pytest.raises(TopicsUnfit, match=r"kasugai topics apply"):
            require(settings, [names.SIGNALS])
        assert findings(topics.apply(all_)) == {Finding.OK}
        require(settings, [names.SIGNALS, names.RECOVERY])
    finally:
        server.stop()


DEFAULTS = {
    "compression.type": "zstd",
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": "60000",
    "message.timestamp.after.max.ms": "60000",
    "max.message.bytes": "100000",
    "segment.bytes": "2000000",
    "cleanup.policy": "compact",
    "retention.ms": "60000",
    "retention.bytes": "5000000",
}
"""Another opinion about each."""
BROKER = {
    "max.message.bytes": "message.max.bytes",
    **{
        name: f"log.{name}" for name in DEFAULTS if name.startswith(("message.", "segment", "cleanup", "ret"))
    },
}
"""What a broker calls its default, where that has another name."""


class Opinionated(KafkaServer):
    """A node with defaults of its own."""

    def settings(self, usual: str) -> str:
        """See KafkaServer."""
        return usual + "".join(f"{BROKER.get(name, name)}={value}\n" for name, value in DEFAULTS.items())


def test_a_process_refuses_to_start_on_unfit_topics(fresh: Settings) -> None:
    with pytest.raises(TopicsUnfit) as caught:
        require(fresh, [names.SIGNALS])
    assert str(caught.value) == (
        "kasugai.signals differs: is missing (and 1 more): type kasugai topics check, then kasugai topics apply"
    )


def test_more_replicas_than_there_are_brokers_is_said_so(fresh: Settings) -> None:
    demanding = replace(fresh, kafka=replace(fresh.kafka, replication=3))
    with pytest.raises(LogAway, match=r"kasugai.commands: .*[Rr]eplication factor"):
        Topics(demanding).apply(wanted(demanding, [names.COMMANDS]))


def test_the_mock_broker_cannot_say_and_only_the_demo_takes_that() -> None:
    layout = {topic.name: topic.partitions for topic in wanted(settings_of("unused"))}
    with EmbeddedKafka(layout) as broker:
        settings = settings_of(broker.bootstrap)
        reports = Topics(settings).check(wanted(settings))
        assert findings(reports) == {Finding.CANNOT_SAY}
        require(settings, [names.SIGNALS], demo=True)
        with pytest.raises(LogAway, match="does not say how it keeps 2 of 2 topics"):
            require(settings, [names.SIGNALS])
        other = replace(settings, stream=StreamSettings(partitions=5))
        with pytest.raises(TopicsUnfit, match=r"partitions is 4, not 5"):
            require(other, [names.SIGNALS], demo=True)


def test_an_absent_broker_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasugai.adapters.kafka.topics.PATIENCE", 1.0)
    with pytest.raises(LogAway, match=r"^Kafka does not answer: "):
        require(settings_of("127.0.0.1:1"), [names.SIGNALS])
