"""`kasugai stop` on a real broker and the simulated Nova: the list of what ran, and what does not run after."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings import KafkaSettings
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.words.subject import segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.schemas.topics import VERDICTS
from kasugai.sim.cloud import SimCloud
from kasugai.sim.http import CloudThread
from tests.support.clouds import SWIFT
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for

pytestmark = pytest.mark.integration


def build(cloud: SimCloud) -> None:
    """Two hosts; three guests run, one is off."""
    for host in ("cmp1", "cmp2"):
        cloud.add_host(host)
    for name, host in (("web1", "cmp1"), ("web2", "cmp1"), ("db1", "cmp2")):
        cloud.add_guest(name, host)
    cloud.add_guest("off1", "cmp2", vm_state="stopped")


@dataclass
class Desk:
    """An operator's machine: what he types, and what he reads."""

    folder: Path
    node: KafkaServer
    cloud: CloudThread
    printed: pytest.CaptureFixture[str]
    rack: str
    """The segment's id and name."""

    def type(self, *words: str) -> tuple[int, str, str]:
        """Type `kasugai stop ...`, and return the exit code and what was printed."""
        self.printed.readouterr()
        lists = ["--lists", str(self.folder / "lists")]
        code = main(["stop", *words, *lists, "--config-file", str(self.folder / "kasugai.conf")])
        out, err = self.printed.readouterr()
        return code, out, err

    def shown(self) -> tuple[int, dict[str, Any]]:
        """Return the exit code and what is shown of the segment."""
        code, out, _ = self.type("show", self.rack, "-o", "json")
        (segment,) = json.loads(out)
        return code, segment

    def correlate_says(self, verb: Verb, reason: Reason, at: int) -> None:
        """Write the verdict that correlate would write."""
        verdict = Verdict(
            verdict_id=uuid4(),
            verb=verb,
            subject=segment_subject(self.rack),
            segment=self.rack,
            reason=reason,
            evidence=(),
            count=0,
            at=BrokerTime(at),
            detail="ann: power work",
        )

        async def send() -> None:
            async with Producer(KafkaSettings(bootstrap_servers=self.node.bootstrap), "test") as producer:
                await producer.send(VERDICTS, verdict)

        asyncio.run(send())


@pytest.fixture
def desk(node: KafkaServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """A segment of the test's own is applied; nobody has stopped anything."""
    rack = str(uuid4())
    with CloudThread(build, pace=SWIFT) as cloud:
        clouds, file = tmp_path / "clouds.yaml", tmp_path / "kasugai.conf"
        clouds.write_text(cloud.door.clouds_yaml())
        file.write_text(settings_for(kafka=node.conf, partitions=3, clouds=clouds))
        segment = tmp_path / "rack.yaml"
        segment.write_text(f"name: {rack}\nid: {rack}\nhosts: [cmp1, cmp2]\n")
        assert main(["topics", "apply", "--config-file", str(file)]) == Exit.OK
        assert main(["segment", "apply", str(segment), "--config-file", str(file)]) == Exit.OK
        yield Desk(tmp_path, node, cloud, capsys, rack)


def test_what_ran_before_and_does_not_run_after_is_listed(desk: Desk) -> None:
    code, _, err = desk.type("begin", desk.rack, "--reason", "power work")
    assert code == Exit.OK
    assert f"3 instances run in {desk.rack}" in err
    desk.correlate_says(Verb.BEGIN_STOP, Reason.COMMAND, 1_000)
    assert desk.shown()[0] == Exit.OK, "all still runs"

    desk.cloud.do(lambda cloud: cloud.user_stops("web2"))
    desk.cloud.do(lambda cloud: cloud.user_deletes("db1"))
    code, seen = desk.shown()
    assert code == Exit.NO
    assert [found["name"] for found in seen["missing"]] == ["web2"], "who was deleted is no loss"
    assert (seen["said"], seen["over"]) == ("ann: power work", None)


def test_a_stop_that_is_begun_twice_keeps_its_first_list(desk: Desk) -> None:
    desk.type("begin", desk.rack, "--reason", "power work")
    desk.correlate_says(Verb.BEGIN_STOP, Reason.COMMAND, 1_000)
    desk.cloud.do(lambda cloud: cloud.user_stops("web2"))
    code, _, err = desk.type("begin", desk.rack, "--reason", "power work, really")
    assert code == Exit.OK
    assert "the list of what ran when it began is kept" in err
    assert [found["name"] for found in desk.shown()[1]["missing"]] == ["web2"]

    desk.correlate_says(Verb.END_STOP, Reason.STOP_OVER, 2_000)
    _, _, err = desk.type("begin", desk.rack, "--reason", "another day")
    assert f"2 instances run in {desk.rack}" in err, "another stop has a list of its own"


def test_without_a_list_it_is_said_that_there_is_none(desk: Desk) -> None:
    assert desk.type("begin", desk.rack, "--no-list", "--reason", "move")[0] == Exit.OK
    code, out, _ = desk.type("show", desk.rack)
    assert code == Exit.OK
    assert "No list of what ran before is kept here" in out


def test_a_list_that_cannot_be_read_or_kept_is_told_with_the_way_out(desk: Desk) -> None:
    (desk.folder / "lists").mkdir()
    (desk.folder / "lists" / f"{desk.rack}.json").write_text("[1]")
    code, _, err = desk.type("show", desk.rack)
    assert code == Exit.USAGE
    assert "is no list of what ran" in err
    assert "--lists FOLDER" in err


def test_what_cannot_be_meant_is_refused(desk: Desk) -> None:
    assert desk.type("begin", "--reason", "x")[0] == Exit.USAGE
    assert desk.type("begin", desk.rack, "--reason", " ")[0] == Exit.USAGE
    assert desk.type("begin", desk.rack, "--all", "--reason", "x")[0] == Exit.USAGE
    code, _, err = desk.type("end", "rack9", "--reason", "x")
    assert code == Exit.NO
    assert "does not know the segment rack9" in err
