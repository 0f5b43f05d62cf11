"""Spans and metrics go by names that nobody mixes up, also where dots become underscores."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.exporter.prometheus._mapping import sanitize_attribute, sanitize_full_name

from kasugai.adapters.telemetry import attributes, tracing
from kasugai.adapters.telemetry.attributes import Attribute
from kasugai.adapters.telemetry.catalogue import CATALOGUE
from kasugai.adapters.telemetry.metric import Shape
from kasugai.adapters.telemetry.process import resource_of
from kasugai.adapters.telemetry.serving import served
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.workers import spans
from tests.support.metrics import RESOURCE, families
from tests.support.spans import in_memory

REPO = Path(__file__).resolve().parents[3]
ROOMS = (
    "adapters",
    "agents",
    "api",
    "bridge",
    "cli",
    "core",
    "observers",
    "schemas",
    "sim",
    "streams",
    "workers",
)
SPANS = {Path(tracing.__file__).name, Path(spans.__file__).name}
MAKES = {"create_counter", "create_histogram", "create_observable_counter", "create_observable_gauge"}
MORE = {"create_up_down_counter", "create_gauge", "create_observable_up_down_counter"}
GIVEN = {"le", "quantile", "job", "instance", "process", "service_name", "service_instance_id"}
"""Labels that Prometheus, a scrape configuration or target_info gives."""


def calls(*names: str) -> Iterator[tuple[str, int, str]]:
    """Find calls of functions or methods of these names in the product's own code."""
    for room in ROOMS:
        for file in sorted((REPO / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call):
                    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if called in names:
                        yield str(file.relative_to(REPO)), node.lineno, called


def test_attributes_stay_distinct_where_dots_become_underscores() -> None:
    names = [*Attribute, *resource_of("route", "one").attributes]
    sanitized = Counter(sanitize_attribute(name) for name in names)
    assert [name for name, count in sanitized.items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)+", name) for name in Attribute)


def test_a_label_stays_its_own_beside_those_that_others_give() -> None:
    for metric in CATALOGUE:
        labels = [sanitize_attribute(name) for name in metric.label_names]
        assert labels == list(metric.label_names), f"{metric.name}: Prometheus would see another name"
        assert len(set(labels)) == len(labels) and not set(labels) & GIVEN, metric.name


def test_metrics_stay_distinct_where_dots_become_underscores_and_units_are_added() -> None:
    ends = ("_bucket", "_sum", "_count")
    series: list[str] = []
    for metric in CATALOGUE:
        base = metric.prometheus.removesuffix("_bucket")
        assert base.startswith(sanitize_full_name(metric.name))
        series += [base + end for end in ends] if metric.shape is Shape.HISTOGRAM else [metric.prometheus]
    assert [name for name, count in Counter(series).items() if count > 1] == []


def test_spans_are_made_in_two_places_alone_which_know_no_name_of_their_own() -> None:
    """Elsewhere nobody could know a name that is not in the one set."""
    found = {
        Path(file).name
        for file, _, _ in calls(
            "start_as_current_span", "start_span", "add_event", "set_attribute", "set_attributes", "add_link"
        )
    }
    assert found == SPANS
    for module in (tracing, spans):
        text = Path(module.__file__ or "").read_text()
        literals = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
        named = {each for each in literals if isinstance(each, str) and each in set(Attribute)}
        assert named == set(), f"say {attributes.__name__}.Attribute instead"


def test_there_is_one_meter_and_it_makes_each_instrument_once() -> None:
    """Two meters of one name, or two instruments, are two families of one name, which Prometheus refuses to read."""
    meters = "adapters/telemetry/meters.py"
    assert [file for file, _, _ in calls("get_meter")] == [meters]
    made = [called for file, _, called in calls(*MAKES, *MORE)]
    assert {file for file, _, _ in calls(*MAKES, *MORE)} == {meters}
    assert sorted(made) == sorted(MAKES), "each shape is made in one place"


def test_each_family_is_told_once() -> None:
    with served(Vitals(), RESOURCE, "127.0.0.1", 0) as address:
        told = Counter(families(address))
    assert told and [name for name, count in told.items() if count > 1] == []


def test_a_span_says_only_what_is_in_the_set(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = in_memory(monkeypatch)
    with tracing.span("route fault", {}, {Attribute.HOSTNAME: "cmp1"}):
        pass
    (span,) = exporter.get_finished_spans()
    assert set(span.attributes or {}) == {"messaging.system", "kasugai.hostname"}
