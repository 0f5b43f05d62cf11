"""The commands on a real broker: topics, a segment, a fault, and incidents read back from what workers have written.

It has a node of its own: Kasugai's topics have fixed names.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings import KafkaSettings
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.telling.incident_views import Record
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.schemas.topics import INCIDENTS, RECOVERY, VERDICTS
from tests.support.hostile import FORGED, betrayed
from tests.support.incidents import MIDWAY, WHOLE, decided, opened
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for

pytestmark = pytest.mark.integration

RACK = "name: rack1\nid: 5e9a0000-0000-5000-8000-000000000002\nhosts: [cmp1, cmp2]\n"


@pytest.fixture(scope="module")
def config(node: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A kasugai.conf for it; the topics are made by the command under test."""
    file = tmp_path_factory.mktemp("conf") / "kasugai.conf"
    file.write_text(settings_for(kafka=node.conf, partitions=3))
    assert main(["topics", "apply", "--config-file", str(file)]) == Exit.OK
    return str(file)


@pytest.fixture(scope="module")
def rack(config: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segment file that has been applied."""
    file = tmp_path_factory.mktemp("segments") / "rack1.yaml"
    file.write_text(RACK)
    assert main(["segment", "apply", str(file), "--config-file", config]) == Exit.OK
    return file


def topic_of(value: Record) -> str:
    match value:
        case Verdict():
            return VERDICTS
        case Fact():
            return RECOVERY
        case _:
            return INCIDENTS[Kind.HOST]


async def publish(bootstrap: str, values: Sequence[Record]) -> None:
    """Write what correlate and a worker would write, each after the other."""
    async with Producer(KafkaSettings(bootstrap_servers=bootstrap), "test") as producer:
        for value in values:
            await producer.send(topic_of(value), value)


def test_topics_that_were_applied_are_found_right(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topics", "check", "-o", "json", "--config-file", config]) == Exit.OK
    reports = json.loads(capsys.readouterr().out)
    assert {report["finding"] for report in reports} == {"ok"}
    assert "kasugai.signals" in {report["topic"] for report in reports}


def test_topics_of_another_size_are_a_no(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "kasugai.conf"
    other.write_text(Path(config).read_text().replace("partitions = 3", "partitions = 5"))
    assert main(["topics", "check", "--config-file", str(other)]) == Exit.NO
    told = capsys.readouterr()
    assert "partitions is 3, not 5" in told.out
    assert "[stream] partitions" in told.err


def test_the_doctor_finds_the_topics_right_and_says_what_is_away(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--config-file", config]) == Exit.NO
    told = capsys.readouterr()
    lines = [line.split(maxsplit=2) for line in told.out.splitlines()]
    assert [(word, part) for word, part, _ in lines if part in ("kafka", "topics", "redis")] == [
        ("ok", "kafka"),
        ("ok", "topics"),
        ("NO", "redis"),
    ]
    assert "1 to be mended" in told.err


def test_a_segment_is_created_then_left_and_a_dry_run_writes_nothing(
    config: str, rack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["segment", "apply", str(rack), "--config-file", config]) == Exit.OK
    told = capsys.readouterr()
    assert told.out.splitlines() == ["leave   segment rack1", "leave   host cmp1", "leave   host cmp2"]
    assert "nothing was written" in told.err
    text = rack.read_text()
    rack.write_text(text.replace("cmp2", "cmp3"))
    try:
        for _ in range(2):
            assert main(["segment", "apply", str(rack), "--dry-run", "--config-file", config]) == Exit.OK
            said = capsys.readouterr().out.splitlines()
            assert said[2] == "create  host cmp3" and said[3].startswith("keep    host cmp2")
    finally:
        rack.write_text(text)
    assert main(["segment", "list", "-o", "json", "--config-file", config]) == Exit.OK
    (segment,) = json.loads(capsys.readouterr().out)
    assert [host["name"] for host in segment["hosts"]] == ["cmp1", "cmp2"]


def test_what_the_inventory_refuses_is_a_no(
    config: str, rack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("name: rack1\nid: 6f1c1c5e-0d6f-5f0e-9d5e-0d8f3a7f2b11\n")
    assert main(["segment", "apply", str(other), "--config-file", config]) == Exit.NO
    assert "another one has that name" in capsys.readouterr().err


def test_a_fault_carries_the_hosts_uuid_and_can_be_tapped(
    config: str, rack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    words = ["fault", "publish", "cmp1", "--fenced", "--id", "e1", "-o", "json", "--config-file", config]
    assert main(words) == Exit.OK
    told = capsys.readouterr()
    said = json.loads(told.out)
    assert said["host_uuid"] and said["fenced"] and said["episode"] == "e1"
    assert "kasugai fault publish cmp1 --fenced --id e1" in told.err
    assert (
        main(["tap", "kasugai.faults.reported", "--from-beginning", "--count", "1", "--config-file", config])
        == 0
    )
    (line,) = capsys.readouterr().out.splitlines()
    record = json.loads(line)
    assert record["key"] == "cmp1"
    assert record["value"]["event_id"] == said["event_id"]
    assert record["value"]["asserted"] is True
    assert record["value"]["inventory_offset"] >= 2


def test_an_unknown_host_is_a_no_unless_forced(
    config: str, rack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fault", "publish", "cmp9", "--config-file", config]) == Exit.NO
    assert "does not know the host cmp9 (it knows cmp1, cmp2)" in capsys.readouterr().err
    assert main(["fault", "publish", "cmp9", "--force", "--config-file", config]) == Exit.OK


def test_no_incidents_say_so_on_stderr_and_the_data_is_empty(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["incident", "list", "--config-file", config]) == Exit.OK
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("No incidents.")
    assert main(["incident", "show", "cmp1", "--config-file", config]) == Exit.NO


def test_an_incident_is_listed_shown_and_watched_to_its_end(
    config: str, node: KafkaServer, rack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(publish(node.bootstrap, MIDWAY))
    capsys.readouterr()
    assert main(["incident", "list", "--open", "--config-file", config]) == Exit.OK
    (_, row) = capsys.readouterr().out.splitlines()
    assert row.split()[:6] == ["7f3ca1b2", "cmp1", "rack1", "recovering", "3/5", "1/2"]

    moved = rack.with_name("rack2.yaml")
    moved.write_text("name: rack2\nhosts: [cmp1]\n")
    assert main(["segment", "apply", str(moved), "--dry-run", "--config-file", config]) == Exit.NO
    assert "host cmp1 has an open incident and cannot leave its segment" in capsys.readouterr().err

    asyncio.run(publish(node.bootstrap, WHOLE[len(MIDWAY) :]))
    assert main(["incident", "watch", "7f3c", "--config-file", config]) == Exit.OK
    told = capsys.readouterr().out
    assert "\x1b" not in told
    ends = told.splitlines()[-2:]  # the verdict and the fact lie in two topics, which have no common order
    assert any(line.endswith("correlate  close cmp1 (recovered)") for line in ends)
    assert sum("evacuate batch1" in line for line in told.splitlines()) == 2

    assert main(["incident", "show", "cmp1", "--config-file", config]) == Exit.OK
    shown = capsys.readouterr().out
    assert "phase:     recovered" in shown and "instances: 2 of 2 are elsewhere" in shown

    assert main(["explain", "cmp1", "--config-file", config]) == Exit.OK
    assert "open cmp1 (confirmed)\n  because   Enough witnesses" in capsys.readouterr().out
    assert main(["explain", "nobody", "--config-file", config]) == Exit.NO
    assert "but about host/cmp1" in capsys.readouterr().err

    assert main(["incident", "list", "-o", "json", "--config-file", config]) == Exit.OK
    (incident,) = json.loads(capsys.readouterr().out)
    assert (incident["phase"], incident["instances"]["done"]) == ("recovered", 2)

    assert main(["incident", "list", "--open", "--config-file", config]) == Exit.OK
    assert "No open incidents" in capsys.readouterr().err


def test_an_incident_that_fails_ends_the_watch_with_a_no(
    config: str, node: KafkaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    other = UUID("aaaa0000-0000-5000-8000-000000000003")
    order: Open = opened(incident=other, host="cmp2")
    end = replace(decided(Verb.CLOSE, Reason.PARTIAL, other), subject=host_subject("cmp2"))
    asyncio.run(publish(node.bootstrap, [order, end]))
    assert main(["incident", "watch", "cmp2", "--config-file", config]) == Exit.NO


def test_an_order_is_published_about_what_was_looked_up(
    config: str, rack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = "5e9a0000-0000-5000-8000-000000000002"
    capsys.readouterr()
    told = ["-o", "json", "--config-file", config]
    assert (
        main(["segment", "disarm", "rack1", "--reason", "switch work", "--author", "ann", *told]) == Exit.OK
    )
    disarm = json.loads(capsys.readouterr().out)
    assert (disarm["order"], disarm["segment"], disarm["subject"]) == ("disarm", segment, None)
    assert (disarm["author"], disarm["reason"]) == ("ann", "switch work")
    assert main(["incident", "hold", "cmp1", "--reason", "r", "--id", disarm["command_id"], *told]) == Exit.OK
    hold = json.loads(capsys.readouterr().out)
    assert (hold["segment"], hold["command_id"]) == (segment, disarm["command_id"])
    assert hold["subject"] == {"type": "Subject", "kind": "host", "host": "cmp1", "detail": ""}
    tapped = ["tap", "kasugai.commands", "--from-beginning", "--count", "2", "--config-file", config]
    assert main(tapped) == Exit.OK
    records = [json.loads(line)["value"] for line in capsys.readouterr().out.splitlines()]
    assert [record["order"] for record in records] == ["disarm", "hold"]


def test_an_order_about_nobody_is_a_no(config: str, rack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", "arm", "rack7", "--reason", "r", "--config-file", config]) == Exit.NO
    assert "does not know the segment rack7 (it knows rack1)" in capsys.readouterr().err
    assert main(["incident", "retry", "cmp9", "--reason", "r", "--config-file", config]) == Exit.NO
    assert "no incident and no host, instance or process with one is called cmp9" in capsys.readouterr().err


def test_a_reason_forges_no_line_of_what_is_read_back(
    config: str, node: KafkaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    held = decided(Verb.HOLD, Reason.COMMAND, None, f"ann: switch{FORGED}")
    asyncio.run(
        publish(node.bootstrap, [replace(held, verdict_id=UUID(int=77), subject=host_subject("cmp7"))])
    )
    capsys.readouterr()
    for words in (["explain", "cmp7"], ["incident", "list"], ["incident", "show", "cmp7"]):
        assert main([*words, "--config-file", config]) == Exit.OK
        told = capsys.readouterr().out
        assert betrayed(told) == set() and "\\n2026-11-30T00:00:00.000Z  close cmp1" in told
        assert not any(line.startswith("2026-11-30T00:00:00.000Z") for line in told.splitlines())
    assert main(["tap", VERDICTS, "--from-beginning", "--no-follow", "--config-file", config]) == Exit.OK
    records = [json.loads(line)["value"] for line in capsys.readouterr().out.splitlines()]
    assert held.detail in [record["detail"] for record in records]
