"""A Prometheus that holds what was scraped of a story: promtool makes blocks of it, and it is asked by time."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from kasugai.sim.child import Child, free_port

Samples = list[tuple[float, float]]
LONG_AGO = "100y"
BLOCK = "2400h"
"""Of two hours, which is promtool's choice, a quarter makes a thousand, and Prometheus takes minutes to open them."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer, with its samples by time; what is no number is left out."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


class PrometheusArchive:
    """Context manager: a Prometheus of its own on loopback, which scrapes nothing."""

    def __init__(self, recording: Path, every: float) -> None:
        """`recording` is OpenMetrics text with dates, scraped so many seconds apart. A series that was not there at a
        scrape is over, as it is for a Prometheus that scrapes: a recording has no marks for that, so no sample counts
        for much longer than until the next one."""
        self._recording = recording
        self._lookback = f"{round(1500 * every)}ms"
        self._port = free_port()

    def __enter__(self) -> Self:
        """Make the blocks, start, and wait until it is ready."""
        self._folder = tempfile.TemporaryDirectory(prefix="kasugai-archive-")
        folder = Path(self._folder.name)
        (folder / "prometheus.yml").write_text("{}\n")
        made = ["promtool", "tsdb", "create-blocks-from", f"--max-block-duration={BLOCK}", "openmetrics"]
        subprocess.run([*made, str(self._recording), f"{folder}/data"], check=True, capture_output=True)
        command = [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--storage.tsdb.retention.time={LONG_AGO}",
            f"--query.lookback-delta={self._lookback}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--log.level=warn",
        ]
        self._child = Child(command, log=folder / "log")
        self._child.start(self._is_ready)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._child.stop()
        self._folder.cleanup()

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

    def _get(self, path: str) -> Any:
        with urlopen(f"http://127.0.0.1:{self._port}/api/v1/{path}", timeout=60) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def _series(result: Sequence[Mapping[str, Any]]) -> tuple[Series, ...]:
    found = (Series(one["metric"], tuple(_numbers(one["values"]))) for one in result)
    return tuple(each for each in found if each.samples)


def _numbers(samples: Sequence[Sequence[Any]]) -> Samples:
    return [(float(at), float(value)) for at, value in samples if value != "NaN"]
