"""The table's restore: never back in time, never a foreign row, and what was read is what is there."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from faust.tables import Table
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.faust.care import Care
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.table import ENDED_AT, RowTable, row_key, split_key
from tests.support.shell import Left

TOPIC = "toy-rows-changelog"


@pytest.fixture
def table() -> Iterator[RowTable]:
    """An empty table in memory."""
    settings = ProcessorSettings(app_id="toy", bootstrap="127.0.0.1:1", topic="signals", instance_id="a")
    app = CarefulApp(Care(settings=settings, membership=Membership(6.0), handler=None))  # type: ignore[arg-type]
    yield app.make_table(lambda row: json.loads(row)["offset"])


def row(offset: int, more: str = "") -> bytes:
    """A row written at an input offset."""
    return json.dumps({"offset": offset, "more": more}).encode()


def event(
    place: int,
    key: str,
    value: bytes | None,
    *,
    partition: int = 0,
    prefix: int | None = None,
    ended_at: int | None = None,
) -> Any:
    """A changelog record as Faust hands it over."""
    raw = row_key(partition if prefix is None else prefix, key)
    message = SimpleNamespace(
        key=raw,
        value=value,
        partition=partition,
        offset=place,
        tp=TP(TOPIC, partition),
        headers=None if ended_at is None else ((ENDED_AT, str(ended_at).encode()),),
    )
    return SimpleNamespace(key=raw, value=value, message=message)


def test_a_key_carries_its_partition() -> None:
    assert split_key(row_key(7, "rack1/host/ä")) == (7, "rack1/host/ä")


def test_rows_are_told_apart_by_partition(table: RowTable) -> None:
    table.apply_changelog_batch([event(0, "a", row(1)), event(0, "a", row(2), partition=1)])
    assert table.rows() == {0: [("a", row(1))], 1: [("a", row(2))]}


@pytest.mark.parametrize("batches", [[[10, 5]], [[10], [5]]], ids=["in one batch", "in two"])
def test_an_older_row_does_not_replace_a_newer_one(table: RowTable, batches: list[list[int]]) -> None:
    for batch in batches:
        table.apply_changelog_batch([event(20 - offset, "a", row(offset)) for offset in batch])
    assert table.rows() == {0: [("a", row(10))]}
    Table.apply_changelog_batch(table, [event(20, "a", row(5))])
    assert table.rows() == {0: [("a", row(5))]}, "Faust takes what comes last"


def test_the_later_of_two_rows_of_one_record_stays(table: RowTable) -> None:
    table.apply_changelog_batch([event(0, "a", row(5, "first")), event(1, "a", row(5, "second"))])
    assert table.rows() == {0: [("a", row(5, "second"))]}


def test_a_deleted_row_is_gone(table: RowTable) -> None:
    table.apply_changelog_batch(
        [event(0, "a", row(5)), event(1, "b", row(6)), event(2, "a", None, ended_at=7)]
    )
    assert table.rows() == {0: [("b", row(6))]}
    assert table.distrust({TP(TOPIC, 0): 2}) == ""


@pytest.mark.parametrize("ended_at", [4, None], ids=["zombie", "nobody's"])
def test_an_end_that_is_older_than_the_row_does_not_end_it(table: RowTable, ended_at: int | None) -> None:
    table.apply_changelog_batch([event(0, "a", row(5)), event(1, "a", None, ended_at=ended_at)])
    assert table.rows() == {0: [("a", row(5))]}


def test_a_zombies_row_does_not_come_back_after_its_end(table: RowTable) -> None:
    table.apply_changelog_batch(
        [event(0, "a", row(5)), event(1, "a", None, ended_at=7), event(2, "a", row(6))]
    )
    assert table.rows() == {}
    table.apply_changelog_batch([event(3, "a", row(8))])
    assert table.rows() == {0: [("a", row(8))]}
    assert table.distrust({TP(TOPIC, 0): 3}) == ""


def test_a_row_that_is_not_there_needs_no_end(table: RowTable) -> None:
    assert table.end(0, row_key(0, "a"), 7) is None


@pytest.mark.parametrize(
    "bad",
    [event(0, "a", row(1), prefix=3), event(1, "a", b"newer than we are")],
    ids=["foreign", "unreadable"],
)
def test_a_row_that_cannot_be_restored_ends_the_process(table: RowTable, bad: Any) -> None:
    table.apply_changelog_batch([event(0, "a", row(1))])
    with pytest.raises(Left) as ended:
        table.apply_changelog_batch([bad])
    assert ended.value.code is Exit.UNTRUSTED_ROWS


def test_a_recovery_that_stopped_short_is_not_trusted(table: RowTable) -> None:
    table.apply_changelog_batch([event(3, "a", row(1))])
    assert "partition 0 (wanted 4)" in table.distrust({TP(TOPIC, 0): 4})
    assert table.distrust({TP(TOPIC, 0): 3, TP(TOPIC, 1): -1}) == "", (
        "an empty changelog has nothing to be read"
    )


def test_a_row_that_the_store_lost_is_not_trusted(table: RowTable) -> None:
    table.apply_changelog_batch([event(0, "a", row(1)), event(1, "b", row(2))])
    table.data[row_key(0, "a")] = row(9)
    assert table.distrust({TP(TOPIC, 0): 1}) == "1 of 2 rows differ from the changelog"
    assert table.distrust({TP(TOPIC, 0): 1}) == "", "told once; the next recovery counts anew"


def test_a_lost_partition_leaves_nothing_behind(table: RowTable) -> None:
    table.apply_changelog_batch([event(0, "a", row(1)), event(0, "b", row(2), partition=1)])
    table.data[row_key(0, "live")] = row(3)
    table.forget(TP(TOPIC, 0))
    assert table.rows() == {1: [("b", row(2))]}
    assert table.distrust({TP(TOPIC, 1): 0}) == ""


written = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=20)


@given(written, st.integers(1, 5))
def test_the_newest_row_of_each_key_stays_however_they_arrive(log: list[tuple[str, int]], size: int) -> None:
    settings = ProcessorSettings(app_id="toy", bootstrap="127.0.0.1:1", topic="signals", instance_id="a")
    app = CarefulApp(Care(settings=settings, membership=Membership(6.0), handler=None))  # type: ignore[arg-type]
    table = app.make_table(lambda row: json.loads(row)["offset"])
    events = [event(place, key, row(offset)) for place, (key, offset) in enumerate(log)]
    for start in range(0, len(events), size):
        table.apply_changelog_batch(events[start : start + size])
    newest = {key: max(offset for name, offset in log if name == key) for key, _ in log}
    assert dict(table.rows().get(0, [])) == {key: row(offset) for key, offset in newest.items()}
    assert table.distrust({TP(TOPIC, 0): len(log) - 1}) == ""
