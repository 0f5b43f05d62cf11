"""A forecast as a document: what `-o json` prints, `--save` writes and `compare` reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kasugai.adapters.telemetry.metric import Metric, Shape
from kasugai.adapters.telemetry.wide import written
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
        "hosts": [
            {"name": h.name, "segment": h.segment, "waits": h.waits, "domain": h.domain} for h in loss.hosts
        ],
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


ERROR = Metric(
    name="kasugai.forecast.error.ratio",
    shape=Shape.GAUGE,
    unit="{ratio}",
    help="Of the guests that the forecast said to fit, the share that is not back (docs/operators/whatif.md).",
    labels=(("segment", "the segment of the lost hosts"),),
    shown_by=(),
)
"""No process shows it: it is written for node_exporter."""


def save(file: Path, document: dict[str, Any]) -> None:
    """Write it in the place of an earlier one; Misused where that cannot be done."""
    _put(file, json.dumps(document, indent=1, ensure_ascii=False) + "\n", "--save")


def save_metrics(file: Path, errors: Mapping[str, float]) -> None:
    """Write the error of each segment as node_exporter's textfile collector reads it, in the place of an earlier file;
    Misused where that cannot be done, or where the collector would pass the file over."""
    if file.suffix != ".prom":
        raise Misused(f"{file}: node_exporter reads files named *.prom alone: --metrics {file}.prom")
    readings = [(error, {"segment": segment}) for segment, error in errors.items()]
    _put(file, written(ERROR, readings).decode(), "--metrics")


def _put(file: Path, text: str, option: str) -> None:
    """Let a reader see the old file or the whole new one."""
    if not file.name:
        raise Misused(f"{file}: is a folder; name a file in it: {option} FILE")
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.write_text(text, "utf-8")
        fresh.replace(file)
    except OSError as error:
        raise Misused(f"{file}: cannot be written ({error.strerror}); name another: {option} FILE") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a file says."""

    guests: tuple[Forecast, ...]
    segments: Mapping[str, str]
    """Of each host that was to be lost: its segment's name."""
    made_at: str


def read(file: Path) -> Saved:
    """Return a file's forecasts; Misused where it is none."""
    try:
        document = json.loads(file.read_text("utf-8"))
        if document["whatif"] != FORM:
            raise ValueError(f"form {document['whatif']}, this Kasugai reads {FORM}")
        guests = tuple(
            Forecast(**{**each, "outlook": Outlook(each["outlook"])}) for each in document["guests"]
        )
        segments = {str(host["name"]): str(host["segment"]) for host in document["hosts"]}
        return Saved(guests=guests, segments=segments, made_at=str(document["made_at"]))
    except OSError as error:
        raise Misused(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Misused(
            f"{file}: is no forecast ({error}); write one: kasugai whatif lose HOST --save {file}"
        ) from error
