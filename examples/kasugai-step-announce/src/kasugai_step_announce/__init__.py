"""A custom step: each recovery has one line in a file, however often workers die on the way.

The wished-for state is "the file has this incident's line". `look` reads, `act` appends. A worker that dies in the
middle of `act` may leave half a line: `look` does not take that for the line, and `act` begins a new one.
"""

import os
from collections.abc import Mapping
from pathlib import Path


class Announce:
    """Announces recoveries in a file."""

    def __init__(self) -> None:
        """Take the file's name from the worker's environment: KASUGAI_ANNOUNCE."""
        self._file = Path(os.environ.get("KASUGAI_ANNOUNCE", "/var/lib/kasugai/announced"))

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        """Say whether this incident has been announced."""
        text = self._file.read_text() if self._file.exists() else ""
        whole = text.split("\n")[:-1]  # what stands behind the last end of line is half a line
        return ("holds", "announced") if _line(about) in whole else ("absent", "")

    async def act(self, about: Mapping[str, str]) -> None:
        """Announce it."""
        text = self._file.read_text() if self._file.exists() else ""
        begin = "" if not text or text.endswith("\n") else "\n"
        with self._file.open("a") as file:
            file.write(f"{begin}{_line(about)}\n")
            file.flush()
            os.fsync(file.fileno())


def _line(about: Mapping[str, str]) -> str:
    return f"{about['incident']} {about['kind']} {about['host']} {about['detail']}".rstrip()
