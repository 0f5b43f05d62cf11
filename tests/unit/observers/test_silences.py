"""Alertmanager's silences: whom they set aside, until when, and that nothing that merely vanishes ends one."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.words.silences import Silence
from kasugai.observers.seen import NoOpinion
from kasugai.observers.silences import MOST, Keeper, Read, read_silences

HOSTS = frozenset({"cmp1", "cmp2"})
NOW = 1_796_000_000_000
HOUR = 3_600_000


def matcher(name: str = "hostname", value: str = "cmp1", **changes: Any) -> dict[str, Any]:
    return {"name": name, "value": value, "isRegex": False, "isEqual": True} | changes


def silence(
    name: str = "s1", state: str = "active", hours: float = 1, *matchers: Any, **changes: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "status": {"state": state},
        "matchers": list(matchers) or [matcher()],
        "endsAt": datetime.fromtimestamp((NOW + hours * HOUR) / 1000, UTC).isoformat().replace("+00:00", "Z"),
        "createdBy": "kimura",
        "comment": "new memory",
    } | changes


def read(*silences: Any, also: dict[str, str] | None = None) -> Read:
    return read_silences(200, json.dumps(silences).encode(), "hostname", also or {})


def said(keeper: Keeper, *silences: Any, now: int = NOW) -> dict[str, int]:
    """Until when each host that is spoken of is set aside, in hours from NOW; 0: it is over."""
    return {
        each.host: (each.until - NOW) // HOUR if each.until else 0
        for each in keeper.judge(read(*silences), HOSTS, now)
    }


def test_an_active_silence_sets_its_host_aside_until_its_end() -> None:
    (told,) = Keeper().judge(read(silence()), HOSTS, NOW)
    assert told == Silence(
        host="cmp1",
        until=NOW + HOUR,
        observer="alertmanager",
        names=("s1",),
        ends=(NOW + HOUR,),
        author="kimura",
        reason="new memory",
    )


@pytest.mark.parametrize(
    "matchers",
    [
        [matcher(isRegex=True)],
        [matcher(isEqual=False)],
        [matcher(), matcher("alertname", "DiskFull")],
        [matcher(), matcher("alertname", ".+", isRegex=True)],
        [matcher(), matcher()],
        [matcher(value="")],
        [matcher(), "odd"],
    ],
)
def test_a_silence_with_any_other_matcher_sets_nobody_aside_and_is_told_of(matchers: list[Any]) -> None:
    found = read(silence("s1", "active", 1, *matchers))
    assert (found.found, found.near) == ((), ("s1",))


def test_a_silence_about_something_else_is_passed_over() -> None:
    assert read(silence("s1", "active", 1, matcher("alertname", "X"))) == Read(found=(), near=())


def test_the_operator_may_ask_for_more_matchers() -> None:
    also = {"kasugai": "maintenance"}
    assert not read(silence(), also=also).found
    assert read(silence("s1", "active", 1, matcher(), matcher("kasugai", "maintenance")), also=also).found
    assert not read(silence("s1", "active", 1, matcher(), matcher("kasugai", "no")), also=also).found


def test_an_alertmanager_before_0_22_knows_no_inequality() -> None:
    old = {"name": "hostname", "value": "cmp1", "isRegex": False}
    assert read(silence("s1", "active", 1, old)).found


def test_one_that_is_yet_to_come_sets_nobody_aside() -> None:
    assert said(Keeper(), silence(state="pending")) == {}


def test_it_ends_when_it_is_shown_as_expired_or_at_its_date() -> None:
    keeper = Keeper()
    assert said(keeper, silence()) == {"cmp1": 1}
    assert said(keeper, silence(state="expired")) == {"cmp1": 0}
    assert said(keeper, silence(state="expired")) == {}, "once"
    said(keeper, silence(name="s2"))
    assert said(keeper, now=NOW + HOUR) == {"cmp1": 0}


def test_one_that_vanished_stands_until_its_date() -> None:
    """An Alertmanager that lost its disk knows nothing of it."""
    keeper = Keeper()
    said(keeper, silence())
    assert said(keeper) == {"cmp1": 1}
    restarted = Keeper(keeper.standing)
    assert said(restarted) == {"cmp1": 1}


def test_an_end_that_came_while_nobody_looked_is_seen() -> None:
    first = Keeper()
    said(first, silence())
    assert said(Keeper(first.standing), silence(state="expired")) == {"cmp1": 0}


def test_a_silence_ended_before_our_eyes_takes_what_vanished_with_it() -> None:
    keeper = Keeper()
    said(keeper, silence(hours=999))
    assert said(keeper, silence("s2", "active", 1)) == {"cmp1": 999}, "the vanished one ends later"
    assert said(keeper, silence("s2", "expired", 0)) == {"cmp1": 0}


def test_of_several_silences_the_last_end_counts() -> None:
    keeper = Keeper()
    assert said(keeper, silence(), silence("s2", "active", 5)) == {"cmp1": 5}
    assert said(keeper, silence(), silence("s2", "expired", 0)) == {"cmp1": 1}


def test_strangers_are_left_out_and_many_are_bounded() -> None:
    assert said(Keeper(), silence("s1", "active", 1, matcher(value="cmp9"))) == {}
    (told,) = Keeper().judge(read(*(silence(f"s{n}", "active", n + 1) for n in range(40))), HOSTS, NOW)
    assert len(told.names) == len(told.ends) == MOST and told.until == NOW + 40 * HOUR


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"[]"),
        (200, b"{}"),
        (200, b"<html>"),
        (200, b"[" * 100_000),
        (200, b"[1]"),
        (200, json.dumps([silence(endsAt="soon")]).encode()),
        (200, json.dumps([silence(endsAt="2026-11-30T10:00:00")]).encode()),
        (200, json.dumps([silence(name="\ud800")]).encode()),
    ],
)
def test_what_is_no_list_of_silences_is_no_opinion(status: int, body: bytes) -> None:
    with pytest.raises(NoOpinion):
        read_silences(status, body, "hostname", {})


@given(st.binary(max_size=100), st.sampled_from([200, 500]))
def test_any_bytes_are_silences_or_a_reason(body: bytes, status: int) -> None:
    with contextlib.suppress(NoOpinion):
        assert isinstance(read_silences(status, body, "hostname", {}), Read)


def test_half_a_character_in_a_comment_is_told_whole() -> None:
    (told,) = Keeper().judge(read(silence(comment="a\ud800b", createdBy="\udfff")), HOSTS, NOW)
    assert (told.reason, told.author) == ("a?b", "?")
