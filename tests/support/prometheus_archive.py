"""A Prometheus that holds what was scraped of a story: promtool makes blocks of it, and it is asked by time."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.prometheus_process import PrometheusProcess

Samples = list[tuple[float, float]]
LONG_AGO = "100y"
BLOCK = "2400h"
"""Of two hours, which is promtool's choice, a quarter makes a thousand, and Prometheus takes minutes to open them."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer, with its samples by time; what is no number is left out."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


class PrometheusArchive(PrometheusProcess):
    """Scrapes nothing."""

    def __init__(self, recording: Path, every: float) -> None:
        """`recording` is OpenMetrics text with dates, scraped so many seconds apart. A series that was not there at a
        scrape is over, as it is for a Prometheus that scrapes: a recording has no marks for that, so no sample counts
        for much longer than until the next one."""
        lookback = f"--query.lookback-delta={round(1500 * every)}ms"
        super().__init__(f"--storage.tsdb.retention.time={LONG_AGO}", lookback)
        self._recording = recording

    def at(self, expression: str, when: float) -> tuple[Series, ...]:
        """Return what an instant query gives at that time; AssertionError where Prometheus does not understand it."""
        result = self._ask("query", {"query": expression, "time": f"{when:.3f}"})
        return _series([one | {"values": [one["value"]]} for one in result])

    def over(self, expression: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        """Return what a range query gives; AssertionError where Prometheus does not understand it."""
        asked = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return _series(self._ask("query_range", asked))

    def values(self, label: str, match: str) -> list[str]:
        """Return the values that a label has in the series that `match` chooses."""
        words = urlencode({"match[]": match, "start": "0", "end": str(int(time.time()) + 10**9)})
        return [str(value) for value in self._get(f"label/{label}/values?{words}")]

    def _ask(self, what: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = self._get(f"{what}?{urlencode(asked)}")["result"]
        return result

    def _fill(self, folder: Path) -> None:
        (folder / "prometheus.yml").write_text("{}\n")
        made = ["promtool", "tsdb", "create-blocks-from", f"--max-block-duration={BLOCK}", "openmetrics"]
        subprocess.run([*made, str(self._recording), f"{folder}/data"], check=True, capture_output=True)


def _series(result: Sequence[Mapping[str, Any]]) -> tuple[Series, ...]:
    found = (Series(one["metric"], tuple(_numbers(one["values"]))) for one in result)
    return tuple(each for each in found if each.samples)


def _numbers(samples: Sequence[Sequence[Any]]) -> Samples:
    return [(float(at), float(value)) for at, value in samples if value != "NaN"]
