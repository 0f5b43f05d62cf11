"""Which known name is taken for the one that was meant, and when none is."""

import pytest

from kasugai.api.nearest import nearest


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("cmp1", ["cmp1.example.org", "cmp10.example.org"], "cmp1.example.org"),
        ("cmp1.example.org", ["cmp1", "cmp11"], "cmp1"),
        ("Cmp1.Example.org", ["cmp1.example.org"], "cmp1.example.org"),
        ("CMP1", ["cmp1.example.org"], "cmp1.example.org"),
        ("cmp1", ["cmp1.rack1", "cmp1.rack2"], ""),
        ("compute-01", ["compute-0l", "storage-01"], "compute-0l"),
        ("a", ["zzz"], ""),
        ("cmp1", [], ""),
    ],
)
def test_the_nearest(name: str, known: list[str], meant: str) -> None:
    assert nearest(name, known) == meant
