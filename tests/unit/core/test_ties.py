"""The last word of a sort key: any two different values have an order, and it is the same for every reader."""

from itertools import permutations

from kasugai.core.telling.ties import Tie


def test_equal_keys_are_ordered_by_what_is_written_of_their_values() -> None:
    values = ["b", "a", "c"]
    for shuffled in permutations(values):
        assert sorted(shuffled, key=lambda value: (1, Tie(value))) == ["a", "b", "c"]
        assert max(shuffled, key=lambda value: (1, Tie(value))) == "c"


def test_a_tie_equals_nothing_but_its_like() -> None:
    assert Tie("a") == Tie("a") and Tie("a") != Tie("b")
    assert Tie("a") != "a"
