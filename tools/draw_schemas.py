"""Writes schemas/avsc and schemas/ids.json for what has changed in the core: `.venv/bin/python tools/draw_schemas.py`.

A type whose wire form changed gets a new version and a new id. Only a version that no release has written yet
(its `since` is the version in pyproject.toml, and CHANGELOG.md does not date that version) is redrawn in place.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import golden

from kasugai.schemas.codec import CLASSES
from kasugai.schemas.draw import draw
from kasugai.schemas.registry import FIRST_ID, fingerprint_of
from kasugai.schemas.shape import column

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "schemas" / "avsc"
IDS = REPO / "schemas" / "ids.json"
Pins = dict[int, dict[str, str]]


def main() -> int:
    """Bring the committed schemas up to the core; say what was written."""
    pins: Pins = {int(key): pin for key, pin in json.loads(IDS.read_text() if IDS.exists() else "{}").items()}
    written = [cls for cls in CLASSES if place(pins, column(cls), draw(cls))]
    IDS.write_text(json.dumps(pins, indent=2) + "\n")
    for cls in written:
        golden.write(cls)
    return 0


def place(pins: Pins, name: str, schema: dict[str, Any]) -> bool:
    """Write `schema` under the id that it belongs to, its own or a new one; return whether anything changed."""
    text, mark = json.dumps(schema, indent=2, ensure_ascii=False) + "\n", fingerprint_of(schema)
    own = [id_ for id_, pin in pins.items() if pin["schema"].startswith(f"{name}.v")]
    last = max(own, default=None)
    if last is None or (pins[last]["fingerprint"] != mark and not is_unreleased(pins[last])):
        last = max(pins, default=FIRST_ID) + 1
        pins[last] = {"schema": f"{name}.v{len(own) + 1}.avsc", "fingerprint": mark, "since": version()}
    pins[last]["fingerprint"] = mark
    file = FOLDER / pins[last]["schema"]
    if file.exists() and file.read_text() == text:
        return False
    file.write_text(text)
    sys.stdout.write(f"{last} {file.name} {mark}\n")
    return True


def version() -> str:
    """Return the version that is being worked on."""
    return str(tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["version"])


def is_unreleased(pin: dict[str, str]) -> bool:
    """Whether no release has written this version: nobody's data can carry its id."""
    heading = rf"^## \[?{re.escape(version())}\]?.*\d{{4}}-\d\d-\d\d"
    dated = re.search(heading, (REPO / "CHANGELOG.md").read_text(), re.MULTILINE)
    return pin["since"] == version() and dated is None


if __name__ == "__main__":
    sys.exit(main())
