"""A round of the projector writes nothing that nobody put into it."""

from kasugai.core.telling.documents import Index, Kept, Round


def test_a_round_is_empty_until_something_is_put_into_it() -> None:
    assert Round() == Round(texts={}, listed={}, busy={}, records={}, progress={}, dirty=frozenset())
    full = Round(listed={(Index.INCIDENTS, "7"): 1}, records={"b": (Kept(place="t/0/1", body=b""),)})
    assert full != Round() and not full.is_current
