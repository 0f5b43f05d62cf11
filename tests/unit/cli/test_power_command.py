"""`kasugai power check`: what it prints, its exit codes, and that it switches nothing."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from kasugai.adapters.power.checking import Finding
from kasugai.cli.main import main
from kasugai.cli.power import listed
from tests.support.fake_agents import FakeAgents

HOSTS = """\
hosts:
  cmp1.example.org:
    - {agent: fence_fake, parameters: {ip: bmc1, password: s3cret}}
    - {agent: fence_fake, parameters: {ip: pdu, plug: 7, password: s3cret}}
  cmp2.example.org:
    - {agent: fence_fake, parameters: {ip: bmc2, password: s3cret}}
"""


@pytest.fixture
def agents(tmp_path: Path) -> FakeAgents:
    """Return the devices of two hosts, and a kasugai.conf for them."""
    agents = FakeAgents(tmp_path)
    for address in ("bmc1", "pdu", "bmc2"):
        agents.device(address)
    (tmp_path / "power.yaml").write_text(HOSTS)
    (tmp_path / "power.yaml").chmod(0o600)
    (tmp_path / "kasugai.conf").write_text(
        "[kafka]\nbootstrap_servers = nobody:1\n"
        f"[power]\ndevices_file = {tmp_path}/power.yaml\nagents_dir = {tmp_path}\n"
    )
    return agents


def check(agents: FakeAgents, *words: str) -> int:
    return main(["power", "check", *words, "--config-file", str(agents.folder / "kasugai.conf")])


def test_the_table(agents: FakeAgents, capsys: pytest.CaptureFixture[str]) -> None:
    agents.switch("bmc2", "off")
    assert check(agents) == 0
    said = capsys.readouterr()
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[0] == ["HOST", "#", "DEVICE", "STATE", "SECONDS", "WHY"]
    assert lines[1][:6] == ["cmp1.example.org", "1", "fence_fake", "at", "bmc1", "on"]
    assert lines[2][:7] == ["2", "fence_fake", "at", "pdu", "plug", "7", "on"]
    assert lines[3][:6] == ["cmp2.example.org", "1", "fence_fake", "at", "bmc2", "off"]
    assert said.err == ""
    assert {asked.action for address in ("bmc1", "pdu", "bmc2") for asked in agents.asked(address)} == {
        "status"
    }


def test_one_that_does_not_answer_is_exit_1_with_its_reason(
    agents: FakeAgents, capsys: pytest.CaptureFixture[str]
) -> None:
    agents.set("pdu", status=[1, "", "Failed: s3cret was refused"])
    assert check(agents, "-o", "json") == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert [(one["host"], one["number"], one["device"], one["state"], one["why"]) for one in found] == [
        ("cmp1.example.org", 1, "fence_fake at bmc1", "on", ""),
        ("cmp1.example.org", 2, "fence_fake at pdu plug 7", "unreachable", "Failed: *** was refused"),
        ("cmp2.example.org", 1, "fence_fake at bmc2", "on", ""),
    ]
    assert all(one["seconds"] > 0 for one in found)
    assert said.err.startswith("not every power device answers: cmp1.example.org.")
    assert "s3cret" not in said.out + said.err


def test_one_host_alone(agents: FakeAgents, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(agents, "cmp2.example.org", "-o", "json") == 0
    assert [one["host"] for one in json.loads(capsys.readouterr().out)] == ["cmp2.example.org"]
    assert agents.asked("bmc1") == []


def test_a_host_is_known_by_its_exact_name_only(
    agents: FakeAgents, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(agents, "cmp2") == 1
    assert "cmp2 has no power device: host names are compared exactly; did you mean cmp2.example.org" in (
        capsys.readouterr().err
    )


def test_what_is_wrong_with_the_file_is_exit_2(
    agents: FakeAgents, capsys: pytest.CaptureFixture[str]
) -> None:
    (agents.folder / "power.yaml").chmod(0o644)
    assert check(agents) == 2
    assert "type: chmod 0600" in capsys.readouterr().err
    (agents.folder / "kasugai.conf").write_text("[kafka]\nbootstrap_servers = x:1\n[power]\ndevices_file =\n")
    assert check(agents) == 2
    assert "no power devices are described; see docs/operators/fencing.md" in capsys.readouterr().err


def test_a_long_name_leaves_the_other_columns_on_a_terminal() -> None:
    found = [
        Finding(host="cmp1" + "x" * 250, number=1, device="fence_fake at bmc1", state="on", seconds=0.3),
        Finding(
            host="cmp2",
            number=1,
            device="fence_fake at " + "b" * 100,
            state="unreachable",
            seconds=10,
            why="w" * 90,
        ),
    ]
    paper = Console(width=80, file=io.StringIO())
    paper.print(listed(found, 32))
    assert isinstance(paper.file, io.StringIO)
    lines = paper.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["HOST", "#", "DEVICE", "STATE", "SECONDS", "WHY"]
    text = "".join(lines)
    assert text.count("w") >= 90 and text.count("b") >= 100 and "unreachable" in text and "10.0" in text
