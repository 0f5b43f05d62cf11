"""Where a request goes: which mount, and below /v1 which path, with and without a project id. Pure.

Falcon routes what is left. A trailing slash or a project id of the wrong form leads nowhere (masakari.md 1.6).
"""

import re
from dataclasses import dataclass

COLLECTIONS = ("segments", "notifications", "extensions", "versions")
PATH_SAFE = ".json"


@dataclass(frozen=True, slots=True)
class Located:
    """A path below /v1."""

    path: str
    """Without the project id, as Falcon routes it."""
    project: str | None
    """The project id in the path."""


def below_v1(path: str) -> str | None:
    """Return what comes after /v1; None when the path is elsewhere."""
    if path == "/v1" or path.startswith("/v1/"):
        return path[3:]
    return None


def locate(path: str, project_id: re.Pattern[str]) -> Located | None:
    """Return where a path below /v1 leads; None where nothing can be."""
    if path in ("", "/"):
        return Located("/", None)
    if path.endswith("/") or "//" in path:
        return None
    path = path.removesuffix(PATH_SAFE)
    first, _, rest = path[1:].partition("/")
    if first in COLLECTIONS:
        return Located(path, None)
    if rest.partition("/")[0] in COLLECTIONS and project_id.fullmatch(first):
        return Located(f"/{rest}", first)
    return None
