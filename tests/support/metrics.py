"""Reads what a process serves at /metrics, as Prometheus does."""

from urllib.request import urlopen

from opentelemetry.sdk.resources import Resource
from prometheus_client.parser import text_string_to_metric_families

RESOURCE = Resource.create({"service.name": "kasugai-test"})
"""A process has one meter provider, and so one resource: all tests of one process share this one."""


def samples(address: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return all samples by name and labels."""
    with urlopen(f"{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def families(address: str) -> list[str]:
    """Return the name of each family as often as the page begins one."""
    with urlopen(f"{address}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return [line.split()[2] for line in lines if line.startswith("# TYPE ")]
