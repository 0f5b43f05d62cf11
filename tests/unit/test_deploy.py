"""Compose, units, image, rules and dashboard keep in step with the code: words, ports, options, names."""

import configparser
import json
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
from kasugai.adapters.telemetry.catalogue import CATALOGUE, PROCESSES, Shape
from kasugai.adapters.telemetry.dashboard import render
from kasugai.cli.exits import Exit
from kasugai.cli.main import build_parser
from kasugai.cli.segment_file import parse
from kasugai.core.words.policy import Policy
from kasugai.workers.exits import Exit as WorkerExit

REPO = Path(__file__).resolve().parents[2]
DEPLOY = REPO / "deploy"
FILE = DEPLOY / "grafana" / "dashboards" / "kasugai.json"
COMPOSE: dict[str, Any] = yaml.safe_load((REPO / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("kasugai:")}
LIVING = {
    "route": "route",
    "correlate": "correlate",
    "worker": "worker_host",
    "project": "project",
    "api": "api",
}
"""Which process of the catalogue a service runs."""
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
SERIES = {
    name
    for metric in CATALOGUE
    for name in (
        [metric.prometheus.removesuffix("_bucket") + end for end in ("_bucket", "_sum", "_count")]
        if metric.shape is Shape.HISTOGRAM
        else [metric.prometheus]
    )
}


def queries() -> list[str]:
    panels = json.loads(FILE.read_text())["panels"]
    return [rule["expr"] for rule in ALERTS] + [t["expr"] for panel in panels for t in panel["targets"]]


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
    assert set(LIVING.values()) == set(PROCESSES)
    assert settings.telemetry.otlp_endpoint == "http://collector:4318"


def test_the_segments_of_the_composition_are_read() -> None:
    (segment,) = parse("segments.yaml", (DEPLOY / "compose" / "segments.yaml").read_text(), Policy())
    count = SERVICES["cloud"]["command"][SERVICES["cloud"]["command"].index("--hosts") + 1]
    assert [host.name for host in segment.hosts] == [f"cmp{n}" for n in range(1, int(count) + 1)]


def test_the_image_holds_every_room_and_builds_with_the_locked_builder() -> None:
    kept = {line[1:] for line in (REPO / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    rooms = {entry.name for entry in (REPO / "src" / "kasugai").iterdir() if entry.is_symlink()}
    assert rooms | {"src", "pyproject.toml", "README.md", "LICENSE", "requirements/run.txt"} <= kept
    builder = re.search(r"^hatchling==(\S+)", (REPO / "requirements" / "dev.txt").read_text(), re.MULTILINE)
    text = (DEPLOY / "Dockerfile").read_text()
    assert builder and f"hatchling=={builder[1]}" in text
    assert "\nUSER 42420:42420\n" in text and "\nHEALTHCHECK " in text and "fence-agents" in text


def test_there_is_a_unit_for_each_process() -> None:
    assert [file.stem for file in UNITS] == sorted(f"kasugai-{name.replace('_', '-')}" for name in PROCESSES)


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.stem)
def test_a_unit_starts_its_process_and_starts_it_again(file: Path) -> None:
    service = unit(file)["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/kasugai/bin/kasugai"
    build_parser().parse_args(words)
    assert f"kasugai-{'-'.join(words[: words.index('--config-file')])}" == file.stem
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", str(int(Exit.USAGE)))
    assert int(WorkerExit.UNFIT) == int(Exit.USAGE)
    assert unit(file)["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.stem)
def test_systemd_understands_a_unit(file: Path, tmp_path: Path) -> None:
    """By its own word where it is installed; what it calls an unknown key it would pass over in silence."""
    sections = unit(file).sections()
    assert sections == ["Unit", "Service", "Install"]
    if shutil.which("systemd-analyze"):
        copy = tmp_path / file.name
        copy.write_text(file.read_text().replace("/opt/kasugai/bin/kasugai", "/bin/true"))
        done = subprocess.run(
            ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_every_query_asks_for_what_is_shown() -> None:
    asked = {name for query in queries() for name in re.findall(r"\bkasugai_\w+", query)}
    assert asked <= SERIES


def test_queries_know_the_labels() -> None:
    ours = {name for metric in CATALOGUE for name in metric.label_names}
    known = ours | {"le", "process", "instance", "job"}
    asked = {
        label.strip()
        for query in queries()
        for group in re.findall(r"by \(([^)]*)\)", query)
        for label in group.split(",")
    }
    assert asked <= known


def test_the_dashboard_is_fresh() -> None:
    assert FILE.read_text() == render(), "type .venv/bin/python tools/draw_dashboard.py"


def test_panels_do_not_overlap() -> None:
    places = [panel["gridPos"] for panel in json.loads(FILE.read_text())["panels"]]
    cells = [(x, p["y"]) for p in places for x in range(p["x"], p["x"] + p["w"])]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24


def test_every_alert_has_its_section() -> None:
    page = (REPO / "docs" / "operators" / "alerts.md").read_text()
    assert [rule["alert"] for rule in ALERTS] == re.findall(r"^## (\w+)$", page, re.MULTILINE)


def test_every_exit_code_is_explained() -> None:
    page = (REPO / "docs" / "operators" / "run.md").read_text()
    codes = {int(code) for code in (*ProcessorExit, *WorkerExit)}
    assert codes <= {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
