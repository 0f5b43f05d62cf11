"""The dashboards are drawn, ask for what is shown, lead to one another, and their panels do not overlap."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kasugai.adapters.telemetry.catalogue import CATALOGUE
from kasugai.adapters.telemetry.metric import Shape
from kasugai.announcers.receivers_file import PRESETS

REPO = Path(__file__).resolve().parents[2]
FOLDER = REPO / "deploy" / "grafana" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
BOARDS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text()) for file in FILES}
RULES = yaml.safe_load((REPO / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
SERIES = {
    name
    for metric in CATALOGUE
    for name in (
        [metric.prometheus.removesuffix("_bucket") + end for end in ("_bucket", "_sum", "_count")]
        if metric.shape is Shape.HISTOGRAM
        else [metric.prometheus]
    )
}
PICTURES = REPO / "docs" / "pictures"
PAGE = (REPO / "docs" / "operators" / "dashboards.md").read_text()


def draw(folder: Path, *words: str) -> None:
    command = [sys.executable, str(REPO / "tools" / "draw_dashboard.py"), "--out", str(folder), *words]
    subprocess.run(command, check=True)


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: dict[str, Any]) -> list[str]:
    asked = [target["expr"] for panel in panels(board) for target in panel.get("targets", [])]
    noted = [note["target"]["expr"] for note in notes(board) if "expr" in note["target"]]
    values = [v["query"]["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    return asked + noted + values


def notes(board: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = board["annotations"].get("list", [])
    return found


ALL_QUERIES = [rule["expr"] for rule in RULES] + [
    query for board in BOARDS.values() for query in queries(board)
]


def test_the_drawn_files_are_fresh_and_no_other_is_there(tmp_path: Path) -> None:
    draw(tmp_path)
    drawn = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert {file.name: file.read_text() for file in FILES} == drawn, (
        "type .venv/bin/python tools/draw_dashboard.py"
    )


def test_a_site_reads_the_pages_elsewhere(tmp_path: Path) -> None:
    draw(tmp_path, "--runbooks", "https://wiki.example.org/kasugai/")
    for file in tmp_path.iterdir():
        links = [link["url"] for link in json.loads(file.read_text())["links"] if link["type"] == "link"]
        assert links == [f"https://wiki.example.org/kasugai/{page}.md" for page in ("alerts", "dashboards")]


@pytest.mark.parametrize("query", ALL_QUERIES)
def test_a_query_asks_for_what_is_shown(query: str) -> None:
    asked = set(re.findall(r"\b(?:kasugai|openstack_masakari)_\w+", query))
    assert asked <= SERIES


@pytest.mark.parametrize("query", ALL_QUERIES)
def test_a_query_knows_the_labels(query: str) -> None:
    known = {name for metric in CATALOGUE for name in metric.label_names} | {
        "le",
        "process",
        "instance",
        "job",
    }
    grouped = [group.split(",") for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", query)]
    matched = re.findall(r"(\w+)(?:=~|!~|!=|=)\"", query)
    assert {label.strip() for group in grouped for label in group} | set(matched) <= known


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_panels_do_not_overlap(board: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for p in (panel["gridPos"] for panel in board["panels"])
        for x in range(p["x"], p["x"] + p["w"])
        for y in range(p["y"], p["y"] + p["h"])
    ]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_panel_says_what_it_shows_and_has_a_place_in_the_page(board: dict[str, Any]) -> None:
    assert all(panel["description"].endswith((".", "/")) for panel in panels(board))
    assert f"## {board['title'].removeprefix('Kasugai: ').capitalize()}" in PAGE


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_it_leads_to_the_others_and_to_the_pages(board: dict[str, Any]) -> None:
    assert board["tags"] == ["kasugai"]
    assert [link["type"] for link in board["links"]] == ["dashboards", "link", "link"]
    opened = {
        link["url"].removeprefix("/d/").split("?")[0]
        for panel in panels(board)
        for link in panel.get("fieldConfig", {}).get("defaults", {}).get("links", [])
    }
    assert opened <= set(BOARDS)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_variable_that_is_asked_for_is_there(board: dict[str, Any]) -> None:
    there = {variable["name"] for variable in board["templating"]["list"]}
    asked = set(re.findall(r"\$\{?([a-z]+)\b", json.dumps(board))) - {"range", "field"}
    assert asked <= there and "datasource" in there


def test_what_was_told_to_grafana_is_found_by_one_host_some_hosts_and_all() -> None:
    (said,) = [note for note in notes(BOARDS["kasugai-incident"]) if "tags" in note["target"]]
    assert said["datasource"] == {"type": "grafana", "uid": "-- Grafana --"}
    assert (said["target"]["tags"], said["target"]["matchAny"]) == (["$hostname"], True)
    (hosts,) = [v for v in BOARDS["kasugai-incident"]["templating"]["list"] if v["name"] == "hostname"]
    preset = yaml.safe_load((PRESETS / "grafana.yaml").read_text())
    assert hosts["allValue"] in preset["body"]["tags"] and {"?": "$hostname"} in preset["body"]["tags"]


def test_the_composition_opens_what_is_there() -> None:
    grafana = yaml.safe_load((REPO / "docker-compose.yml").read_text())["services"]["grafana"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (FOLDER / Path(home).name).exists()
    schema = json.loads((REPO / "tools" / "dashboards" / "schema" / "package.json").read_text())
    checked = schema["devDependencies"]["@grafana/schema"]
    assert grafana["image"].split(":")[1].split(".")[0] == checked.split(".")[0]


def test_the_pages_pictures_are_there_and_no_larger_than_they_may_be() -> None:
    shown = {PICTURES / name for name in re.findall(r"\.\./pictures/([\w-]+\.png)", PAGE)}
    assert len(shown) == 12 and {file for file in shown if not file.exists()} == set()
    drawn = set(PICTURES.glob("kasugai-*.png"))
    assert drawn == shown and all(file.stat().st_size <= 300_000 for file in drawn)


def test_no_lock_of_npm_names_a_registry() -> None:
    text = (REPO / "tools" / "dashboards" / "schema" / "package-lock.json").read_text()
    assert "://" not in text and text.count('"integrity": "sha512-') == 2
