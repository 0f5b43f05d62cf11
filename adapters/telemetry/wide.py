"""Writes gauges that have a series for each host as Prometheus' text, beside what OpenTelemetry writes.

OpenTelemetry's own way costs 65 microseconds a series: with 10,000 hosts and five series of each a scrape costs three
seconds of a core. Written like this it costs half a second (measured on 2026-12-01).
"""

from collections.abc import Iterable, Iterator, Mapping

from kasugai.adapters.telemetry.metric import Metric

END = b"# EOF\n"
"""How OpenMetrics ends; nothing may follow."""


def written(metric: Metric, readings: Iterable[tuple[float, Mapping[str, str]]]) -> bytes:
    """Return a gauge's family; empty where it has no series."""
    lines = [f"{metric.prometheus}{_labels(metric, labels)} {float(value)}\n" for value, labels in readings]
    if not lines:
        return b""
    head = f"# HELP {metric.prometheus} {_help(metric.help)}\n# TYPE {metric.prometheus} gauge\n"
    return (head + "".join(lines)).encode()


def joined(text: bytes, families: Iterator[bytes]) -> bytes:
    """Return a page with these families in it, in either of Prometheus' formats."""
    body = b"".join(families)
    return text.removesuffix(END) + body + END if text.endswith(END) else text + body


def _labels(metric: Metric, labels: Mapping[str, str]) -> str:
    pairs = ",".join([f'{name}="{_value(labels[name])}"' for name in metric.label_names])
    return f"{{{pairs}}}" if pairs else ""


def _value(text: str) -> str:
    if "\\" in text or '"' in text or "\n" in text:
        return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return text


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
