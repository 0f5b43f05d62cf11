"""The Grafana dashboard as panels and queries; tools/draw_dashboard.py writes it to deploy/grafana.

Metric names come from the catalogue, so that a panel cannot ask for one that nobody shows.
"""

import json
from dataclasses import dataclass
from typing import Any

from kasugai.adapters.telemetry import catalogue as c
from kasugai.adapters.telemetry.metric import Metric

SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 24, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel: queries with their legends."""

    title: str
    about: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8


def quantile(share: float, metric: Metric, by: str = "") -> str:
    """Return the query for a histogram's quantile."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric.prometheus}[$__rate_interval])))"


def rate(metric: Metric, by: str) -> str:
    """Return the query for a counter's rate per minute."""
    return f"60 * sum by ({by}) (rate({metric.prometheus}[$__rate_interval]))"


def answers(statuses: str) -> str:
    """Return the query for the REST API's answers a second of these statuses, health questions aside."""
    series = f'{c.REQUESTS.prometheus}{{status=~"{statuses}", route!="/healthcheck"}}'
    return f"sum(rate({series}[$__rate_interval])) or vector(0)"


PANELS = (
    Panel(
        title="Ready",
        about="1 while a process is connected, has its partitions, and is caught up. Not ready: ask its /readyz.",
        queries=((f"{c.READY.prometheus}", "{{process}} {{instance}}"),),
        kind="stat",
    ),
    Panel(
        title="Incidents by phase",
        about="Held incidents need a person: docs/operators/reasons.",
        queries=((f"sum by (kind, phase) ({c.INCIDENTS.prometheus})", "{{kind}} {{phase}}"),),
    ),
    Panel(
        title="Dead letters",
        about="Records that nobody can read or decide. Anything above zero wants a look.",
        queries=((f"sum by (topic) ({c.DEAD_LETTERS.prometheus})", "{{topic}}"),),
    ),
    Panel(
        title="Decisions",
        about="What correlate says, a minute, by verb and reason.",
        queries=((rate(c.VERDICTS, "verb, reason"), "{{verb}} {{reason}}"),),
        width=12,
    ),
    Panel(
        title="Oldest unprocessed record",
        about="How far behind each process is. A worker's: the oldest order that no lane has begun.",
        queries=((f"max by (process, topic) ({c.OLDEST_AGE.prometheus})", "{{process}} {{topic}}"),),
        unit="s",
        width=12,
    ),
    Panel(
        title="Evacuations in progress, and the window",
        about="By source host: begun and not ended by Nova's word; how many may be.",
        queries=(
            (f"sum by (hostname) ({c.EVACUATIONS.prometheus})", "{{hostname}}"),
            (f"sum by (hostname) ({c.WINDOW.prometheus})", "{{hostname}} window"),
        ),
    ),
    Panel(
        title="Steps",
        about="Facts about steps, a minute.",
        queries=((rate(c.STEPS, "action, outcome"), "{{action}} {{outcome}}"),),
    ),
    Panel(
        title="Answers of workers",
        about="How attempts ended, in all.",
        queries=(
            (f"sum by (kind, outcome, reason) ({c.ATTEMPTS.prometheus})", "{{kind}} {{outcome}} {{reason}}"),
        ),
    ),
    Panel(
        title="Fault to incident",
        about="Routing, and opening, p50 and p99.",
        queries=(
            (quantile(0.5, c.ROUTING), "routing p50"),
            (quantile(0.99, c.ROUTING), "routing p99"),
            (quantile(0.5, c.OPENING), "opening p50"),
            (quantile(0.99, c.OPENING), "opening p99"),
        ),
        unit="s",
    ),
    Panel(
        title="Decision to first effect, and takeover",
        about="How long an order waits for its first call; what becoming a host's owner costs.",
        queries=(
            (quantile(0.5, c.FIRST_EFFECT), "first effect p50"),
            (quantile(0.99, c.FIRST_EFFECT), "first effect p99"),
            (quantile(0.99, c.TAKEOVER), "takeover p99"),
            (quantile(0.99, c.FOLD), "fold p99"),
        ),
        unit="s",
    ),
    Panel(
        title="Calls to Nova and power",
        about="Until the answer, p99 by action.",
        queries=((quantile(0.99, c.CALL, "action"), "{{action}}"),),
        unit="s",
    ),
    Panel(
        title="Lag",
        about="Records that are not done; a worker counts an order until its incident is answered.",
        queries=((f"sum by (process, topic) ({c.LAG.prometheus})", "{{process}} {{topic}}"),),
    ),
    Panel(
        title="Lanes",
        about="Hosts, instances and processes that workers work on, and those that wait for a place.",
        queries=((f"sum by (kind, state) ({c.LANES.prometheus})", "{{kind}} {{state}}"),),
    ),
    Panel(
        title="How former lives ended",
        about="70-75: the process was in doubt and was started again (docs/operators/run.md).",
        queries=((f"sum by (process, code) ({c.EXITS.prometheus})", "{{process}} {{code}}"),),
    ),
    Panel(
        title="REST API: answers",
        about="A second, by class of status. 5xx: Kafka, Redis or Nova is away, or a bug.",
        queries=tuple((answers(f"{n}.."), f"{n}xx") for n in (2, 3, 4, 5)),
        unit="reqps",
    ),
    Panel(
        title="REST API: time to answer",
        about="p50, and p99 by route.",
        queries=(
            (quantile(0.5, c.ANSWERING), "p50"),
            (quantile(0.99, c.ANSWERING, "route"), "{{route}} p99"),
        ),
        unit="s",
    ),
    Panel(
        title="REST API: notifications claimed, and refused as known",
        about="A second. Refused: the same failure stands already (409); several monitors tell the same.",
        queries=(
            (answers("409"), "409"),
            (f"sum by (outcome) (rate({c.CLAIMS.prometheus}[$__rate_interval]))", "{{outcome}}"),
        ),
        unit="reqps",
    ),
)


def render() -> str:
    """Return the dashboard as Grafana reads it."""
    return json.dumps(_dashboard(), indent=1) + "\n"


def _dashboard() -> dict[str, Any]:
    return {
        "uid": "kasugai",
        "title": "Kasugai",
        "description": "Generated by tools/draw_dashboard.py: do not edit.",
        "tags": ["kasugai"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "panels": [_panel(number, panel, place) for number, (panel, place) in enumerate(_placed(), 1)],
    }


def _placed() -> list[tuple[Panel, dict[str, int]]]:
    """Lay the panels out from left to right, and then down."""
    x = y = 0
    placed = []
    for panel in PANELS:
        if x + panel.width > WIDTH:
            x, y = 0, y + HEIGHT
        placed.append((panel, {"x": x, "y": y, "w": panel.width, "h": HEIGHT}))
        x += panel.width
    return placed


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": query, "legendFormat": legend}
            for at, (query, legend) in enumerate(panel.queries)
        ],
    }
