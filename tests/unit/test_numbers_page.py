"""The page about numbers names what there is: series, labels, reasons, phases, ends."""

import re
from pathlib import Path

from kasugai.adapters.telemetry.catalogue import CATALOGUE
from kasugai.adapters.telemetry.metric import Shape
from kasugai.core.telling.numbers import Waits
from kasugai.core.telling.phases import Part
from kasugai.core.telling.protection import Unprotected

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operators" / "numbers.md").read_text()
LABELS = {
    name: {*metric.label_names, *(("le",) if metric.shape is Shape.HISTOGRAM else ())}
    for metric in CATALOGUE
    for base in [metric.prometheus.removesuffix("_bucket")]
    for name in (base, *([base + end for end in ("_bucket", "_sum", "_count")] if metric.buckets else ()))
}


def rows(head: str) -> list[str]:
    """Return the first cells of the table under a heading."""
    section = PAGE.split(f"\n## {head}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `?([a-z-]+)`? \|", section, re.MULTILINE)


def test_every_series_that_is_named_is_shown_with_the_labels_that_are_named() -> None:
    for name, labels in re.findall(r"\b((?:kasugai|openstack_masakari)_\w+)(\{[^}]*\})?", PAGE):
        assert name in LABELS, name
        assert set(re.findall(r"(\w+)=", labels)) <= LABELS[name], (name, labels)


def test_every_reason_has_a_row_in_the_order_in_which_they_are_asked() -> None:
    assert rows("Why a host is not protected")[1:] == [str(reason) for reason in Unprotected]


def test_every_phase_has_a_row() -> None:
    assert rows("The phases of a recovery")[1:] == [str(part) for part in Part]


def test_who_must_act_is_told() -> None:
    assert all(f"`{waits}`" in PAGE for waits in Waits)
