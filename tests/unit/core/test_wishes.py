"""Whose wish: what a guest should be by its user's last word, and whether a failure is his own doing."""

import pytest

from kasugai.core.recovering.nova_views import ActionView, By
from kasugai.core.recovering.wishes import (
    DOINGS,
    SLACK,
    UNENDED,
    WISHES,
    Wish,
    begun_by_user,
    built_since,
    caused_by_user,
    is_off_unasked,
    last_word,
    restarted_by,
    wish,
)
from kasugai.core.words.timing import BrokerTime, NovaTime
from tests.unit.core.guest_scene import CREATED, SEEN_AT, asked, web
from tests.unit.core.makers import S, guest

_NOVAS = (
    "create delete evacuate restore stop start reboot rebuild revertResize confirmResize resize migrate pause unpause "
    "suspend resume rescue unrescue changePassword shelve shelveOffload unshelve live-migration live_migration_cancel "
    "live_migration_force_complete trigger_crash_dump extend_volume attach_interface detach_interface attach_volume "
    "detach_volume attach_share detach_share swap_volume lock unlock createBackup createImage resetState "
    "refresh_volume_attachment"
)
NOVAS = _NOVAS.split()
"""Every action of Nova 34 (2026.1), by its own list."""
SAYS = {
    **dict.fromkeys(
        ["create", "start", "reboot", "unpause", "resume", "unrescue", "unshelve", "restore"], Wish.RUNS
    ),
    **dict.fromkeys(["stop", "pause", "suspend", "rescue", "shelve", "shelveOffload", "delete"], Wish.OFF),
}
AT = BrokerTime(SEEN_AT)


@pytest.mark.parametrize("action", NOVAS)
def test_each_of_novas_actions_wishes_a_guest_to_run_or_off_or_says_nothing(action: str) -> None:
    before = asked("stop", ago=50.0)
    said = wish([asked(action, ago=40.0), before], web())
    assert said is SAYS.get(action, Wish.OFF), "what it does not say, the word before it does"


def test_the_tables_name_only_actions_that_nova_has() -> None:
    assert set(WISHES) | DOINGS <= set(NOVAS)


def test_the_user_s_newest_word_counts_also_one_that_failed() -> None:
    assert wish([asked("start"), asked("stop"), CREATED], web()) is Wish.RUNS
    assert wish([asked("stop"), asked("start"), CREATED], web()) is Wish.OFF
    assert wish([asked("shelve", has_failed=True), CREATED], web()) is Wish.OFF


@pytest.mark.parametrize("by", [By.NOVA, By.US])
def test_what_nova_or_we_did_is_nobody_s_wish(by: By) -> None:
    assert wish([asked("stop", by), CREATED], web(vm_state="stopped")) is Wish.RUNS
    assert last_word([asked("stop", by)]) is None


def test_without_a_word_a_guest_should_be_what_nova_holds_it_for() -> None:
    assert wish([], web()) is Wish.RUNS
    assert wish([asked("lock")], web(vm_state="error")) is Wish.RUNS
    assert wish([asked("stop", By.NOVA)], web(vm_state="stopped")) is Wish.OFF


@pytest.mark.parametrize(
    ("began", "ended", "covers"),
    [
        (-1, 1, True),
        (SLACK, SLACK, True),
        (SLACK + 1, SLACK + 1, False),
        (-60 * S, -SLACK, True),
        (-60 * S, -SLACK - 1, False),
        (-UNENDED - SLACK, None, True),
        (-UNENDED - SLACK - 1, None, False),
    ],
)
def test_an_action_is_the_cause_of_what_was_seen_while_it_was_under_way_give_or_take_the_clocks(
    began: int, ended: int | None, covers: bool
) -> None:
    end = None if ended is None else NovaTime(SEEN_AT + ended)
    reboot = asked("reboot", began_at=NovaTime(SEEN_AT + began), ended_at=end)
    assert caused_by_user([CREATED, reboot], AT) == (reboot if covers else None)


@pytest.mark.parametrize("action", sorted(DOINGS))
def test_whatever_stops_pauses_or_moves_a_guest_may_be_the_cause(action: str) -> None:
    doing = asked(action, ago=6.0)
    assert caused_by_user([doing], AT) is doing


@pytest.mark.parametrize(
    "other", [asked("start", ago=6.0), asked("stop", By.NOVA, 6.0), asked("stop", By.US, 6.0)]
)
def test_a_start_or_what_nova_or_we_did_is_no_doing_of_the_user_s(other: object) -> None:
    assert caused_by_user([other], AT) is None  # type: ignore[list-item]


def test_a_user_s_start_answers_the_sign_from_a_little_before_it_was_said() -> None:
    for late, counts in ((0, True), (-SLACK, True), (-SLACK - 1, False)):
        start = asked("rebuild", began_at=NovaTime(SEEN_AT + late))
        assert restarted_by([start], AT) == (start if counts else None)


def test_our_own_start_answers_what_was_said_before_it_was_over_and_not_what_came_after() -> None:
    for late, counts in ((0, True), (-2 * S, True), (-2 * S - 1, False)):
        end = NovaTime(SEEN_AT + late)
        start = asked("start", By.US, began_at=NovaTime(SEEN_AT - 60 * S), ended_at=end)
        assert restarted_by([start], AT) == (start if counts else None)
        unended = asked("start", By.US, began_at=end, ended_at=None)
        assert restarted_by([unended], AT) == (unended if counts else None)


def test_what_failed_or_was_no_start_or_was_nova_s_answers_nothing() -> None:
    others = [
        asked("start", ago=1.0, has_failed=True),
        asked("lock", ago=1.0),
        asked("reboot", By.NOVA, 1.0),
    ]
    assert restarted_by(others, AT) is None


def test_a_guest_that_was_surely_built_after_the_sign_is_another_one() -> None:
    assert not built_since(None, AT)
    assert not built_since(NovaTime(SEEN_AT + SLACK), AT)
    assert built_since(NovaTime(SEEN_AT + SLACK + 1), AT)


def test_a_user_who_started_the_guest_after_all_that_we_did_is_known_by_the_order_alone() -> None:
    ours, theirs = asked("stop", By.US), asked("start")
    assert begun_by_user([theirs, ours, CREATED]) is theirs
    assert begun_by_user([asked("lock"), theirs, ours]) is theirs
    assert begun_by_user([ours, theirs]) is None
    assert begun_by_user([asked("stop", By.NOVA), theirs]) is None
    assert begun_by_user([asked("start", has_failed=True)]) is None
    assert begun_by_user([]) is None


@pytest.mark.parametrize(
    ("words", "is_unasked"),
    [
        ([("create", By.OTHERS)], True),
        ([("stop", By.NOVA), ("create", By.OTHERS)], True),
        ([("start", By.US), ("stop", By.US), ("create", By.OTHERS)], True),
        ([("evacuate", By.US), ("stop", By.US), ("create", By.OTHERS)], False),
        ([("confirmResize", By.US), ("migrate", By.US), ("stop", By.NOVA), ("create", By.OTHERS)], False),
        ([("stop", By.OTHERS), ("create", By.OTHERS)], False),
        ([], False),
    ],
)
def test_a_guest_is_off_unasked_that_neither_its_user_nor_we_have_stopped(
    words: list[tuple[str, By]], is_unasked: bool
) -> None:
    actions = [ActionView(action=what, by=by, request="req", began_at=NovaTime(0)) for what, by in words]
    assert is_off_unasked(actions, guest("g1", vm_state="stopped")) is is_unasked
    assert not is_off_unasked(actions, guest("g1", vm_state="active"))
