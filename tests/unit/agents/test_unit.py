"""The agent's unit: what it starts, what it may do, and that systemd understands it."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from kasugai.cli.exits import Exit
from kasugai.cli.main import build_parser
from tests.support.sources import REPO

FOLDER = REPO / "deploy" / "systemd" / "agent"
FILE = FOLDER / "kasugai-agent.service"


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(FILE)
    return parser


def test_it_starts_the_agent_and_starts_it_again_when_its_loop_stands_still() -> None:
    service = unit()["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/kasugai/bin/kasugai"
    build_parser().parse_args(words)
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert service["RestartPreventExitStatus"] == str(int(Exit.USAGE))
    assert int(re.fullmatch(r"(\d+)s", service["WatchdogSec"])[1]) >= 10  # type: ignore[index]


def test_it_has_a_user_of_its_own_and_no_capability() -> None:
    service = unit()["Service"]
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == ""
    assert (service["NoNewPrivileges"], service["LimitCORE"]) == ("yes", "0")
    made = (FOLDER / "kasugai-agent.sysusers").read_text()
    assert re.findall(r"^u (\S+)", made, re.MULTILINE) == [service["User"]]
    assert f'subject.user == "{service["User"]}"' in (FOLDER / "50-kasugai-agent.rules").read_text()


def test_it_ends_after_what_it_watches_and_while_there_is_a_network() -> None:
    section = unit()["Unit"]
    assert {"nova-compute.service", "libvirtd.service"} <= set(section["Before"].split())
    assert "network-online.target" in section["After"].split()


def test_systemd_understands_it(tmp_path: Path) -> None:
    """By its own word where it is installed; a score of exposure of at most 1.5 of 10."""
    assert unit().sections() == ["Unit", "Service", "Install"]
    if shutil.which("systemd-analyze"):
        copy = tmp_path / FILE.name
        copy.write_text(FILE.read_text().replace("/opt/kasugai/bin/kasugai", "/bin/true"))
        done = subprocess.run(
            ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        words = ["systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=15", str(copy)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
