"""Reads what a process serves at /metrics, as Prometheus does."""

from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families


def samples(address: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return all samples by name and labels."""
    with urlopen(f"{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
