"""What `kasugai topics` says about the topics, and what it advises."""

import pytest

from kasugai.adapters.kafka.layout import Finding, Report, way_back
from kasugai.cli.topics import advice, as_json, listed
from tests.support.printed import printed

OK = Report(topic="kasugai.signals", finding=Finding.OK)
MISSING = Report(
    topic="kasugai.inventory", finding=Finding.DIFFERS, differences=("is missing",), is_missing=True
)
NARROW = Report(topic="kasugai.signals", finding=Finding.DIFFERS, differences=("partitions is 3, not 12",))


def test_the_table() -> None:
    assert printed(listed([OK, MISSING], 80)) == (
        "TOPIC              FINDING  WHAT DIFFERS\n"
        "kasugai.signals    ok       -\n"
        "kasugai.inventory  differs  is missing"
    )


def test_the_json() -> None:
    assert as_json(MISSING) == {
        "topic": "kasugai.inventory",
        "finding": "differs",
        "differences": ["is missing"],
        "missing": True,
    }


def test_the_advice_fits_what_is_wrong() -> None:
    assert "kasugai topics apply" in advice([MISSING, NARROW])
    assert "[stream] partitions" in advice([NARROW])
    silent = Report(topic="kasugai.signals", finding=Finding.CANNOT_SAY)
    assert "nothing is known to be wrong" in advice([silent]) and "remake" not in advice([silent])
    assert "[stream] partitions" in advice([silent, NARROW])


@pytest.mark.parametrize(
    ("found", "way"),
    [
        ({"a": (12, 12), "fixed": (3, 3)}, ""),
        ({"a": (6, 12), "b": (6, 12), "fixed": (3, 3)}, "write partitions = 6 into [stream]"),
        ({"a": (6, 12), "b": (12, 12)}, "kasugai topics remake"),
        ({"a": (12, 12), "fixed": (4, 3)}, "kasugai topics remake"),
        ({"missing": (0, 12)}, ""),
    ],
)
def test_the_way_back_to_the_partitions_of_birth(found: dict[str, tuple[int, int]], way: str) -> None:
    reports = [
        Report(topic=name, finding=Finding.DIFFERS, partitions=numbers) for name, numbers in found.items()
    ]
    said = way_back(reports, 12)
    assert way in said and bool(way) == bool(said)
