"""Debian's Prometheus for tests: a server that scrapes what it is told to, and promtool."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.support.prometheus_process import PrometheusProcess


def promtool(*words: str, cwd: Path) -> None:
    """Run promtool; what it complains about fails the test."""
    done = subprocess.run(["promtool", *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class PrometheusServer(PrometheusProcess):
    """Scrapes every second, with the product's rules."""

    def __init__(self, targets: Mapping[str, str], rules: Path) -> None:
        """`targets` are host:port by the label `process`."""
        super().__init__()
        self._targets = targets
        self._rules = rules

    def stop(self) -> None:
        """Let it be down."""
        self._child.stop()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return what an instant query gives; AssertionError when Prometheus does not understand it."""
        found: list[dict[str, Any]] = self._get(f"query?{urlencode({'query': expression})}")["result"]
        return found

    def until(self, expression: str, within: float = 90.0) -> list[dict[str, Any]]:
        """Wait until a query has a result, and return it."""
        deadline = time.monotonic() + within
        while not (found := self.query(expression)):
            assert time.monotonic() < deadline, f"no result within {within:.0f} s: {expression}"
            time.sleep(0.2)
        return found

    def _fill(self, folder: Path) -> None:
        (folder / "prometheus.yml").write_text(yaml.safe_dump(self._config()))

    def _config(self) -> dict[str, Any]:
        return {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(self._rules)],
            "scrape_configs": [
                {
                    "job_name": "kasugai",
                    "static_configs": [
                        {"targets": [target], "labels": {"process": process}}
                        for process, target in self._targets.items()
                    ],
                }
            ],
        }
