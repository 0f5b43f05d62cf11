"""The catalogue, and that what Prometheus reads is what it says."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from kasugai.adapters.settings.values import KafkaSettings, Settings, StreamSettings, TelemetrySettings
from kasugai.adapters.telemetry.catalogue import CATALOGUE, PROCESSES, VERDICTS
from kasugai.adapters.telemetry.meters import KEPT, count, observe, watched
from kasugai.adapters.telemetry.metric import Shape
from kasugai.adapters.telemetry.page import render
from kasugai.adapters.telemetry.process import observed
from kasugai.adapters.telemetry.project_metrics import GUEST_STATE, MASAKARI_METRICS
from kasugai.adapters.telemetry.serving import PortTaken, served
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.telemetry.worker_metrics import STEPS, WINDOW, WORKERS
from kasugai.cli.main import build_parser
from kasugai.core.words.subject import Kind
from tests.support.metrics import RESOURCE, samples

PAGE = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"
ABOUT_ONE = {"guest", "incident", "uuid", "event", "instance", "step"}


@pytest.fixture
def vitals() -> Vitals:
    return Vitals()


@pytest.fixture
def address(vitals: Vitals) -> Iterator[str]:
    with served(vitals, RESOURCE, "127.0.0.1", 0) as address:
        yield address


def get(url: str, accept: str = "") -> tuple[int, str]:
    try:
        with urlopen(Request(url, headers={"Accept": accept}), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_names_are_opentelemetrys_and_unique() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)
    ours = [metric.name for metric in CATALOGUE if metric not in MASAKARI_METRICS]
    assert all(re.fullmatch(r"kasugai(\.[a-z]+)+", name) for name in ours)
    assert all(metric.help.endswith(".") for metric in CATALOGUE)
    assert all(set(metric.shown_by) <= set(PROCESSES) for metric in CATALOGUE)


def has_a_command(kind: Kind) -> bool:
    try:
        build_parser().parse_args(["worker", kind])
    except SystemExit:
        return False
    return True


def test_there_is_a_process_for_each_kind_that_has_a_worker(capsys: pytest.CaptureFixture[str]) -> None:
    assert {f"worker_{kind}" for kind in Kind if has_a_command(kind)} == set(WORKERS)


def test_every_process_and_no_other_has_a_port() -> None:
    ports = {each.name.removesuffix("_port") for each in fields(TelemetrySettings) if "_port" in each.name}
    assert ports == set(PROCESSES)


def test_no_label_names_a_single_guest_or_incident() -> None:
    """The uuids of openstack-exporter's names are those of hosts and segments; a guest has a state in an open incident
    only, so there are no more of those than guests that are on their way back."""
    ours = [metric for metric in CATALOGUE if metric not in (*MASAKARI_METRICS, GUEST_STATE)]
    assert not {name for metric in ours for name in metric.label_names} & ABOUT_ONE


def test_a_host_and_a_segment_go_by_one_label_everywhere() -> None:
    """Whoever joins our series with openstack-exporter's joins on `hostname`."""
    others = {"host", "host_name", "node", "compute", "segment_id", "segment_name", "failover_segment"}
    assert not {name for metric in CATALOGUE for name in metric.label_names} & others


def test_masakaris_metrics_go_by_openstack_exporters_names() -> None:
    """https://github.com/openstack-exporter/openstack-exporter/pull/572"""
    of_host = {"uuid", "hostname", "failover_segment_id"}
    assert {metric.prometheus: set(metric.label_names) for metric in MASAKARI_METRICS} == {
        "openstack_masakari_up": set(),
        "openstack_masakari_segment": {
            *("id", "uuid", "name", "description", "recovery_method", "service_type"),
        },
        "openstack_masakari_host": {
            *of_host,
            *("id", "failover_segment_name", "type", "control_attributes"),
        },
        "openstack_masakari_host_on_maintenance": of_host,
        "openstack_masakari_host_reserved": of_host,
    }


def test_histograms_and_only_they_have_buckets() -> None:
    assert {metric.name for metric in CATALOGUE if metric.buckets} == {
        metric.name for metric in CATALOGUE if metric.shape is Shape.HISTOGRAM
    }


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == render(), "type .venv/bin/python tools/draw_metrics.py"


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_prometheus_reads_the_name_that_the_catalogue_derives(metric: Any, address: str) -> None:
    labels = dict.fromkeys(metric.label_names, "x")
    if metric.shape is Shape.HISTOGRAM:
        observe(metric, 0.001, **labels)
    elif metric.shape is Shape.COUNTER and metric not in KEPT:
        count(metric, 1, **labels)
    with watched(metric, lambda: [(1.0, labels)]):
        names = {name for name, _ in samples(address)}
    assert metric.prometheus in names


def test_a_counter_counts_by_its_labels(address: str) -> None:
    def seen() -> float:
        return samples(address).get(("kasugai_verdicts_total", (("reason", "own"), ("verb", "hold"))), 0.0)

    before = seen()
    count(VERDICTS, verb="hold", reason="own")  # stories in this process count real reasons
    count(VERDICTS, 2, verb="hold", reason="own")
    assert seen() == before + 3


def test_a_label_that_the_catalogue_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match=r"kasugai\.recovery\.steps has the labels"):
        count(STEPS, action="evacuate", guest="web1")


def test_a_gauge_is_gone_with_what_it_watched(address: str) -> None:
    with watched(WINDOW, lambda: [(8.0, {"hostname": "cmp1"})]):
        assert samples(address)["kasugai_recovery_window", (("hostname", "cmp1"),)] == 8
    assert ("kasugai_recovery_window", (("hostname", "cmp1"),)) not in samples(address)


def test_prometheus_may_ask_for_openmetrics(address: str) -> None:
    _, text = get(f"{address}/metrics", "application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")


def test_a_process_is_not_ready_before_it_says_what_to_wait_for(vitals: Vitals, address: str) -> None:
    assert get(f"{address}/healthz")[0] == 200
    status, text = get(f"{address}/readyz")
    assert (status, json.loads(text)) == (503, {"ok": False, "why_not": ["starting"]})
    vitals.expect(lambda: "")
    assert get(f"{address}/readyz")[0] == 200
    assert samples(address)["kasugai_process_ready", ()] == 1


def test_nothing_else_is_served(address: str) -> None:
    assert get(f"{address}/")[0] == 404


def test_a_port_that_is_taken_is_told_in_one_line(vitals: Vitals, address: str) -> None:
    port = int(address.rpartition(":")[2])
    with (
        pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{port} cannot be listened on"),
        served(vitals, RESOURCE, "127.0.0.1", port),
    ):
        pass


def test_former_ends_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers="k:1"),
        stream=StreamSettings(instance="a"),
        telemetry=TelemetrySettings(),
    )
    with observed(settings, "route") as first:
        first.lives.end(73)
    with observed(settings, "route"):
        pass  # kill -9: nobody says how it ended
    with observed(settings, "route") as third:
        assert third.lives.readings() == [(1, {"code": "73"}), (1, {"code": "killed"})]
    (tmp_path / "exits-route-a.json").write_text("rubbish")
    with observed(settings, "route") as fourth:
        assert fourth.lives.readings() == []
