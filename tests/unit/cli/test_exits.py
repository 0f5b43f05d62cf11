"""Exit codes, and that trouble is one line on stderr: scripts rely on both."""

import argparse
import io
import subprocess
import sys
from pathlib import Path

import pytest

from kasugai.adapters.kafka import reader
from kasugai.cli import terminal
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.main import main
from kasugai.core.recovering.doors import CloudAway, LedgerAway, LogAway
from kasugai.schemas.codec import Unencodable


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A kasugai.conf whose Kafka is not there."""
    file = tmp_path / "kasugai.conf"
    file.write_text("[kafka]\nbootstrap_servers = 127.0.0.1:1\n")
    return str(file)


def test_no_command_is_misuse_and_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == Exit.USAGE
    assert "Examples:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["incident"], ["fault", "publish"], ["nonsense"], ["tap", "x", "--count", "0"]]
)
def test_a_wrong_command_line_is_misuse(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SaidNo("no"), Exit.NO),
        (Misused("wrong"), Exit.USAGE),
        (LogAway("Kafka does not answer"), Exit.AWAY),
        (Unencodable("HostRecord: HostRecord.name has 256 bytes, at most 255 are taken"), Exit.USAGE),
        (LedgerAway("Redis does not answer"), Exit.AWAY),
        (CloudAway("Nova does not answer"), Exit.AWAY),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
    ],
)
def test_each_error_has_its_code_and_its_line(
    error: BaseException, code: Exit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr("kasugai.cli.sim._list", fail)
    assert main(["sim", "list"]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (f"kasugai: {error}\n" if str(error) else "")


@pytest.mark.parametrize("option", ["HOST", "--id", "--observer"])
def test_a_name_that_route_would_put_aside_is_misuse(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["x" * 256] if option == "HOST" else ["cmp1", option, "x" * 256]
    with pytest.raises(SystemExit) as ended:
        main(["fault", "publish", *words])
    assert ended.value.code == Exit.USAGE
    assert capsys.readouterr().err.splitlines()[-1].endswith("it has 256 bytes, at most 255 are taken")


def test_a_wrong_setting_names_the_option_its_file_and_an_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kasugai.conf"
    file.write_text("[kafka]\nreplication = many\n")
    assert main(["topics", "check", "--config-file", str(file)]) == Exit.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert str(file) in line and "replication" in line and "for example: replication = 3" in line


def test_a_process_without_its_settings_is_misuse(nowhere: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "host", "--config-file", nowhere]) == Exit.USAGE
    assert "[nova] cloud is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["incident", "list"], ["fault", "publish", "cmp1"], ["segment", "list"], ["tap", "kasugai.verdicts"]],
)
def test_no_kafka_is_away(
    words: list[str], nowhere: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reader, "PATIENCE", 0.3)
    assert main([*words, "--config-file", nowhere]) == Exit.AWAY
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-1].startswith("kasugai: Kafka does not answer: ")
    assert told.err.endswith("see docs/operators/connections.md\n")


def test_no_colours_and_no_live_view_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not terminal.is_live() and not terminal.is_coloured() and terminal.width() is None

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Screen())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal.is_live() and terminal.is_coloured() and terminal.width()
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.is_live() and not terminal.is_coloured()
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.is_live()


def test_a_configuration_that_only_a_group_may_reach_says_which_group(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kasugai.cli.configured.os.stat", refused)
    assert main(["topics", "check"]) == Exit.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert "/etc/kasugai/kasugai.conf: cannot be reached" in line and "usermod -aG kasugai" in line


def test_an_api_whose_cloud_nobody_knows_ends_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "kasugai.conf"
    file.write_text(
        "[kafka]\nbootstrap_servers = 127.0.0.1:1\n[redis]\nurl = redis://127.0.0.1:1/0\n"
        "[nova]\ncloud = nowhere\n[api]\nlisten = 127.0.0.1\nport = 0\nauth_strategy = noauth2\n"
    )
    command = [sys.executable, "-m", "kasugai.cli", "api", "--config-file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == Exit.USAGE
    assert "Traceback" not in done.stderr
    assert "[nova] cloud 'nowhere'" in done.stderr.splitlines()[-1]
