"""The entry point for uWSGI, mod_wsgi and other servers: `kasugai.api.wsgi:application`.

KASUGAI_CONFIG_FILES names the configuration files, separated by colons (default: /etc/kasugai/kasugai.conf). Doors are
opened with the first request of each process, so that a server may fork as it likes.
"""

import os
from collections.abc import Iterable
from threading import Lock
from typing import Any

from kasugai.adapters.kafka.stranded import end_when_stranded
from kasugai.adapters.settings import DEFAULT_FILE, load
from kasugai.adapters.settings.exposure import Part, warn
from kasugai.adapters.telemetry.logs import set_up
from kasugai.api.process import Process

VARIABLE = "KASUGAI_CONFIG_FILES"


class _Application:
    """A process that opens itself when it is asked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._opened: tuple[int, Process] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._process().wsgi(environ, start_response)

    def _process(self) -> Process:
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = os.getpid(), _opened()
            return self._opened[1]


def _opened() -> Process:
    """Return a process that logs without secrets, and ends itself when its Kafka client stands still for good: the
    server starts it again, as a supervisor does with `kasugai api`."""
    files = os.environ.get(VARIABLE, DEFAULT_FILE).split(":")
    settings = load(files, "nova")
    set_up(files, settings)
    warn(settings, [Part.FILES, Part.KAFKA, Part.REDIS])  # who listens is the server's own business
    end_when_stranded()
    return Process(settings, files)


application = _Application()
