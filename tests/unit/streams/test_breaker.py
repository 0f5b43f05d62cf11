"""When too much is buried, route rests."""

from kasugai.streams.route_breaker import CONSECUTIVE, WINDOW, Breaker


def tripped(breaker: Breaker) -> bool:
    """Whether it has; asked through a function, so that mypy does not believe it stays so."""
    return breaker.is_tripped


def test_now_and_then_a_dead_letter_is_ordinary() -> None:
    breaker = Breaker()
    for second in range(1000):
        breaker.count(float(second), carried=9, buried=1)
        assert not tripped(breaker)


def test_many_in_a_row_are_too_many() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=0, buried=CONSECUTIVE)
    assert not tripped(breaker)
    breaker.count(1.0, carried=0, buried=1)
    assert tripped(breaker)
    breaker.reset()
    assert not tripped(breaker)


def test_a_good_record_ends_the_row() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=0, buried=CONSECUTIVE)
    breaker.count(1.0, carried=1000, buried=0)
    breaker.count(2.0, carried=0, buried=CONSECUTIVE)
    assert not tripped(breaker)


def test_a_large_share_of_the_last_minute_is_too_much() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=300, buried=CONSECUTIVE + 1)
    assert tripped(breaker)
    breaker.count(1.0, carried=300, buried=0)
    assert not tripped(breaker), "less than a tenth"


def test_what_is_older_than_a_minute_does_not_count() -> None:
    breaker = Breaker()
    breaker.count(0.0, carried=300, buried=CONSECUTIVE + 1)
    breaker.count(WINDOW + 1.0, carried=1, buried=0)
    assert not tripped(breaker)
