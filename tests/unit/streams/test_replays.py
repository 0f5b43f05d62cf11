"""A word that is played again is known, whatever else is said, and nobody is shut out by one."""

from hypothesis import given
from hypothesis import strategies as st

from kasugai.streams.replays import BOOTS, Replays

HERE, THERE = ("kasugai.faults.peers", 0), ("kasugai.faults.peers", 1)


def begun() -> Replays:
    replays = Replays()
    for place in (HERE, THERE):
        replays.begin(place, 0)
    return replays


def test_a_word_counts_once_and_then_only_a_later_one_does() -> None:
    replays = begun()
    assert replays.take(HERE, "cmp1", "b1", 10) == ""
    for count in (10, 9, 0):
        assert "cmp1 has said it before" in replays.take(HERE, "cmp1", "b1", count)
    assert replays.take(HERE, "cmp1", "b1", 11) == ""


def test_hosts_boots_and_partitions_count_apart() -> None:
    replays = begun()
    for place, host, boot in [
        (HERE, "cmp1", "b1"),
        (HERE, "cmp2", "b1"),
        (HERE, "cmp1", "b2"),
        (THERE, "cmp1", "b1"),
    ]:
        assert replays.take(place, host, boot, 5) == ""
        assert replays.take(place, host, boot, 5)


def test_an_old_boots_word_shuts_the_host_out_of_nothing() -> None:
    """It was forgotten, or never known, so it counts: the boot that runs now goes on counting nevertheless."""
    replays = begun()
    assert replays.take(HERE, "cmp1", "now", 5) == ""
    assert replays.take(HERE, "cmp1", "long ago", 900) == ""
    assert replays.take(HERE, "cmp1", "now", 6) == ""
    assert replays.take(HERE, "cmp1", "now", 6)


def test_no_host_makes_another_forgotten_however_many_boots_it_claims() -> None:
    replays = begun()
    replays.take(HERE, "cmp1", "b1", 5)
    for n in range(10 * BOOTS):
        replays.take(HERE, "cmp2", f"boot-{n}", 1)
        replays.take(HERE, "cmp2", "mine", n + 1)
    assert replays.take(HERE, "cmp1", "b1", 5)
    assert replays.take(HERE, "cmp2", "mine", 10 * BOOTS), "what is heard again and again is not forgotten"
    assert replays.take(HERE, "cmp2", "boot-0", 1) == "", "what was heard long ago is"


WORDS = st.lists(
    st.tuples(st.sampled_from(["cmp1", "cmp2"]), st.sampled_from("ab"), st.integers(0, 9)), max_size=30
)


@given(words=WORDS, begin=st.integers(0, 30))
def test_who_reads_a_partition_again_judges_as_before(words: list[tuple[str, str, int]], begin: int) -> None:
    """A restart at any place: what stood before it is read again, and the rest is judged as by who never ended."""
    whole = begun()
    judged = [whole.take(HERE, *word) == "" for word in words]
    again = begun()
    for word in words[:begin]:
        again.take(HERE, *word)
    assert [again.take(HERE, *word) == "" for word in words[begin:]] == judged[begin:]


def test_it_reads_on_only_where_it_stopped() -> None:
    replays = Replays()
    assert not replays.reads_on(HERE, 0)
    replays.begin(HERE, 7)
    assert replays.reads_on(HERE, 7) and not replays.reads_on(HERE, 8) and not replays.reads_on(THERE, 7)
    replays.passed(HERE, 9)
    assert replays.reads_on(HERE, 9) and not replays.reads_on(HERE, 7)
    replays.take(HERE, "cmp1", "b1", 5)
    replays.begin(HERE, 9)
    assert replays.take(HERE, "cmp1", "b1", 5) == "", "it begins anew"
