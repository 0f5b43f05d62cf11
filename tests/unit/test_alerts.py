"""The alerts are drawn, whole and explained, and what they tell to type is understood."""

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kasugai.cli.main import build_parser

REPO = Path(__file__).resolve().parents[2]
FOLDER = REPO / "deploy" / "prometheus"
PAGE = (REPO / "docs" / "operators" / "alerts.md").read_text()
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
TESTS = [
    case
    for name in ("alerts_test.yml", "alerts_long_test.yml")
    for story in yaml.safe_load((FOLDER / name).read_text())["tests"]
    for case in story["alert_rule_test"]
]
STAND_INS = {
    "HOST": "cmp1",
    "SEGMENT": "rack1",
    "WHY": "ann",
    "...": "ann",
    "N": "3",
    "NAME": "web1",
    "FILE.yaml": "rack1.yaml",
    "TOPIC.dlq": "kasugai.verdicts.dlq",
    "WORD": "nova",
    "ID": "a1",
    "DOMAIN": "pdu/pdu-3",
}


def draw(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPO / "tools" / "draw_alerts.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_drawn_files_are_fresh(tmp_path: Path) -> None:
    done = draw("--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for drawn in tmp_path.iterdir():
        assert drawn.read_text() == (FOLDER / drawn.name).read_text(), (
            "type .venv/bin/python tools/draw_alerts.py"
        )


def test_a_site_calls_severities_as_it_likes(tmp_path: Path) -> None:
    words = (
        "--severities",
        "P1,P2,P4,P5",
        "--runbooks",
        "https://wiki.example.org/kasugai/",
        "--out",
        str(tmp_path),
    )
    assert draw(*words).returncode == 0
    rules = yaml.safe_load((tmp_path / "alerts.yml").read_text())["groups"][0]["rules"]
    by_name = {rule["alert"]: rule for rule in rules}
    assert {rule["labels"]["severity"] for rule in rules} == {"P1", "P2", "P4", "P5"}
    assert by_name["KasugaiHeld"]["labels"]["severity"] == "P1"
    link = by_name["KasugaiHeld"]["annotations"]["runbook_url"]
    assert link == "https://wiki.example.org/kasugai/alerts.md#kasugaiheld"
    assert "P1" in (tmp_path / "alerts_test.yml").read_text()


@pytest.mark.parametrize("words", ["critical,warning", "a,b,c,d,e", "a,b,c,{{ }}"])
def test_severities_that_are_not_one_each_are_refused(words: str, tmp_path: Path) -> None:
    done = draw("--severities", words, "--out", str(tmp_path))
    assert done.returncode == 1 and not list(tmp_path.iterdir())
    assert done.stderr == (
        f"draw_alerts: --severities wants four words, for now, soon, day, none; not {words!r}\n"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_and_where_more_stands(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Kasugai([A-Z][a-z]*)+", rule["alert"])
    said = rule["annotations"]
    assert said["summary"].endswith((".", "?"))
    assert "{{" not in said["description"], "its tests fill it in as it stands"
    page, _, anchor = said["runbook_url"].rpartition("#")
    assert page.endswith("/operators/alerts.md") and anchor == rule["alert"].lower()


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    assert [rule["alert"] for rule in RULES] == re.findall(r"^### (Kasugai\w+)$", PAGE, re.MULTILINE)


def test_every_alert_is_seen_to_ring_and_to_be_silent() -> None:
    rings = {case["alertname"] for case in TESTS if case["exp_alerts"]}
    silent = {case["alertname"] for case in TESTS if not case["exp_alerts"]}
    names = {rule["alert"] for rule in RULES}
    assert rings == names and silent == names - {"KasugaiDeadMansSwitch"}


def test_inhibit_rules_name_alerts_that_there_are() -> None:
    rules = yaml.safe_load((FOLDER / "inhibit_rules.yml").read_text())["inhibit_rules"]
    ours = {rule["alert"] for rule in RULES}
    for rule in rules:
        (source,) = rule["source_matchers"]
        assert source.removeprefix('alertname="').rstrip('"') in ours
        (target,) = rule["target_matchers"]
        pattern = target.removeprefix('alertname=~"').rstrip('"')
        if pattern.startswith("Kasugai"):
            assert len([name for name in ours if re.fullmatch(pattern, name)]) >= 2


def commands() -> list[str]:
    told = [rule["annotations"]["description"] for rule in RULES] + [PAGE]
    found = {command for text in told for command in re.findall(r"`(kasugai [^`]+)`", " ".join(text.split()))}
    found |= {line.split("  #")[0].strip() for line in PAGE.splitlines() if line.startswith("kasugai ")}
    return sorted(found)


@pytest.mark.parametrize("command", commands())
def test_what_a_person_is_told_to_type_is_understood(command: str) -> None:
    words = [STAND_INS.get(word, word) for word in shlex.split(command)][1:]
    parsed: argparse.Namespace = build_parser().parse_args(words)
    assert parsed.run
