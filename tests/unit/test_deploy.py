"""Compose, units and image keep in step with the code: words, ports, options, names."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kasugai.adapters.faust.exits import Exit as ProcessorExit
from kasugai.adapters.settings import load
from kasugai.adapters.telemetry.catalogue import PROCESSES
from kasugai.cli.exits import Exit
from kasugai.cli.main import build_parser
from kasugai.cli.observe import WORDS
from kasugai.cli.segment_file import parse
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.workers.exits import Exit as WorkerExit

REPO = Path(__file__).resolve().parents[2]
DEPLOY = REPO / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((REPO / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("kasugai:")}
LIVING = {
    "route": "route",
    "liveness": "liveness",
    "correlate": "correlate",
    "worker": "worker_host",
    "project": "project",
    "observe": "observe_nova",
    "api": "api",
}
"""Which process of the catalogue a service runs."""
ALSO = {"worker_instance", "worker_process", "observe_power", "observe_metrics", "observe_silences"}
"""Those that the worker of hosts and that of Nova may be too, by the names that they have where they are not."""
APART = {"bridge", "announce"}
"""Not in the composition: its simulated cloud notifies nobody, and nobody outside is to be told."""
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def unit(file: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(file)
    return parser


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_image_is_pinned_and_names_no_registry(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert re.search(r"\d|dev", tag) and tag != "latest"
    assert "." not in image.split("/")[0]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_waits_for_is_there(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] in ("service_healthy", "service_completed_successfully")
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"]
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] if "/" not in source else (REPO / source).exists(), volume


@pytest.mark.parametrize("name", sorted(set(OURS) - {"cloud"}))
def test_a_service_says_what_the_command_line_understands(name: str) -> None:
    build_parser().parse_args(OURS[name]["command"])


def test_the_simulated_cloud_understands_its_options() -> None:
    words = SERVICES["cloud"]["entrypoint"] + SERVICES["cloud"]["command"]
    assert words[:3] == ["python", "-m", "kasugai.sim.http"]
    options = (REPO / "sim" / "http" / "__main__.py").read_text()
    assert all(f'"{word}"' in options for word in words if word.startswith("--"))


def test_compose_settings_are_read_and_ports_agree() -> None:
    settings = load([str(DEPLOY / "compose" / "kasugai.conf")], "nova")
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"][0]
    scraped = {
        (target, group["labels"]["process"])
        for group in jobs["static_configs"]
        for target in group["targets"]
    }
    assert scraped == {(f"{name}:{settings.telemetry.port(who)}", who) for name, who in LIVING.items()}
    for name, who in LIVING.items():
        assert SERVICES[name]["environment"]["HEALTH_PORT"] == str(settings.telemetry.port(who))
    assert set(LIVING.values()) == set(PROCESSES) - ALSO - APART
    assert SERVICES["worker"]["command"][:4] == ["worker", "host", "instance", "process"]
    assert settings.telemetry.otlp_endpoint == "http://collector:4318"


def test_the_segments_of_the_composition_are_read() -> None:
    (segment,) = parse("segments.yaml", (DEPLOY / "compose" / "segments.yaml").read_text(), Policy())
    count = SERVICES["cloud"]["command"][SERVICES["cloud"]["command"].index("--hosts") + 1]
    assert [host.name for host in segment.hosts] == [f"cmp{n}" for n in range(1, int(count) + 1)]


def test_the_image_holds_every_room_and_builds_with_the_locked_builder() -> None:
    kept = {line[1:] for line in (REPO / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    rooms = {entry.name for entry in (REPO / "src" / "kasugai").iterdir() if entry.is_symlink()}
    locks = {"requirements/run.txt", "requirements/build.txt"}
    assert rooms | locks | {"src", "pyproject.toml", "README.md", "LICENSE"} <= kept
    ours, theirs = ((REPO / "requirements" / lock).read_text() for lock in ("build.txt", "dev.txt"))
    builder = re.search(r"^hatchling==\S+", ours, re.MULTILINE)
    text = (DEPLOY / "Dockerfile").read_text()
    assert builder and builder[0] in theirs, "the image is built as developers build"
    installs = re.findall(r"pip install (.*)", text)
    assert len(installs) == 3 and all("--require-hashes" in each or "/dist/" in each for each in installs)
    assert "\nUSER 42420:42420\n" in text and "\nHEALTHCHECK " in text and "fence-agents" in text


def test_there_is_a_unit_for_each_process() -> None:
    observers = {f"observe-{word}" for word in WORDS}
    assert [file.stem for file in UNITS] == sorted(
        f"kasugai-{name}" for name in LIVING.keys() - {"observe"} | APART | observers
    )


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.stem)
def test_a_unit_starts_its_process_and_starts_it_again(file: Path) -> None:
    service = unit(file)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/kasugai/bin/kasugai"
    build_parser().parse_args(words)
    kinds = words[1 : words.index("--config-file")]
    named = {"worker": sorted(INCIDENT_KINDS), "observe": [file.stem.removeprefix("kasugai-observe-")]}
    assert file.stem.startswith(f"kasugai-{words[0]}") and kinds == named.get(words[0], [])
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", str(int(Exit.USAGE)))
    assert int(WorkerExit.UNFIT) == int(Exit.USAGE)
    assert unit(file)["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.stem)
def test_a_unit_keeps_its_process_to_what_is_its_own(file: Path) -> None:
    service = unit(file)["Service"]
    user = service["User"]
    files = re.findall(r"--config-file (\S+)", service["ExecStart"])
    assert files == ["/etc/kasugai/kasugai.conf", f"/etc/kasugai/{user.removeprefix('kasugai-')}.conf"]
    assert (service["Group"], service["SupplementaryGroups"]) == (user, "kasugai")
    assert service["StateDirectory"] == user.replace("-", "/")
    assert (service["LimitCORE"], service["MemoryDenyWriteExecute"]) == ("0", "yes")
    assert re.fullmatch(r"\d+[MG]", service["MemoryMax"])
    assert int(service["TasksMax"]) >= 256, (
        "a client of librdkafka has two or three threads and one for each broker"
    )
    hidden = service.get("InaccessiblePaths", "").split()
    assert ("-/etc/kasugai/power.yaml" in hidden) is (file.stem != "kasugai-worker")
    hears_agents = file.stem in ("kasugai-route", "kasugai-liveness")
    assert ("-/etc/kasugai/agents.keys" in hidden) is not hears_agents


def test_each_service_has_a_user_that_is_made_and_that_no_other_has() -> None:
    made = (DEPLOY / "systemd" / "kasugai.sysusers").read_text()
    users = [unit(file)["Service"]["User"] for file in UNITS]
    assert len(set(users)) == len(UNITS)
    assert re.findall(r"^u (\S+)", made, re.MULTILINE) == re.findall(
        r"^m (\S+) +kasugai$", made, re.MULTILINE
    )
    assert set(re.findall(r"^u (\S+)", made, re.MULTILINE)) == set(users)
    assert not re.search(r'"[^"]*:', made), "systemd-sysusers takes no colon in a name"
    page = (DEPLOY.parent / "docs" / "operators" / "install.md").read_text()
    assert all(f"`{user.removeprefix('kasugai-')}.conf`" in page for user in users)


def test_who_reads_power_may_do_what_its_fence_agents_need() -> None:
    text = (DEPLOY / "systemd" / "kasugai-observe-power.service").read_text()
    assert text.index("SystemCallFilter=setrlimit\n") > text.index(
        "SystemCallFilter=~@privileged @resources\n"
    )


def test_a_worker_may_do_what_its_fence_agents_and_its_lineage_need() -> None:
    """An agent is given limits of its own, and the lives before are told from the boot's id in /proc/sys."""
    text = (DEPLOY / "systemd" / "kasugai-worker.service").read_text()
    denied = text.index("SystemCallFilter=~@privileged @resources\n")
    assert text.index("SystemCallFilter=setrlimit\n") > denied
    assert "ProcSubset=" not in text.replace("# No ProcSubset=pid", "")
    assert "setrlimit" in (REPO / "adapters" / "power" / "leash.py").read_text()
    assert "/proc/sys/" in (REPO / "adapters" / "lineage.py").read_text()


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.stem)
def test_systemd_understands_a_unit(file: Path, tmp_path: Path) -> None:
    """By its own word where it is installed; what it calls an unknown key it would pass over in silence. Its score of
    exposure is at most 1.2 of 10."""
    sections = unit(file).sections()
    assert sections == ["Unit", "Service", "Install"]
    if shutil.which("systemd-analyze"):
        copy = tmp_path / file.name
        copy.write_text(file.read_text().replace("/opt/kasugai/bin/kasugai", "/bin/true"))
        done = subprocess.run(
            ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        words = ["systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=12", str(copy)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_every_exit_code_is_explained() -> None:
    page = (REPO / "docs" / "operators" / "run.md").read_text()
    codes = {int(code) for code in (*ProcessorExit, *WorkerExit)}
    assert codes <= {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
