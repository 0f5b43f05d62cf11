"""Debian's Alertmanager for tests, and the alerts and silences that are put into it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

import yaml

from kasugai.sim.child import Child, free_port


class AlertmanagerServer:
    """Context manager: an Alertmanager of its own, on loopback, with one route to one webhook."""

    def __init__(self, webhook: str, token: str, inhibit_rules: Sequence[Mapping[str, Any]] = ()) -> None:
        """`webhook`: where it sends all alerts, showing `token`."""
        self._webhook = webhook
        self._token = token
        self._inhibit_rules = inhibit_rules
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Start, and wait until it is ready."""
        self._folder = tempfile.TemporaryDirectory(prefix="kasugai-alertmanager-")
        folder = Path(self._folder.name)
        (folder / "token").write_text(self._token)
        (folder / "am.yml").write_text(yaml.safe_dump(self._config(folder)))
        self._child = Child(
            [
                "prometheus-alertmanager",
                f"--config.file={folder}/am.yml",
                f"--storage.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{self._port}",
                "--cluster.listen-address=",
            ],
            log=folder / "log",
        )
        self._child.start(self._is_ready)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._child.kill()
        self._folder.cleanup()

    def alert(self, labels: Mapping[str, str], *, ends: bool = False) -> None:
        """Have an alert fire for an hour, or end now."""
        now = datetime.now(UTC)
        over = now if ends else now + timedelta(hours=1)
        start = now - timedelta(minutes=5)
        self._post(
            "/api/v2/alerts",
            [{"labels": dict(labels), "startsAt": start.isoformat(), "endsAt": over.isoformat()}],
        )

    def inhibited(self) -> dict[str, bool]:
        """Return of each alert's labels, as `NAME LABEL=VALUE ...`, whether another one silences it."""
        with urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            alerts = json.load(answer)
        return {_named(alert["labels"]): bool(alert["status"]["inhibitedBy"]) for alert in alerts}

    def silence(self, *matchers: Mapping[str, Any]) -> str:
        """Make a silence for an hour and return its id."""
        now = datetime.now(UTC)
        body = {
            "matchers": [{"isRegex": False, "isEqual": True} | dict(matcher) for matcher in matchers],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "kimura",
            "comment": "new memory",
        }
        return str(self._post("/api/v2/silences", body)["silenceID"])

    def expire(self, silence: str) -> None:
        """End a silence by hand."""
        request = Request(f"{self.url}/api/v2/silence/{silence}", method="DELETE")
        with urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def _post(self, path: str, body: object) -> Any:
        request = Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _config(self, folder: Path) -> dict[str, Any]:
        return {
            "inhibit_rules": list(self._inhibit_rules),
            "route": {
                "receiver": "kasugai",
                "group_by": ["..."],
                "group_wait": "0s",
                "group_interval": "1s",
                "repeat_interval": "1m",
            },
            "receivers": [
                {
                    "name": "kasugai",
                    "webhook_configs": [
                        {
                            "url": self._webhook,
                            "send_resolved": True,
                            "http_config": {
                                "authorization": {"type": "Bearer", "credentials_file": f"{folder}/token"}
                            },
                        }
                    ],
                }
            ],
        }


def _named(labels: Mapping[str, str]) -> str:
    others = (f"{name}={value}" for name, value in sorted(labels.items()) if name != "alertname")
    return " ".join([labels["alertname"], *others])
