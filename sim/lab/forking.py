"""Plays many deaths of a scenario from one run as written: at each effect at which somebody shall die the process
forks, and the child goes on with that death. What lies before a death is played once for all of them.

A variant that differs from its very beginning (records doubled or reordered) has nothing to share and is played whole,
and so is one that dies so early that a child would cost more than what it has in common with the others.
"""

import asyncio
import os
import pickle
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, TypeVar

from kasugai.sim.lab.laboratory import Variant

T = TypeVar("T")

Place = tuple[str, int]
"""Which kind of process dies, and at which of its effects."""


CHILD = 0.06
"""Seconds of a core that a child costs: both processes copy each page that they write (0.04 to 0.08 in a process of
110 MB, measured 2026-12-01; the more the larger it is)."""


class BranchLost(Exception):
    """Variants were not played to their end: their children raised or died, or their effects never came."""


@dataclass(slots=True)
class Fork(Generic[T]):
    """The branches of one run. `judge` says in the child what of its run is worth being sent back."""

    judge: Callable[[Any], T]
    worth: float = CHILD
    """Seconds of a core that a run must have taken for its next death to be a child's."""
    early: list[Variant] = field(default_factory=list)
    """The variants that died before that: whoever plays this run plays them whole."""
    ended: list[tuple[Variant, T]] = field(default_factory=list)
    taken: Variant | None = None
    """In a child: the variant that it plays. None in the process that all began with."""
    _at: dict[Place, list[Variant]] = field(default_factory=dict)
    _lost: list[str] = field(default_factory=list)
    _out: int = -1
    _began: float = field(default_factory=time.process_time)

    def plan(self, variants: Iterable[Variant]) -> None:
        """Branch off at the deaths of these variants."""
        for variant in variants:
            self._at.setdefault(_place(variant), []).append(variant)

    def at(self, who: str, index: int) -> Variant | None:
        """Play each variant that branches off here in a child, one after another; return the variant in a child."""
        for variant in self._at.pop((who, index), ()):
            if time.process_time() - self._began < self.worth:
                self.early.append(variant)
            elif self._branch(variant):
                return variant
        return None

    def _branch(self, variant: Variant) -> bool:
        """Fork; return at once in the child, and in the parent when the child has ended."""
        loop = asyncio.get_running_loop()
        reader, writer = os.pipe()
        pid = _fork()
        if pid == 0:
            os.close(reader)
            asyncio._set_running_loop(loop)  # asyncio knows a running loop by its process
            self.taken, self._out, self._at = variant, writer, {}
            return True
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            self._hear(variant, answer.read())
        os.waitpid(pid, 0)
        return False

    def _hear(self, variant: Variant, sent: bytes) -> None:
        told: tuple[bool, Any] = pickle.loads(sent) if sent else (False, "its process died without a word")
        went_well, answer = told
        if went_well:
            self.ended.append((variant, answer))
        else:
            self._lost.append(
                f"{variant.name}: {answer}"
            )  # raised at the end: here, simulated code would catch it

    def end(self, run: object) -> None:
        """The run is over: a child sends what its judge makes of it and ends; the first process sees that all came.
        Raises BranchLost there if one did not."""
        if self.taken is not None:
            self._send((True, self.judge(run)))
        never = [f"{each.name}: its effect never came" for found in self._at.values() for each in found]
        if lost := [*self._lost, *never]:
            raise BranchLost(f"{len(lost)} variants were not played, the first one: {lost[0]}")

    def fail(self) -> None:
        """An exception has ended the run: a child tells it and ends; in the first process it goes its way."""
        if self.taken is not None:
            self._send((False, traceback.format_exc()))

    def _send(self, answer: tuple[bool, object]) -> NoReturn:
        try:
            with os.fdopen(self._out, "wb") as out:
                out.write(pickle.dumps(answer))
        finally:
            os._exit(0)  # nothing of the parent's may be flushed or torn down here


def _place(variant: Variant) -> Place:
    if variant.worker_death is not None:
        return "worker", variant.worker_death.index
    if variant.correlate_death is not None:
        return "correlate", variant.correlate_death.index
    raise ValueError(f"nobody dies in it: {variant.name}")


def _fork() -> int:
    """Fork. The child runs on this thread alone, and asks nothing of those that it has lost (pytest's)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
