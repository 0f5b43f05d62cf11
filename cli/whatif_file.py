"""A forecast as a document: what `-o json` prints, `--save` writes and `compare` reads."""

import json
from pathlib import Path
from typing import Any

from kasugai.cli.exits import Misused
from kasugai.cli.incident_text import stamp
from kasugai.core.telling.whatif import Forecast, Loss
from kasugai.core.words.capacity import Outlook
from kasugai.core.words.timing import Instant

FORM = 1
"""The document's version: it grows when a reader of the one before would misread it."""


def as_json(loss: Loss, at: Instant) -> dict[str, Any]:
    """Return the stable form."""
    return {
        "whatif": FORM,
        "made_at": stamp(at),
        "counts": {str(outlook): count for outlook, count in loss.counts().items()},
        "storms": list(loss.storms),
        "hosts": [{"name": h.name, "segment": h.segment, "waits": h.waits} for h in loss.hosts],
        "guests": [_guest(guest) for guest in loss.guests],
    }


def _guest(guest: Forecast) -> dict[str, str]:
    return {
        "uuid": guest.uuid,
        "name": guest.name,
        "host": guest.host,
        "outlook": str(guest.outlook),
        "to": guest.to,
        "why": guest.why,
        "note": guest.note,
    }


def save(file: Path, document: dict[str, Any]) -> None:
    """Write it in the place of an earlier one; Misused where that cannot be done."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
        fresh.replace(file)
    except OSError as error:
        raise Misused(f"{file}: cannot be written ({error.strerror}); name another: --save FILE") from error


def read(file: Path) -> tuple[tuple[Forecast, ...], str]:
    """Return the forecasts of a file, and when they were made; Misused where it is none."""
    try:
        document = json.loads(file.read_text("utf-8"))
        if document["whatif"] != FORM:
            raise ValueError(f"form {document['whatif']}, this Kasugai reads {FORM}")
        guests = tuple(
            Forecast(**{**each, "outlook": Outlook(each["outlook"])}) for each in document["guests"]
        )
        return guests, str(document["made_at"])
    except OSError as error:
        raise Misused(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError) as error:
        raise Misused(
            f"{file}: is no forecast ({error}); write one: kasugai whatif lose HOST --save {file}"
        ) from error
