"""Debian's Prometheus as a process of a test: on loopback, in a folder of its own, asked over its HTTP API."""

import json
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

from kasugai.sim.child import Child, free_port


class PrometheusProcess:
    """Context manager. Who derives from it says what is in the folder before it starts."""

    def __init__(self, *options: str) -> None:
        """Start it with these options besides."""
        self._options = options
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Start, and wait until it is ready."""
        self._folder = tempfile.TemporaryDirectory(prefix="kasugai-prometheus-")
        folder = Path(self._folder.name)
        self._fill(folder)
        command = [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--log.level=warn",
            *self._options,
        ]
        self._child = Child(command, log=folder / "log")
        self._child.start(self._is_ready)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._child.stop()
        self._folder.cleanup()

    def _fill(self, folder: Path) -> None:
        """Write prometheus.yml, and whatever else it is to find."""
        raise NotImplementedError

    def _get(self, path: str) -> Any:
        """Return the data of an answer; AssertionError where Prometheus does not understand the question."""
        with urlopen(f"{self.url}/api/v1/{path}", timeout=60) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
