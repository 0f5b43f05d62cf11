"""Debian's Prometheus for tests: a server that scrapes what it is told to, and promtool."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from kasugai.sim.child import Child, free_port


def promtool(*words: str, cwd: Path) -> None:
    """Run promtool; what it complains about fails the test."""
    done = subprocess.run(["promtool", *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class PrometheusServer:
    """Context manager: scrapes every second, with the product's rules."""

    def __init__(self, targets: Mapping[str, str], rules: Path) -> None:
        """`targets` are host:port by the label `process`."""
        self._targets = targets
        self._rules = rules
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Start, and wait until it is ready."""
        self._folder = tempfile.TemporaryDirectory(prefix="kasugai-prometheus-")
        folder = Path(self._folder.name)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(self._config()))
        command = [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
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

    def stop(self) -> None:
        """Let it be down."""
        self._child.stop()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return what an instant query gives; AssertionError when Prometheus does not understand it."""
        words = urlencode({"query": expression})
        with urlopen(f"http://127.0.0.1:{self._port}/api/v1/query?{words}", timeout=10) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        found: list[dict[str, Any]] = body["data"]["result"]
        return found

    def until(self, expression: str, within: float = 90.0) -> list[dict[str, Any]]:
        """Wait until a query has a result, and return it."""
        deadline = time.monotonic() + within
        while not (found := self.query(expression)):
            assert time.monotonic() < deadline, f"no result within {within:.0f} s: {expression}"
            time.sleep(0.2)
        return found

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

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
