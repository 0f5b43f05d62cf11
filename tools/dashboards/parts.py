"""What a dashboard is made of, in words of our own: queries, panels, rows, variables. It knows no Grafana.

Metric names come from the catalogue, so that a panel cannot ask for one that nobody shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kasugai.adapters.telemetry.catalogue import CATALOGUE
from kasugai.adapters.telemetry.metric import Metric


class Kind(StrEnum):
    """How a panel shows its answers; by Grafana's names."""

    STAT = "stat"
    """The last value, large."""
    LINES = "timeseries"
    BARS = "bargauge"
    """The last value of each series, side by side."""
    TABLE = "table"
    """A row for each series, a column for each label."""
    TIMELINE = "state-timeline"
    """A bar for each series, cut where its value changes."""
    TEXT = "text"


class Colour(StrEnum):
    """By Grafana's names."""

    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    PURPLE = "purple"
    GREY = "#8e8e8e"
    PLAIN = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to Prometheus."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a value is called."""

    text: str
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel."""

    title: str
    about: str
    """What it shows, and what to make of it."""
    kind: Kind = Kind.LINES
    queries: tuple[Query, ...] = ()
    unit: str = "short"
    width: int = 8
    """Of 24 columns."""
    height: int = 7
    words: Mapping[int, Word] | None = None
    steps: tuple[tuple[float, Colour], ...] = ()
    """From which value on which colour; below the first it is green."""
    columns: Mapping[str, str] | None = None
    """Of a table: what each label's column is headed, in order; `Value` is the value's. Others are hidden."""
    opens: str = ""
    """The uid of the dashboard that a click on a row opens, with the row's `hostname` and `segment`."""
    text: str = ""
    """Of a text: Markdown."""
    is_stacked: bool = False
    is_barred: bool = False
    """Lines drawn as bars."""
    shows_names: bool = False
    """Of a stat: the series' names instead of their values."""
    interval: str = ""
    """The least step between two points of a line."""
    nothing: str = ""
    """What is shown where there is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A variable: values of a label, or of a list."""

    name: str
    label: str
    ask: str = ""
    """A query for its values; several may be chosen, and all."""
    values: tuple[str, ...] = ()
    """Or its values themselves, of which one is chosen, the first to begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is marked on every panel's time axis: a query's series, or what was told to Grafana itself."""

    name: str
    colour: Colour
    expr: str = ""
    title: str = ""
    """What a series is called there."""
    tags: tuple[str, ...] = ()
    """Or annotations of Grafana's own that have one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()
    notes: tuple[Note, ...] = ()
    since: str = "now-1h"
    refresh: str = "10s"


def named(name: str) -> Metric:
    """Return a metric by OpenTelemetry's name of it, whichever process shows it; LookupError where none does."""
    return {metric.name: metric for metric in CATALOGUE}[name]


def of(metric: Metric, *selectors: str) -> str:
    """Return a metric's series of the chosen segments (and hosts, where it has a host's name) and these selectors."""
    chosen = [f'{label}=~"${label}"' for label in ("segment", "hostname") if label in metric.label_names]
    asked = ", ".join([*selectors, *chosen])
    return f"{metric.prometheus}{{{asked}}}" if asked else metric.prometheus


def grown(series: str, lasts: str) -> str:
    """Return by how much counters have grown in that time. One is born with its first event: what was not there before
    has grown by all that it is, which `increase` does not see."""
    return f"(({series} unless {series} offset {lasts}) or increase({series}[{lasts}]))"


def quantile(share: float, series: str, lasts: str, by: str = "") -> str:
    """Return the query for a quantile of what a histogram was told in that time."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) ({grown(series, lasts)}))"


def rated_quantile(share: float, metric: Metric, by: str = "") -> str:
    """Return the query for a quantile of a histogram that is told something all the time."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric.prometheus}[$__rate_interval])))"


def counted(metric: Metric, by: str) -> str:
    """Return the query for how often something happened within a rate interval, the first time ever included."""
    return f"sum by ({by}) ({grown(metric.prometheus, '$__rate_interval')}) > 0"


EVERY = ".*"
"""What a variable is while all is chosen. `kasugai announce` gives its annotations this tag too (preset grafana): tags
are compared, not matched."""
SAID = Note(name="What Kasugai said", colour=Colour.BLUE, tags=("$hostname",))
"""The narrator's sentences about the chosen hosts."""
SEGMENT = Choice(name="segment", label="Segment", ask="label_values(kasugai_host_state, segment)")
HOSTNAME = Choice(
    name="hostname",
    label="Host",
    ask='label_values(kasugai_host_state{segment=~"$segment"}, hostname)',
)
