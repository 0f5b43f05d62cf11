"""Plays a recovery that has a step of somebody's own in it, again and again: as it is, with every record twice, with
the worker dying before and right behind each of its effects, and with it dying wherever the step's `act` waits.

Time is virtual: what a step awaits should be a future, or asyncio's own sleep. Real threads and sockets would not wait
for virtual time; an author gives the step a simulated world instead, which outlives the worker.
"""

import textwrap
from collections.abc import Callable, Collection, Coroutine, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kasugai.sim.lab.grammar import Scenario, read_text
from kasugai.sim.lab.laboratory import Variant
from kasugai.sim.lab.mortal import current
from kasugai.sim.lab.runner import AS_WRITTEN, Run, play
from kasugai.sim.lab.variants import of_records, of_worker_deaths
from kasugai.workers.ports import CustomStep

NAME = "own"
"""What the step is called in the stories."""

STORIES: Mapping[str, str] = {
    "host": "30s power off cmp1",
    "instance": "30s crash web1",
    "process": "30s process nova-compute stops on cmp1",
}
"""What happens, by the kind of subject that is recovered."""

PLACES = ("before", "after")
"""Where among the recovery's other steps."""

WATCHED = "observer heartbeat\n          observer peer"
"""Who finds a host dead."""

LONGEST = 40
"""So many of the places where `act` waits are places to die."""


class Trial(Protocol):
    """One play: a step, and the world that it works on."""

    @property
    def step(self) -> CustomStep:
        """The step."""
        ...

    def wrong(self) -> str:
        """Say what is wrong with the world when all is over; empty: nothing."""
        ...


@dataclass(slots=True)
class _Watched:
    """The author's step, watched: how often it waits while it acts, and whether it acts twice at a time."""

    step: CustomStep
    dies_at: int = 0
    """At which of all waits of `act`, counted from 1, its worker dies; 0: at none."""
    waits: int = 0
    acting: int = 0
    problems: tuple[str, ...] = ()

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        """Ask the step."""
        return await self.step.look(about)

    async def act(self, about: Mapping[str, str]) -> None:
        """Let the step act."""
        self.acting += 1
        if self.acting > 1:
            self.problems = (*self.problems, "it acts twice at a time")
        try:
            await _Counted(self.step.act(about), self._wait)
        finally:
            self.acting -= 1

    def _wait(self) -> None:
        self.waits += 1
        process = current()
        if self.waits == self.dies_at and process is not None:
            process.kill()


class _Counted:
    """A coroutine that says so each time it waits."""

    def __init__(self, inner: Coroutine[Any, Any, None], wait: Callable[[], None]) -> None:
        self._inner, self._wait = inner, wait

    def __await__(self) -> Generator[Any, Any, None]:
        inner = self._inner.__await__()
        send: Callable[[], Any] = lambda: next(inner)  # noqa: E731 - what goes in next: nothing, or an error
        while True:
            try:
                waited_for = send()
            except StopIteration:
                return
            self._wait()
            try:
                yield waited_for
                send = lambda: next(inner)  # noqa: E731
            except BaseException as error:
                send = _throwing(inner, error)


def _throwing(inner: Generator[Any, Any, None], error: BaseException) -> Callable[[], Any]:
    return lambda: inner.throw(error)


def sweep(make: Callable[[], Trial], *, kind: str = "host", when: str = "after") -> tuple[str, ...]:
    """Return what went wrong, one sentence each; empty: the step holds. `make` is called for each play. `kind`: which
    recovery it is a part of (host, instance, process); `when`: before or after its other steps; ValueError for another
    word."""
    _check("kind", kind, STORIES)
    _check("when", when, PLACES)
    scenario = _scenario(kind, when)
    found: list[str] = []
    run, base = _play(scenario, AS_WRITTEN, make, 0, found)
    if found:
        return tuple(found)
    for variant in (*of_records(), *of_worker_deaths(scenario, run)):
        _play(scenario, variant, make, 0, found)
    for wait in range(1, min(base.waits, LONGEST) + 1):
        _play(scenario, Variant(name=f"worker dies at wait {wait} of act"), make, wait, found)
    return tuple(found)


def _check(name: str, word: str, known: Collection[str]) -> None:
    if word not in known:
        raise ValueError(f"{name}={word!r}: it is one of {', '.join(known)}")


def _scenario(kind: str, when: str) -> Scenario:
    text = f"""
        a recovery with a step of somebody's own

        It is played in all variants.

        cloud
          segment rack1   {kind}-{when}={NAME}{" restart-all=yes" if kind == "instance" else ""}
          host cmp1       runs web1
          host cmp2
          {WATCHED if kind == "host" else ""}

        script
          {STORIES[kind]}
          15m end
        """
    return read_text(Path("sweep.scenario"), textwrap.dedent(text).lstrip("\n"))


def _play(
    scenario: Scenario, variant: Variant, make: Callable[[], Trial], dies_at: int, found: list[str]
) -> tuple[Run, _Watched]:
    trial = make()
    watched = _Watched(trial.step, dies_at)
    run = play(scenario, variant, {NAME: watched})
    wrong = trial.wrong()
    problems = [*run.broken, *watched.problems, *([wrong] if wrong else []), *_unfinished(run)]
    found.extend(f"{variant.name}: {problem}" for problem in problems)
    return run, watched


def _unfinished(run: Run) -> Iterator[str]:
    """A recovery that did not come to its end: the last words about it."""
    story = run.log.split("\n\n", 1)[0].strip().splitlines()
    if not any(" close " in line and line.endswith("(recovered)") for line in story):
        yield "the recovery did not end: " + " | ".join(line.strip() for line in story[-3:])
