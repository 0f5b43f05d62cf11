"""Series as promtool's tests speak of them (`0+15x40`, `_x38 1 1`), as samples with times."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.story_series import Key, SeriesByName, text_of

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


def recorded(story: Mapping[str, Any], begin: float) -> tuple[str, float, float]:
    """Return a story of alerts_test.in.yml as a recording that begins at `begin`, with its end and its step."""
    step = float(story["interval"][:-1]) * UNITS[story["interval"][-1]]
    series: SeriesByName = defaultdict(lambda: defaultdict(list))
    end = begin
    for each in story["series"]:
        name, key = labels(each["series"])
        for n, value in enumerate(values(each["values"])):
            at = begin + n * step
            end = max(end, at)
            if value is not None:
                series[name][key].append((at, value))
    return "\n".join(text_of(series)), end, step


def stories(file: Path) -> Iterable[Mapping[str, Any]]:
    """Return the stories of alerts_test.in.yml."""
    found: list[Mapping[str, Any]] = yaml.safe_load(file.read_text())["stories"]
    return found
