"""A mapping that is a part of values: ordered, hashed, compared with any other."""

from kasugai.core.words.frozen import NO_TEXTS, FrozenMap


def test_equal_maps_hash_and_read_alike_in_whatever_order_they_were_made() -> None:
    one, other = FrozenMap({"b": "2", "a": "1"}), FrozenMap({"a": "1", "b": "2"})
    assert one == other and hash(one) == hash(other) and repr(one) == repr(other)
    assert len({one, other, NO_TEXTS}) == 2
    assert one == {"a": "1", "b": "2"} and one != FrozenMap({"a": "1"})


def test_it_keeps_what_it_was_made_of() -> None:
    made = {"a": "1"}
    kept = FrozenMap(made)
    made["a"] = "2"
    assert kept["a"] == "1" and list(kept) == ["a"] and len(kept) == 1
    assert "b" not in kept and kept.get("b", "") == "" and not NO_TEXTS


def test_it_equals_any_mapping_of_the_same_and_nothing_else() -> None:
    one: FrozenMap[str] = FrozenMap({"a": "1", "b": "2"})
    assert one == FrozenMap({"b": "2", "a": "1"}) == {"a": "1", "b": "2"}
    assert one != FrozenMap({"a": "1"}) and one != {"a": "1"}
    assert one not in ((("a", "1"), ("b", "2")), "ab")
    assert list(one.items()) == [("a", "1"), ("b", "2")]
