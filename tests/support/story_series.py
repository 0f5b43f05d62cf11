"""Series with the times of their samples, and how they are written for promtool to make blocks of."""

from collections.abc import Iterator, Mapping

Key = tuple[tuple[str, str], ...]
"""Labels, sorted."""
Samples = list[tuple[float, float]]
"""Times in seconds, and values."""
SeriesByName = Mapping[str, Mapping[Key, Samples]]


def text_of(series: SeriesByName) -> Iterator[str]:
    """Return series as lines of OpenMetrics: each name once, its samples dated."""
    for name, by_labels in sorted(series.items()):
        yield f"# TYPE {name} unknown"
        for labels, samples in by_labels.items():
            told = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
            yield from (f"{name}{{{told}}} {value!r} {at:.3f}" for at, value in samples)
    yield "# EOF\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
