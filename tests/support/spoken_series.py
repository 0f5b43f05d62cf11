"""Series as promtool's tests speak of them (`0+15x40`, `_x38 1 1`), as samples with times."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.story_series import Key, Samples, text_of

WORD = re.compile(r"(?P<first>_|-?[\d.]+)(?P<step>[+-][\d.]+)?(?:x(?P<times>\d+))?")
UNITS = {"s": 1, "m": 60, "h": 3600}


def values(spoken: str) -> Iterator[float | None]:
    """Return the values that a phrase stands for, one a step; None for no sample. ValueError for what is no phrase."""
    for word in spoken.split():
        found = WORD.fullmatch(word)
        if found is None:
            raise ValueError(f"{word} is no series of promtool's")
        first, times = found["first"], found["times"]
        if first == "_":
            yield from [None] * int(times or 1)
        else:
            yield from (float(first) + n * float(found["step"] or 0) for n in range(int(times or 0) + 1))


def labels(series: str) -> tuple[str, Key]:
    """Return a series' name and labels."""
    name, _, inside = series.partition("{")
    found = re.findall(r'(\w+)="([^"]*)"', inside)
    return name, tuple(sorted((key, value) for key, value in found))


def spoken(story: Mapping[str, Any], begin: float) -> dict[str, dict[Key, Samples]]:
    """Return the series of a story that begins at `begin`."""
    step = step_of(story)
    series: dict[str, dict[Key, Samples]] = defaultdict(dict)
    for each in story["series"]:
        name, key = labels(each["series"])
        told = enumerate(values(each["values"]))
        series[name][key] = [(begin + n * step, value) for n, value in told if value is not None]
    return series


def step_of(story: Mapping[str, Any]) -> float:
    """Return the seconds between two samples."""
    return float(story["interval"][:-1]) * UNITS[story["interval"][-1]]


def recorded(story: Mapping[str, Any], begin: float) -> tuple[str, float]:
    """Return a story of alerts_test.in.yml as a recording that begins at `begin`, and its end."""
    series = spoken(story, begin)
    end = max(at for by_labels in series.values() for samples in by_labels.values() for at, _ in samples)
    return "\n".join(text_of(series)), end


def stories(file: Path) -> Iterable[Mapping[str, Any]]:
    """Return the stories of alerts_test.in.yml."""
    found: list[Mapping[str, Any]] = yaml.safe_load(file.read_text())["stories"]
    return found
