"""What the handler sees of Faust's events."""

from types import SimpleNamespace
from typing import Any

import pytest

from kasugai.adapters.faust.processor import record_of


@pytest.mark.parametrize(
    "headers", [(("x", None), ("y", b"1")), {"x": None, "y": b"1"}], ids=["pairs", "mapping"]
)
def test_a_header_without_a_value_is_empty(headers: Any) -> None:
    """Kafka lets a header have none; it once ended the process behind the record."""
    message = SimpleNamespace(partition=3, offset=7, timestamp=1.5, key=b"k", value=b"v", headers=headers)
    event: Any = SimpleNamespace(message=message)
    record = record_of(event)
    assert record.headers == (("x", b""), ("y", b"1"))
    assert (record.partition, record.offset, record.at, record.key, record.value) == (3, 7, 1500, b"k", b"v")
