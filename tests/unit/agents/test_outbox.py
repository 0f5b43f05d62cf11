"""The agent's outbox on disk: order, bounds, and what stays of it whatever happens to disk and process."""

import sqlite3
from pathlib import Path

import pytest

from kasugai.adapters.outbox import Dropped, Episode, Outbox, OutboxAway, Waiting
from tests.support.deaths import lived_through

HEADERS = (("kasugai-event-id", b"1\0,\xff"), ("empty", b""))


def word(id_: str, *, repeats: bool = False, size: int = 10) -> Waiting:
    return Waiting(id=id_, topic="t", key="cmp1", value=id_.encode() * size, headers=HEADERS, repeats=repeats)


def ids(outbox: Outbox) -> list[str]:
    return [record.id for _, record in outbox.after(0, 1_000)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def test_what_was_put_is_there_in_order_and_whole_after_the_next_start(file: Path) -> None:
    outbox = Outbox(file, 100)
    for n in range(3):
        outbox.put(word(str(n)))
    outbox.close()
    again = Outbox(file, 100)
    assert [record for _, record in again.after(0, 10)] == [word(str(n)) for n in range(3)]
    assert len(again) == 3


def test_only_what_is_removed_goes(file: Path) -> None:
    outbox = Outbox(file, 100)
    for n in range(4):
        outbox.put(word(str(n)))
    numbers = [number for number, _ in outbox.after(0, 10)]
    outbox.remove([numbers[1], numbers[2], 99])
    assert ids(outbox) == ["0", "3"] and len(outbox) == 2


def test_reading_goes_on_behind_what_was_read(file: Path) -> None:
    outbox = Outbox(file, 100)
    for n in range(4):
        outbox.put(word(str(n)))
    (_, _), (second, _) = outbox.after(0, 2)
    assert [record.id for _, record in outbox.after(second, 10)] == ["2", "3"]


def test_a_repetition_takes_the_place_of_earlier_ones_and_never_of_the_first_word(file: Path) -> None:
    outbox = Outbox(file, 100)
    outbox.put(word("a"))
    for _ in range(5):
        outbox.put(word("a", repeats=True))
        outbox.put(word("b", repeats=True))
    assert ids(outbox) == ["a", "a", "b"] and len(outbox) == 3


def test_where_there_is_no_room_the_oldest_repetitions_go_first_and_it_is_said(file: Path) -> None:
    outbox = Outbox(file, 4)
    for id_, repeats in (("first", False), ("r1", True), ("second", False), ("r2", True)):
        assert outbox.put(word(id_, repeats=repeats)) == Dropped()
    assert outbox.put(word("third")) == Dropped(repeated=1)
    assert outbox.put(word("fourth")) == Dropped(repeated=1)
    assert ids(outbox) == ["first", "second", "third", "fourth"]
    assert outbox.put(word("fifth")) == Dropped(others=1)
    assert ids(outbox) == ["second", "third", "fourth", "fifth"] and len(outbox) == 4


def test_a_lower_bound_holds_from_the_next_word_on(file: Path) -> None:
    outbox = Outbox(file, 100)
    for n in range(10):
        outbox.put(word(str(n)))
    outbox.close()
    again = Outbox(file, 3)
    assert again.put(word("new")) == Dropped(others=8)
    assert ids(again) == ["8", "9", "new"] and len(again) == 3


def test_a_number_never_comes_twice_also_after_a_start_and_a_clock_that_went_back(file: Path) -> None:
    outbox = Outbox(file, 100)
    assert [outbox.number(0), outbox.number(1_000), outbox.number(5)] == [1, 1_000, 1_001]
    outbox.close()
    assert Outbox(file, 100).number(0) == 1_002


def test_who_stands_is_kept_and_forgotten_together_with_the_word(file: Path) -> None:
    outbox = Outbox(file, 100)
    episode = Episode(boot_id="b", episode="7")
    outbox.put(word("down"), "process/cmp1/x", episode)
    outbox.close()
    again = Outbox(file, 100)
    assert again.episode_of("process/cmp1/x") == episode and again.episode_of("process/cmp1/y") is None
    again.put(word("clear"), "process/cmp1/x", None)
    assert again.episode_of("process/cmp1/x") is None


def test_a_disk_that_is_full_takes_a_word_as_a_whole_or_not_at_all(file: Path) -> None:
    """SQLITE_FULL ends the transaction, and a commit after it says that all is well (measured)."""
    outbox = Outbox(file, 10_000)
    outbox.put(word("kept"))
    pages = outbox._db.execute("PRAGMA page_count").fetchone()[0]
    outbox._db.execute(f"PRAGMA max_page_count={pages + 2}")
    taken = 0
    with pytest.raises(OutboxAway, match="full"):
        while True:
            outbox.put(word(f"w{taken}", size=200), f"s{taken}", Episode(boot_id="b", episode="1"))
            taken += 1
    assert 0 < taken < 100
    assert ids(outbox) == ["kept", *(f"w{n}" for n in range(taken))]
    assert len(outbox) == taken + 1
    assert outbox.episode_of(f"s{taken}") is None
    outbox._db.execute("PRAGMA max_page_count=10000")
    outbox.put(word("after"))
    assert ids(outbox)[-1] == "after"


def test_a_transaction_that_the_disk_ended_is_never_counted_as_stored(file: Path) -> None:
    outbox = Outbox(file, 100)
    with pytest.raises(OutboxAway, match="ended the transaction"), outbox._transaction():
        outbox._insert(word("lost"))
        outbox._db.execute("ROLLBACK")  # as SQLite does by itself on a full disk
    assert ids(outbox) == []


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be taken for one" * 100, b"SQLite"]
)
def test_a_file_that_is_none_of_ours_is_said_to_be(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(OutboxAway):
        Outbox(file, 100)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutboxAway, match="unable to open"):
        Outbox(tmp_path / "none" / "outbox.sqlite", 100)


def test_a_newer_file_is_left_alone(file: Path) -> None:
    Outbox(file, 100).close()
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(OutboxAway, match="newer Kasugai"):
        Outbox(file, 100)


def test_killed_at_any_line_it_has_each_word_that_was_stored_once_and_no_half_of_one(tmp_path: Path) -> None:
    """A process is killed at each line of the outbox that it comes to, one after the other; what it said to have stored
    by then is there, in order, at most one more, and a subject stands if and only if its word is there."""
    deaths = 0
    for said, file in lived_through("tests.support.outbox_life", tmp_path):
        deaths += 1
        outbox = Outbox(file, 100)
        kept = ids(outbox)
        done = [line.split()[1] for line in said if line.startswith("put")]
        removed = [line.split()[1] for line in said if line.startswith("removed")]
        expected = [id_ for id_ in done if id_ not in removed]
        assert kept in (
            expected,
            [*expected, f"w{len(done)}"],  # it was killed behind the commit
            [id_ for id_ in expected if id_ != f"w{len(removed)}"],
        ), said
        standing = {id_ for id_ in (f"w{n}" for n in range(20)) if outbox.episode_of(f"subject-{id_}")}
        assert standing == {*done, *kept}, said
        numbers = [int(line.split()[1]) for line in said if line.startswith("number")]
        assert outbox.number(0) > max(numbers, default=0)
        outbox.close()
    assert deaths > 100
