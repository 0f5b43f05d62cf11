"""Gauges with a series for each host: written without OpenTelemetry, and read by Prometheus as all others are."""

import subprocess
import sys
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics

from kasugai.adapters.telemetry.catalogue import CATALOGUE
from kasugai.adapters.telemetry.meters import watched, wide
from kasugai.adapters.telemetry.metric import Shape
from kasugai.adapters.telemetry.project_metrics import HOST_STATE, MASAKARI_SEGMENT
from kasugai.adapters.telemetry.serving import served
from kasugai.adapters.telemetry.vitals import Vitals
from tests.support.metrics import RESOURCE, samples

ODD = 'a "quoted" \\ name\nof two lines'
MANY = """
import sys
from urllib.request import urlopen
from opentelemetry.sdk.resources import Resource
from kasugai.adapters.telemetry.catalogue import UNPROVED
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.telemetry.serving import served
from kasugai.adapters.telemetry.vitals import Vitals
with served(Vitals(), Resource.create({}), "127.0.0.1", 0) as address:
    for n in range(2_100):
        count(UNPROVED, topic="kasugai.faults.peers", hostname=f"cmp{n}")
    text = urlopen(f"{address}/metrics").read().decode()
    print(text.count("kasugai_unproved_total{"), "overflow" in text)
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where metrics are served."""
    with served(Vitals(), RESOURCE, "127.0.0.1", 0) as address:
        yield address


def test_only_gauges_are_wide() -> None:
    assert {metric.shape for metric in CATALOGUE if metric.is_wide} == {Shape.GAUGE}


def test_any_text_is_read_as_it_was(address: str) -> None:
    labels = {**dict.fromkeys(MASAKARI_SEGMENT.label_names, ""), "description": ODD}
    with watched(MASAKARI_SEGMENT, lambda: [(1.0, labels)]):
        assert samples(address)["openstack_masakari_segment", tuple(sorted(labels.items()))] == 1
    assert not any(name == "openstack_masakari_segment" for name, _ in samples(address))


def test_whoever_asks_for_openmetrics_gets_them_too(address: str) -> None:
    labels = {"hostname": "cmp1", "segment": ODD, "state": "out"}
    request = Request(f"{address}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    with watched(HOST_STATE, lambda: [(1.0, labels)]), urlopen(request, timeout=5) as answer:
        families = {family.name: family for family in openmetrics(answer.read().decode())}  # type: ignore[no-untyped-call]
    (sample,) = families["kasugai_host_state"].samples
    assert (sample.labels, sample.value) == (labels, 1.0)
    assert families["kasugai_host_state"].documentation == HOST_STATE.help


def test_a_label_that_is_missing_or_unknown_is_refused() -> None:
    with (
        watched(HOST_STATE, lambda: [(1.0, {"hostname": "cmp1"})]),
        pytest.raises(ValueError, match=r"kasugai\.host\.state has the labels"),
    ):
        list(wide())


def test_opentelemetrys_own_series_may_be_more_than_two_thousand() -> None:
    """Its limit would put what is beyond into one series that nobody can find a host in."""
    done = subprocess.run(
        [sys.executable, "-c", MANY], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["2100", "False"]
