"""Remembers over restarts how a process's lives ended: a process that ends itself cannot be asked afterwards.

It keeps one small file in $STATE_DIRECTORY (systemd sets it); without one, or without a disk that can be written to,
nothing is kept and nothing is hurt.
"""

import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kasugai.adapters.telemetry.catalogue import EXITS
from kasugai.adapters.telemetry.meters import Reading, watched

log = logging.getLogger(__name__)

KILLED = "killed"
"""The end of a life that said nothing: kill -9, no memory, no power."""


class Lives:
    """The ends of one process's lives, on disk."""

    def __init__(self, file: Path | None) -> None:
        """Begin a life: one that was begun before and not ended was killed."""
        self._file = file
        self.ends: Counter[str] = Counter()
        before = self._load()
        self.ends.update(before.get("ends", {}))
        if before.get("running"):
            self.ends[KILLED] += 1
        self._keep(running=True)

    def end(self, code: int) -> None:
        """Remember that this life ends with `code`."""
        self.ends[str(code)] += 1
        self._keep(running=False)

    def readings(self) -> list[Reading]:
        """Return how many lives ended how, as the metric shows them."""
        return [(ends, {"code": code}) for code, ends in sorted(self.ends.items())]

    def _load(self) -> dict[str, dict[str, int]]:
        if self._file is None or not self._file.exists():
            return {}
        try:
            kept = json.loads(self._file.read_text())
            return kept if isinstance(kept, dict) else {}
        except (OSError, ValueError) as error:
            log.warning("how earlier lives ended cannot be read, counting anew: %s", error)
            return {}

    def _keep(self, *, running: bool) -> None:
        if self._file is None:
            return
        try:
            part = self._file.with_suffix(".part")
            part.write_text(json.dumps({"running": running, "ends": dict(self.ends)}))
            part.replace(self._file)
        except OSError as error:
            log.warning("how this life ends cannot be kept: %s", error)


@contextmanager
def counted(process: str, instance: str) -> Iterator[Lives]:
    """Count this life, and show how former ones ended."""
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    lives = Lives(Path(folder) / f"exits-{process}-{instance}.json" if folder else None)
    with watched(EXITS, lives.readings):
        yield lives
