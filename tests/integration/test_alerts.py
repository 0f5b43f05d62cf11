"""The rules as Prometheus and Alertmanager read them: what rings of which series, and what an incident silences."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.alertmanager import AlertmanagerServer
from tests.support.kafka import REPO
from tests.support.prometheus import promtool

pytestmark = [pytest.mark.integration]

FOLDER = REPO / "deploy" / "prometheus"
INHIBIT: list[dict[str, Any]] = yaml.safe_load((FOLDER / "inhibit_rules.yml").read_text())["inhibit_rules"]
NOWHERE = "http://127.0.0.1:9/"
ABOUT_CMP1 = ("NovaServiceDown", "NodeDown", "LibvirtDown", "CephOSDDown", "CephOSDHostDown", "InstanceDown")


def test_prometheus_reads_the_files() -> None:
    promtool("check", "config", "prometheus.yml", cwd=FOLDER)


@pytest.mark.parametrize("file", ["alerts_test.yml", "alerts_long_test.yml"])
def test_the_rules_say_what_is_wrong_and_nothing_else(file: str) -> None:
    promtool("test", "rules", file, cwd=FOLDER)


def test_alertmanager_reads_the_inhibit_rules(tmp_path: Path) -> None:
    config = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}], "inhibit_rules": INHIBIT}
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        ["amtool", "check-config", "alertmanager.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(INHIBIT)} inhibit rules" in done.stdout


def test_an_open_incident_silences_what_others_say_of_its_host_and_of_no_other() -> None:
    with AlertmanagerServer(NOWHERE, "token", INHIBIT) as alertmanager:
        for name in ABOUT_CMP1:
            for host in ("cmp1", "cmp2"):
                alertmanager.alert({"alertname": name, "hostname": host})
        alertmanager.alert({"alertname": "NodeDown"})
        alertmanager.alert({"alertname": "KasugaiHeld"})
        alertmanager.alert({"alertname": "KasugaiHostUnprotected", "segment": "rack1", "hostname": "cmp1"})
        assert set(alertmanager.inhibited().values()) == {False}
        incident = {"alertname": "KasugaiHostIncident", "segment": "rack1", "hostname": "cmp1"}
        alertmanager.alert(incident)
        silenced = {name for name, is_so in alertmanager.inhibited().items() if is_so}
        ours = "KasugaiHostUnprotected hostname=cmp1 segment=rack1"
        assert silenced == {f"{name} hostname=cmp1" for name in ABOUT_CMP1} | {ours}
        alertmanager.alert(incident, ends=True)
        assert set(alertmanager.inhibited().values()) == {False}
