"""`kasugai whatif` on a real broker and the simulated Nova: what docs/operators/whatif.md shows is what is printed."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings import load
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.words.subject import Kind, host_subject
from kasugai.schemas.topics import INCIDENTS
from kasugai.sim.cloud import SimCloud
from kasugai.sim.http import CloudThread
from tests.support.clouds import SWIFT
from tests.support.incidents import opened
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for
from tests.support.whatif_story import DEVICES, RACKS, build

pytestmark = pytest.mark.integration

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operators" / "whatif.md"


@dataclass
class Desk:
    """An operator's machine: what he types, and what he reads."""

    folder: Path
    cloud: CloudThread
    printed: pytest.CaptureFixture[str]

    def type(self, *words: str) -> tuple[int, str, str]:
        """Type `kasugai whatif ...`, and return the exit code and what was printed."""
        self.printed.readouterr()
        code = main(["whatif", *words, "--config-file", str(self.folder / "kasugai.conf")])
        out, err = self.printed.readouterr()
        return code, out, err

    def incident_of(self, host: str) -> None:
        """Write an order as correlate would write it."""
        settings = load([str(self.folder / "kasugai.conf")])

        async def send() -> None:
            async with InventoryReader(settings.kafka, "test-inventory") as reader:
                record = reader.inventory.host_named(host)
            assert record is not None
            order = opened(incident=uuid4(), subject=host_subject(host), segment=record.segment_id)
            async with Producer(settings.kafka, "test") as producer:
                await producer.send(INCIDENTS[Kind.HOST], order)

        asyncio.run(send())


@pytest.fixture
def desk(own_kafka: KafkaServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Both racks are described; power.yaml lacks cmp4."""
    with CloudThread(build, pace=SWIFT) as cloud:
        clouds, file, power = tmp_path / "clouds.yaml", tmp_path / "kasugai.conf", tmp_path / "power.yaml"
        clouds.write_text(cloud.door.clouds_yaml())
        power.touch(mode=0o600)
        power.write_text(DEVICES)
        more = f"[power]\ndevices_file = {power}\n"
        file.write_text(settings_for(kafka=own_kafka.conf, partitions=3, clouds=clouds, more=more))
        (tmp_path / "racks.yaml").write_text(RACKS)
        assert main(["topics", "apply", "--config-file", str(file)]) == Exit.OK
        assert main(["segment", "apply", str(tmp_path / "racks.yaml"), "--config-file", str(file)]) == Exit.OK
        yield Desk(tmp_path, cloud, capsys)


def test_the_page_shows_what_is_printed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    shown = re.findall(r"^```\n\$ kasugai whatif (.+)\n([^`]*)```$", PAGE.read_text(), re.MULTILINE)
    assert len(shown) >= 4
    for words, text in shown:
        if words.startswith("compare"):
            played(desk)
        _, out, _ = desk.type(*words.split())
        assert _undated(out) == _undated(text), f"{PAGE}: kasugai whatif {words} prints:\n{out}"


def played(desk: Desk) -> None:
    """Two of the guests of cmp5 land as was said, one elsewhere."""
    desk.incident_of("cmp5")
    where = {"app1": "cmp6", "app2": "cmp7", "app3": "cmp7"}

    def land(cloud: SimCloud) -> None:
        for name, host in where.items():
            cloud.world.guest(name).host = host

    desk.cloud.do(land)


def _undated(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)


def test_a_forecast_is_kept_and_laid_beside_what_came(desk: Desk) -> None:
    file = desk.folder / "f.json"
    code, out, _ = desk.type("lose", "cmp5", "--save", str(file), "-o", "json")
    assert code == Exit.OK and json.loads(out) == json.loads(file.read_text())
    desk.incident_of("cmp5")
    gauge = desk.folder / "forecast.prom"
    with_gauge = ("compare", str(file), "cmp5", "-o", "json", "--metrics", str(gauge))
    code, out, _ = desk.type(*with_gauge)
    assert (code, json.loads(out)["error"]) == (Exit.NO, 1.0), "nobody has moved yet"
    assert shown_in(gauge) == [("kasugai_forecast_error_ratio", {"segment": "rack2"}, 1.0)]
    played(desk)
    code, out, _ = desk.type(*with_gauge)
    assert shown_in(gauge) == [("kasugai_forecast_error_ratio", {"segment": "rack2"}, 0.0)]
    found = json.loads(out)
    assert (code, found["error"], found["said_to_fit"], found["not_back"]) == (Exit.OK, 0.0, 3, 0)
    assert found["misplaced"] == pytest.approx(1 / 3)

    desk.incident_of("cmp6")
    code, out, _ = desk.type("lose", "cmp7", "-o", "json")
    assert code == Exit.NO
    assert {guest["to"] for guest in json.loads(out)["guests"]} == {""}, (
        "something is held against both others"
    )


def shown_in(file: Path) -> list[tuple[str, dict[str, str], float]]:
    """Return the samples of a file for node_exporter."""
    families = text_string_to_metric_families(file.read_text())
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


def test_what_cannot_be_meant_is_refused_with_what_to_type(desk: Desk) -> None:
    code, _, err = desk.type("lose", "cmp9")
    assert code == Exit.NO and "Nova knows no compute host cmp9" in err
    code, _, err = desk.type("lose", "CMP")
    assert code == Exit.NO and "did you mean cmp1, cmp2, cmp3?" in err
    code, _, err = desk.type("rack", "row-z")
    assert code == Exit.NO and "there are: az1, az2, row-a" in err
    code, _, err = desk.type("survive", "rack9")
    assert code == Exit.NO and "kasugai segment list" in err
    code, _, err = desk.type("lose", "cmp5", "--save", str(desk.folder / "no" / "f.json"))
    assert code == Exit.USAGE and "--save FILE" in err
    assert desk.type("lose", "cmp5", "--save", str(desk.folder / "f.json"))[0] == Exit.OK
    desk.incident_of("cmp5")
    for gauge, hint in (("f.txt", "--metrics"), ("no/f.prom", "--metrics FILE")):
        code, _, err = desk.type(
            "compare", str(desk.folder / "f.json"), "cmp5", "--metrics", str(desk.folder / gauge)
        )
        assert code == Exit.USAGE and hint in err
    (desk.folder / "bad.json").write_text("[]")
    code, _, err = desk.type("compare", str(desk.folder / "bad.json"), "cmp5")
    assert code == Exit.USAGE and "is no forecast" in err

    file = desk.folder / "kasugai.conf"
    file.write_text(file.read_text().replace("cloud = sim", "cloud = gone"))
    code, _, err = desk.type("lose", "cmp5")
    assert code == Exit.USAGE and "gone" in err
