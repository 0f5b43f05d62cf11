"""Asks the questions of many threads together: what comes while an answer is awaited goes into the next question.

Under the interpreter's lock a wait for a socket costs more than the question: a handful of switches between threads,
each tens of microseconds. Together they cost that once. An answer is never older than its question, for nobody joins
one that is on its way. The price: who comes while a question hangs waits for its end and then for their own, two
time-outs at most; and all that asked together are told the same error.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class _Waiting(Generic[Q, A]):
    """One thread's question: `turn` is held until the thread has an answer, or an error, or is to ask for all."""

    __slots__ = ("answer", "error", "question", "turn")

    def __init__(self, question: Q) -> None:
        self.question = question
        self.answer: list[A] = []
        self.error: BaseException | None = None
        self.turn = Lock()
        self.turn.acquire()


class Together(Generic[Q, A]):
    """Used from any thread."""

    def __init__(self, ask: Callable[[Sequence[Q]], Sequence[A]]) -> None:
        """`ask` gets questions in the order in which they came, and answers each of them or raises for all."""
        self._ask = ask
        self._lock = Lock()
        self._waiting: list[_Waiting[Q, A]] = []
        self._is_asking = False

    def ask(self, question: Q) -> A:
        """Return the answer; raises what `ask` raised."""
        mine: _Waiting[Q, A] = _Waiting(question)
        with self._lock:
            self._waiting.append(mine)
            leads, self._is_asking = not self._is_asking, True
        if not leads:
            mine.turn.acquire()
        if not mine.answer and mine.error is None:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.answer[0]

    def _lead(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            answers = self._ask([each.question for each in batch])
            for each, answer in zip(batch, answers, strict=True):
                each.answer.append(answer)
        except BaseException as error:
            for each in batch:
                each.error = error
        finally:
            with self._lock:
                following = self._waiting[:1]
                self._is_asking = bool(following)
            for each in batch[1:] + following:
                each.turn.release()
