"""Questions of many threads are asked together: each gets its own answer, and none that is older than its question."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from kasugai.adapters.together import Together
from tests.support.workers import eventually


class Slow:
    """Answers with ten times the question, each time when it is let; remembers what it was asked together."""

    def __init__(self) -> None:
        """Let nothing through yet."""
        self.asked: list[list[int]] = []
        self.let = Event()

    def __call__(self, questions: Sequence[int]) -> list[int]:
        """Answer, or fail about the number 13."""
        self.asked.append(list(questions))
        assert self.let.wait(10)
        if 13 in questions:
            raise ValueError("unlucky")
        return [10 * question for question in questions]


def waiting(together: Together[int, int]) -> int:
    """How many questions wait to be asked."""
    return len(together._waiting)


def test_what_comes_while_an_answer_is_awaited_is_asked_next_in_order_and_joins_nothing_on_its_way() -> None:
    slow = Slow()
    together = Together(slow)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(together.ask, 1)
        eventually(lambda: slow.asked == [[1]])
        others = []
        for number in (1, 2, 3):
            others.append(pool.submit(together.ask, number))
            eventually(lambda: waiting(together) == len(others))
        assert slow.asked == [[1]], "the same question again is a new one"
        slow.let.set()
        assert first.result(10) == 10
        assert [each.result(10) for each in others] == [10, 20, 30]
    assert slow.asked == [[1], [1, 2, 3]]


def test_an_error_is_told_to_all_that_asked_together_and_to_nobody_else() -> None:
    slow = Slow()
    together = Together(slow)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(together.ask, 1)
        eventually(lambda: slow.asked == [[1]])
        others = [pool.submit(together.ask, number) for number in (2, 13)]
        eventually(lambda: waiting(together) == 2)
        slow.let.set()
        assert first.result(10) == 10
        for each in others:
            with pytest.raises(ValueError, match="unlucky"):
                each.result(10)
    assert together.ask(4) == 40, "and the next one is asked"


def test_many_threads_get_their_own_answers() -> None:
    together = Together[int, int](lambda questions: [10 * question for question in questions])
    with ThreadPoolExecutor(16) as pool:
        numbers = range(5_000)
        assert list(pool.map(together.ask, numbers)) == [10 * number for number in numbers]
