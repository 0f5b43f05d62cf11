"""When too much of a topic is buried it rests, alone, and never for one host's sake."""

import pytest

from kasugai.schemas.topics import (
    COMMANDS,
    FAULTS,
    INVENTORY,
    METRICS,
    NOVA,
    POWER,
    RECOVERY,
    REPORTED,
    SERVICES,
    SILENCES,
    contracts,
)
from kasugai.streams.route_breaker import CONSECUTIVE, KEYS, MAY_REST, OF_ONE_KEY, WINDOW, Breaker, Rests

HOSTS, *OTHERS = FAULTS.values()


def tripped(breaker: Breaker) -> bool:
    """Whether it has; asked through a function, so that mypy does not believe it stays so."""
    return breaker.is_tripped


def of(many: int, first: int = 0) -> list[bytes | None]:
    """So many dead letters, each about another host."""
    return [f"cmp{number}".encode() for number in range(first, first + many)]


def test_now_and_then_a_dead_letter_is_ordinary() -> None:
    breaker = Breaker()
    for second in range(1000):
        breaker.count(float(second), carried=9, buried=of(1, second))
        assert not tripped(breaker)


def test_many_in_a_row_are_too_many() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=0, buried=of(CONSECUTIVE))
    assert not tripped(breaker)
    breaker.count(1.0, carried=0, buried=of(1, CONSECUTIVE))
    assert tripped(breaker)


def test_a_good_record_ends_the_row() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=0, buried=of(CONSECUTIVE))
    breaker.count(1.0, carried=1000, buried=[])
    breaker.count(2.0, carried=0, buried=of(CONSECUTIVE, 100))
    assert not tripped(breaker)


def test_a_large_share_of_the_last_minute_is_too_much() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=300, buried=of(CONSECUTIVE + 1))
    assert tripped(breaker)
    breaker.count(1.0, carried=300, buried=[])
    assert not tripped(breaker), "less than a tenth"


def test_what_is_older_than_a_minute_does_not_count() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=300, buried=of(CONSECUTIVE + 1))
    breaker.count(WINDOW + 1.0, carried=1, buried=[])
    assert not tripped(breaker)


def test_one_host_alone_makes_nothing_rest_however_much_it_writes() -> None:
    breaker = Breaker()
    for second in range(int(WINDOW)):
        breaker.count(float(second), carried=0, buried=[b"cmp1"] * 1000)
        breaker.count(float(second), carried=0, buried=[None] * 1000)
        assert not tripped(breaker)


def test_a_host_counts_anew_after_a_minute() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=0, buried=[b"cmp1"] * 99)
    breaker.count(WINDOW + 1, carried=0, buried=[b"cmp1"] * 99)
    breaker.count(WINDOW + 1, carried=0, buried=of(CONSECUTIVE - 2 * OF_ONE_KEY + 1, 100))
    assert tripped(breaker)


def test_endless_names_cost_no_memory() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=10**9, buried=of(3 * KEYS))
    assert len(breaker._keys) <= KEYS + 1


def test_only_topics_of_one_kind_of_writer_may_rest_each_for_itself() -> None:
    rests = Rests()
    for topic in (COMMANDS, REPORTED, RECOVERY, INVENTORY, SILENCES):
        assert rests.count(0.0, {}, {topic: of(10 * CONSECUTIVE)}) == []
    assert rests.count(0.0, {HOSTS: 1}, {OTHERS[0]: of(CONSECUTIVE + 1)}) == [OTHERS[0]]
    assert rests.resting(WINDOW - 1) == {OTHERS[0]}
    assert rests.resting(WINDOW) == frozenset()
    assert rests.count(WINDOW, {}, {OTHERS[0]: of(1)}) == [], "it begins anew"
    assert {*MAY_REST} == {HOSTS, NOVA, SERVICES, POWER, METRICS, *OTHERS}


@pytest.mark.parametrize("topic", MAY_REST)
def test_whose_topic_rests_is_its_only_writer(topic: str) -> None:
    """Or the rubbish of one service would silence another one."""
    assert len(contracts()[topic].writers) == 1


def test_what_the_bridge_spoils_lets_liveness_speak_on() -> None:
    rests = Rests()
    assert rests.count(0.0, {}, {NOVA: of(CONSECUTIVE + 1)}) == [NOVA]
    assert rests.resting(1.0) == {NOVA}
