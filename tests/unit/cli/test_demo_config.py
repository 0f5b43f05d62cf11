"""What the demo's processes are told: never about the power devices of the machine that it runs on; and that an address
that is none, or where nobody answers, is said at once."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from kasugai.adapters.power import NoPower, devices, power_of
from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.keys import read_host_key
from kasugai.adapters.proving.prover import Prover
from kasugai.adapters.settings import Settings, load
from kasugai.agents.settings.loading import load as load_agent
from kasugai.cli.demo.noun import typed
from kasugai.cli.demo.parts import Choice, Parts
from kasugai.cli.demo.simulated import HOSTS, SimulatedCloud
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.schemas.topics import HEARTBEATS

URL = "http://127.0.0.1:1/simulated"


def told(parts: Parts) -> Settings:
    """Return what the demo's processes are told."""
    parts._write_config()
    return load([str(parts.config)])


def with_simulated_cloud(folder: Path) -> Parts:
    """Return parts whose cloud is the simulated one."""
    cloud = Mock(spec=SimulatedCloud, url=URL, clouds_file=folder / "clouds.yaml")
    return Parts(folder=folder, choice=Choice(), kafka="k:1", redis="redis://r:1/0", simulated=cloud)


def test_a_demo_on_a_real_cloud_has_no_power_devices_and_no_agents(tmp_path: Path) -> None:
    """Its hosts are real ones: a person vouches that one is off, and nothing is switched or read."""
    choice = Choice(cloud="mine", host="cmp1")
    parts = Parts(folder=tmp_path, choice=choice, kafka="k:1", redis="redis://r:1/0")
    assert isinstance(power_of(told(parts).power, 3), NoPower)
    assert parts.agents == {}


def test_a_demo_on_the_simulated_cloud_has_its_power_devices_and_no_others(tmp_path: Path) -> None:
    """Its hosts may bear the names of real ones."""
    found = devices(told(with_simulated_cloud(tmp_path)).power, 3)
    assert set(found) == set(HOSTS)
    for host, them in found.items():
        assert [(one.kind, one.folder, dict(one.parameters)) for one in them] == [
            ("fence_sim", tmp_path, {"ip": URL, "plug": host})
        ]


def test_its_agents_prove_their_own_names_and_watch_nothing_of_this_machine(tmp_path: Path) -> None:
    parts = with_simulated_cloud(tmp_path)
    checker = Checker.of(told(parts).agents.master_keys_file)
    assert set(parts.agents) == set(HOSTS)
    for host, file in parts.agents.items():
        agent = load_agent([str(file)])
        assert agent.agent.host == host and Path(agent.agent.state_dir).parent == tmp_path
        assert not (agent.host.enabled or agent.process.enabled or agent.instance.enabled)
        headers = [Prover(host, read_host_key(agent.agent.key_file, host)).header(HEARTBEATS, host, b"{}")]
        assert checker.trouble(host, HEARTBEATS, host, b"{}", headers) == ""
        assert checker.trouble("cmp99", HEARTBEATS, host, b"{}", headers) != ""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--redis", "nonsense"], Exit.USAGE, "--redis begins with none of"),
        (["--kafka", ""], Exit.USAGE, "bootstrap_servers is missing"),
        (["--redis", "redis://127.0.0.1:1"], Exit.AWAY, "Redis does not serve the ledger"),
        (["--clouds", "mine"], Exit.USAGE, "--clouds and --host belong together"),
    ],
)
def test_a_wrong_or_silent_address_is_one_line_before_anything_happens(
    words: list[str],
    code: Exit,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["demo", *words]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err.splitlines()[-1] and told.err.splitlines()[-1].startswith("kasugai: ")


def test_what_to_try_next_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make demo` runs a command that is not on PATH; an installed one is."""
    command = tmp_path / "kasugai"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setattr("sys.argv", [str(command), "demo"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert typed() == str(command)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed() == "kasugai"
    monkeypatch.setattr("sys.argv", ["-m", "demo"])
    assert typed() == "kasugai"
