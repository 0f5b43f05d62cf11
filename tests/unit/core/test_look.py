"""Looks: what Nova's records mean, and what a look has not seen."""

import pytest

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import MigrationView, ended_since
from kasugai.core.words.timing import MonoTime
from tests.unit.core.makers import guest, migration


@pytest.mark.parametrize(
    ("status", "ended", "landed", "failed"),
    [
        ("accepted", False, False, False),
        ("pre-migrating", False, False, False),
        ("done", True, True, False),
        ("completed", True, True, False),
        ("error", True, False, True),
        ("failed", True, False, True),
        ("cancelled", True, False, True),
        ("confirmed", True, False, False),
        ("reverted", True, False, False),
        ("a word of a newer Nova", False, False, False),
    ],
)
def test_a_migration_has_ended_only_by_a_word_that_says_so(
    status: str, ended: bool, landed: bool, failed: bool
) -> None:
    record = migration(1, status=status)
    assert (record.is_ended, record.has_landed, record.has_failed) == (ended, landed, failed)


def test_a_guest_is_seen_on_its_source_in_the_list_or_by_id() -> None:
    assert Look(at=MonoTime(0), guests={"g1": guest()}).sees_on_source("g1", "cmp1") == guest()
    assert Look(at=MonoTime(0), read={"g1": guest()}).sees_on_source("g1", "cmp1") == guest()


@pytest.mark.parametrize("read", [None, guest(host="cmp2"), guest(deleted=True)])
def test_a_guest_that_is_gone_or_elsewhere_is_not_seen(read: object) -> None:
    assert Look(at=MonoTime(0), read={"g1": read}).sees_on_source("g1", "cmp1") is None  # type: ignore[dict-item]
    assert Look(at=MonoTime(0)).sees_on_source("g1", "cmp1") is None


def test_the_newest_migration_is_that_with_the_highest_number() -> None:
    look = Look(at=MonoTime(0), migrations={"g1": (migration(7), migration(3))})
    assert (look.newest_migration("g1"), look.newest_migration("g2")) == (7, 0)


@pytest.mark.parametrize(
    ("task", "moving"),
    [
        (None, False),
        ("powering-off", False),
        ("rebuilding", False),
        ("migrating", True),
        ("resize_prep", True),
        ("resize_reverting", True),
    ],
)
def test_a_task_tells_whether_a_guest_was_on_its_way(task: str | None, moving: bool) -> None:
    assert guest(task_state=task).in_migration is moving


@pytest.mark.parametrize(
    ("task", "rebuilt"),
    [
        (None, False),
        ("migrating", False),
        ("rebuilding", True),
        ("rebuild_block_device_mapping", True),
        ("rebuild_spawning", True),
    ],
)
def test_a_task_tells_whether_a_guest_is_being_evacuated(task: str | None, rebuilt: bool) -> None:
    assert guest(task_state=task).in_evacuation is rebuilt


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([], [], []),
        ([migration(1)], [migration(1, status="pre-migrating")], []),
        ([migration(1)], [migration(1, status="done")], [1]),
        ([migration(1)], [migration(1, status="error")], [1]),
        ([], [migration(1, status="failed")], [1]),
        ([migration(1, status="error")], [migration(1, status="error"), migration(2)], []),
        ([migration(1, status="error")], [migration(1, status="error"), migration(2, status="done")], [2]),
        ([migration(1)], [], []),
        ([], [migration(1, status="done", migration_type="live-migration")], []),
    ],
)
def test_records_tell_which_evacuations_have_ended_since(
    before: list[MigrationView], now: list[MigrationView], expected: list[int]
) -> None:
    found = ended_since(["g0", "g1"], {"g1": tuple(before)}, {"g1": tuple(now)})
    assert [record.migration_id for record in found] == expected
    assert ended_since(["g0"], {"g1": tuple(before)}, {"g1": tuple(now)}) == ()
