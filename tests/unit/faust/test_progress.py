"""What may be committed: only what was handled, without gaps, and whose rows the changelog has."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.faust.progress import Pending, Place, Progress

Start = Callable[[], Pending]


def handle(progress: Progress, partition: int, offset: int, writes: list[Pending]) -> None:
    """Take a record in hand and finish it."""
    progress.begun(partition, offset)
    progress.handled(partition, offset, writes)


@pytest.fixture(scope="module")
def pending(loop: asyncio.AbstractEventLoop) -> Start:
    """Begin a changelog write that is on its way."""
    return loop.create_future


def test_a_record_is_next_repeated_beyond_or_foreign() -> None:
    progress = Progress()
    assert progress.place(0, 5) is Place.FOREIGN
    progress.begin(0, 5)
    assert [progress.place(0, offset) for offset in (4, 5, 6)] == [Place.REPEATED, Place.NEXT, Place.BEYOND]
    handle(progress, 0, 5, [])
    assert progress.place(0, 5) is Place.REPEATED
    assert progress.place(0, 6) is Place.NEXT
    assert progress.place(1, 0) is Place.FOREIGN


def test_nothing_is_committed_past_a_row_that_is_still_on_its_way(pending: Start) -> None:
    progress, row = Progress(), pending()
    progress.begin(0, 0)
    handle(progress, 0, 0, [])
    handle(progress, 0, 1, [row])
    handle(progress, 0, 2, [])
    assert progress.committable(0) == 1
    assert progress.pending() == [row]
    row.set_result(None)
    assert progress.committable(0) == 3
    assert progress.pending() == []


def test_nothing_is_committed_past_a_record_in_hand(pending: Start) -> None:
    progress, row = Progress(), pending()
    progress.begin(0, 4)
    for offset in (4, 5, 6):
        progress.begun(0, offset)
    assert (progress.expected(0), progress.reached(0), progress.committable(0)) == (7, 4, 4)
    progress.handled(0, 4, [row])
    assert (progress.reached(0), progress.committable(0)) == (5, 4)
    progress.handled(0, 5, [])
    row.set_result(None)
    assert (progress.reached(0), progress.committable(0)) == (6, 6)
    progress.handled(0, 6, [])
    assert (progress.reached(0), progress.committable(0), progress.reached(1)) == (7, 7, -1)


def test_a_row_that_failed_holds_the_commit_for_ever(pending: Start) -> None:
    progress, failed, cancelled = Progress(), pending(), pending()
    progress.begin(0, 0)
    progress.begin(1, 0)
    handle(progress, 0, 0, [failed])
    handle(progress, 1, 0, [cancelled])
    failed.set_exception(RuntimeError("too large"))
    cancelled.cancel()
    assert progress.committable(0) == 0
    assert progress.committable(1) == 0
    assert isinstance(failed.exception(), RuntimeError)


def test_a_partition_that_was_given_away_counts_no_more() -> None:
    progress = Progress()
    progress.begin(3, 7)
    assert list(progress.owned) == [3]
    assert progress.expected(3) == 7
    progress.end()
    progress.handled(3, 7, [])
    assert list(progress.owned) == []
    assert progress.expected(3) == -1
    assert progress.committable(3) is None


def test_a_partition_taken_over_again_starts_where_it_was_committed(pending: Start) -> None:
    progress = Progress()
    progress.begin(0, 7)
    handle(progress, 0, 7, [pending()])
    progress.begin(0, 7)
    assert progress.committable(0) == 7
    assert progress.place(0, 7) is Place.NEXT


def test_a_record_out_of_place_does_not_move_anything() -> None:
    progress = Progress()
    progress.begin(0, 7)
    progress.handled(0, 9, [])
    assert progress.expected(0) == 7


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=30))
def test_every_record_below_the_committed_offset_is_handled_and_written(
    pending: Start, steps: list[tuple[bool, int]]
) -> None:
    progress, writes = Progress(), dict[int, list[Pending]]()
    progress.begin(0, 0)
    for settle, count in steps:
        offset = progress.expected(0)
        writes[offset] = [pending() for _ in range(count)]
        handle(progress, 0, offset, writes[offset])
        if settle:
            open_writes = [write for some in writes.values() for write in some if not write.done()]
            for write in open_writes[:: 1 + count]:
                write.set_result(None)
        committed = progress.committable(0)
        assert committed is not None
        assert all(write.done() for below in range(committed) for write in writes[below])
        assert committed == progress.expected(0) or not all(write.done() for write in writes[committed])
