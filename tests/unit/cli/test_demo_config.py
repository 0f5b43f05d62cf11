"""What the demo's processes are told: never about the power devices of the machine that it runs on; and that an address
that is none, or where nobody answers, is said at once."""

from pathlib import Path

import pytest

from kasugai.adapters.power import NoPower, power_of
from kasugai.adapters.settings import load
from kasugai.cli.demo.noun import typed
from kasugai.cli.demo.parts import CONFIG
from kasugai.cli.exits import Exit
from kasugai.cli.main import main


def test_the_demo_has_no_power_devices(tmp_path: Path) -> None:
    """Its hosts may bear the names of real ones."""
    file = tmp_path / "kasugai.conf"
    file.write_text(
        CONFIG.format(kafka="k:1", redis="redis://r:1/0", cloud="sim", file="x", partitions=4, profile="test")
    )
    assert isinstance(power_of(load([str(file)]).power, 3), NoPower)


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
