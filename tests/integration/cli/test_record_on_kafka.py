"""A recording is what Kafka holds: an outage of the laboratory is laid into a real node record by record, at the places
and with the stamps that it had, and cut out of it again.

The topics take the producer's stamps, or they would say that all of it happened just now.
"""

import gzip
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.schemas.recordings import NUMBERS, ROWS, Entry, opened
from kasugai.schemas.topics import SIGNALS
from tests.support.kafka import REPO, KafkaServer
from tests.support.settings_file import settings_for

pytestmark = pytest.mark.integration

STORM = REPO / "tests" / "recordings" / "storm-below-the-threshold.recording"
BEGIN, MIDDLE, END = (f"2026-01-01T00:{at}Z" for at in ("00:00", "01:00", "02:40.001"))
PARTITIONS = 3


def entries_of(path: Path) -> list[Entry]:
    with opened(path) as recording:
        return list(recording.entries)


@pytest.fixture(scope="module")
def config(node: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A kasugai.conf for a node that holds the storm."""
    kept = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
    node.create_topics(dict.fromkeys(NUMBERS, PARTITIONS), config=kept)
    producer = Producer({"bootstrap.servers": node.bootstrap, "log_level": 0})
    for entry in entries_of(STORM):
        producer.produce(entry.topic, entry.frame, None, entry.partition, timestamp=entry.at)
    assert producer.flush(30) == 0
    file = tmp_path_factory.mktemp("conf") / "kasugai.conf"
    file.write_text(settings_for(kafka=node.conf, profile="production"))
    return str(file)


def cut(config: str, path: Path, begin: str, end: str = END) -> int:
    return main(["record", "--from", begin, "--to", end, "-o", str(path), "--config-file", config])


def test_what_was_laid_into_kafka_is_cut_out_of_it(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "again.recording"
    assert cut(config, path, BEGIN) == Exit.OK
    told = capsys.readouterr()
    assert entries_of(path) == entries_of(STORM)
    assert "compared from 2026-01-01T00:00:00.000Z to 2026-01-01T00:02:40.001Z" in told.out
    assert told.err == f"What today's rules make of it: kasugai replay {path}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert main(["replay", str(path)]) == Exit.OK


def test_one_that_begins_in_the_middle_brings_the_rows_of_then(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "late.recording"
    assert cut(config, path, MIDDLE) == Exit.OK
    assert "its beginning follows from" in capsys.readouterr().out
    entries = entries_of(path)
    letters = [entry for entry in entries if entry.topic == SIGNALS]
    assert any(entry.topic == ROWS for entry in entries)
    assert 0 < len(letters) < sum(entry.topic == SIGNALS for entry in entries_of(STORM))
    assert main(["replay", str(path)]) == Exit.OK
    assert "incidents  2 as they were\n" in capsys.readouterr().out


def test_what_kafka_holds_is_replayed_without_a_file(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--policy", str(STORM.with_suffix(".yaml")), "--diff", "--config-file", config]
    code = main(["replay", "--from", BEGIN, "--to", END, *words])
    told = STORM.with_suffix(".policy.told").read_text()
    assert f"{capsys.readouterr().out}exit {code}\n" == told


def test_nothing_is_written_of_a_time_of_which_there_is_nothing(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.recording"
    assert cut(config, path, "2025-01-01", "2025-02-01") == Exit.NO
    assert "holds nothing of that time" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_no_secret_of_a_deployment_is_in_it(config: str, node: KafkaServer, tmp_path: Path) -> None:
    """Headers, where agents sign and traces lie, are not."""
    producer = Producer({"bootstrap.servers": node.bootstrap, "log_level": 0})
    last = [entry for entry in entries_of(STORM) if entry.topic == SIGNALS][-1]
    headers: dict[str, str | bytes | None] = {"kasugai-proof": b"a signature that nobody may copy"}
    producer.produce(SIGNALS, last.frame, b"the key", 0, timestamp=last.at + 60_000, headers=headers)
    assert producer.flush(30) == 0
    path = tmp_path / "a.recording"
    assert cut(config, path, BEGIN, "2026-01-01T00:10:00Z") == Exit.OK
    whole = gzip.decompress(path.read_bytes())
    assert last.frame in whole and b"nobody may copy" not in whole and b"the key" not in whole


def test_a_mailbox_that_has_lost_its_beginning_is_compared_a_day_later(
    config: str, node: KafkaServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = AdminClient({"bootstrap.servers": node.bootstrap, "log_level": 0})
    for done in admin.delete_records([TopicPartition(SIGNALS, 0, 5)]).values():
        done.result()
    assert cut(config, tmp_path / "a.recording", BEGIN) == Exit.NO
    assert "is not whole any more" in capsys.readouterr().err
    path = tmp_path / "b.recording"
    assert cut(config, path, BEGIN, "2026-01-03") == Exit.OK
    assert "compared from 2026-01-02T01:0" in capsys.readouterr().out
