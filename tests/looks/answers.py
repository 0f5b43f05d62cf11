"""What a preview draws: each panel of a dashboard's JSON with the answers to its queries at a moment of a story."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kasugai.sim.cloud.world import NEW_YEAR
from tests.looks.moments import Moment
from tests.support.prometheus_archive import PrometheusArchive, Series

LAST = frozenset({"stat", "bargauge", "table"})
"""Kinds of panels that show the last value alone."""
MONTH = 30 * 86_400.0


def preview(board: Path, moment: Moment, archive: PrometheusArchive) -> dict[str, Any]:
    """Return everything that a preview of a dashboard shows."""
    told = json.loads(board.read_text())
    return {
        "title": told["title"],
        "caption": moment.caption,
        "begin": NEW_YEAR + moment.begin,
        "now": NEW_YEAR + moment.now,
        "panels": [_panel(panel, moment, archive) for panel in told["panels"]],
    }


def _panel(panel: Mapping[str, Any], moment: Moment, archive: PrometheusArchive) -> dict[str, Any]:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    transformations = panel.get("transformations", [])
    options = panel.get("options", {})
    step = MONTH if panel.get("interval") == "30d" else moment.step
    return {
        "kind": panel["type"],
        "title": panel["title"],
        "about": panel.get("description", ""),
        "place": panel["gridPos"],
        "unit": defaults.get("unit", "short"),
        "nothing": defaults.get("noValue", "no answer"),
        "steps": defaults.get("thresholds", {}).get("steps", []),
        "words": _words(defaults),
        "columns": _columns(transformations[0]["options"]) if transformations else [],
        "names": options.get("textMode") == "name",
        "text": options.get("content", ""),
        "bars": defaults.get("custom", {}).get("drawStyle") == "bars",
        "stacked": defaults.get("custom", {}).get("stacking", {}).get("mode") == "normal",
        "series": [
            series
            for target in panel.get("targets", [])
            for series in _asked(panel["type"], target, moment, archive, step)
        ],
        "step": step,
    }


def _columns(organised: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return labels with their columns' heads, in order."""
    places: Mapping[str, int] = organised["indexByName"]
    return [
        (label, organised["renameByName"][label]) for label in sorted(places, key=lambda label: places[label])
    ]


def _words(defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        value: word for mapping in defaults.get("mappings", []) for value, word in mapping["options"].items()
    }


def _asked(
    kind: str, target: Mapping[str, Any], moment: Moment, archive: PrometheusArchive, step: float
) -> Iterator[dict[str, Any]]:
    expression, now = filled(target["expr"], moment), NEW_YEAR + moment.now
    if kind in LAST:
        found = archive.at(expression, now)
    else:
        begin = now - MONTH * 2 if step == MONTH else NEW_YEAR + moment.begin
        found = archive.over(expression, begin, now, step)
    for series in found:
        yield {
            "name": _legend(target.get("legendFormat", ""), series),
            "labels": dict(series.labels),
            "points": series.samples,
        }


def filled(expression: str, moment: Moment) -> str:
    """Return an expression as Grafana sends it."""
    chosen = {"segment": ".*", "hostname": ".*", "objective": "300"} | dict(moment.variables)
    for name, value in chosen.items():
        expression = expression.replace(f"${name}", value)
    lasts = f"{moment.now - moment.begin:.0f}s"
    return expression.replace("$__range", lasts).replace("$__rate_interval", "1m")


def _legend(form: str, series: Series) -> str:
    for name, value in series.labels.items():
        form = form.replace(f"{{{{{name}}}}}", value)
    return form
