"""What `kasugai topics` says about the topics, and what it advises."""

from kasugai.adapters.kafka.layout import Finding, Report
from kasugai.cli.topics import advice, as_json, listed

OK = Report(topic="kasugai.signals", finding=Finding.OK)
MISSING = Report(
    topic="kasugai.inventory", finding=Finding.DIFFERS, differences=("is missing",), is_missing=True
)
NARROW = Report(topic="kasugai.signals", finding=Finding.DIFFERS, differences=("partitions is 3, not 12",))


def test_the_table() -> None:
    assert listed([OK, MISSING], 80) == (
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
