"""A watch over guests under test: what it says is kept, and its looks are counted."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, Self

from kasugai.agents.instance.options import InstanceOptions
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.ports import Door, Ears, Line
from kasugai.agents.instance.values import Seen
from kasugai.agents.instance.watch import InstanceWatch
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Kind, Subject

HOST = "cmp1"
P = ParamSpec("P")


def played(case: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a case that waits in a loop of its own."""

    @wraps(case)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(case(*args, **kwargs))

    return run


class Words:
    """A `Voice` that keeps what it is given, as (uuid, symptom, again, seen)."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Symptom, bool, str]] = []

    def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
        assert (subject.kind, subject.host) == (Kind.INSTANCE, HOST) and not subject.why_misnamed()
        self.all.append((subject.detail, symptom, again, seen))

    def news(self) -> list[tuple[str, str]]:
        """Return the failures that were said for the first time: (uuid, event and detail)."""
        return [
            (uuid, seen.split(":")[0])
            for uuid, symptom, again, seen in self.all
            if symptom is Symptom.DOWN and not again
        ]

    def of(self, uuid: str) -> list[tuple[Symptom, bool]]:
        """Return what was said of one, without repetitions in a row."""
        told = [(symptom, again) for one, symptom, again, _ in self.all if one == uuid]
        return [each for number, each in enumerate(told) if number == 0 or told[number - 1] != each]


class CountingDoor:
    """A door whose looks are counted."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.looks = 0

    def watch(self, ears: Ears) -> Line:
        return CountingLine(self._door.watch(ears), self)

    def ask(self) -> Line:
        return self._door.ask()


class CountingLine:
    """One of its lines."""

    def __init__(self, line: Line, door: CountingDoor) -> None:
        self._line = line
        self._door = door

    def states(self) -> Sequence[Seen]:
        seen = self._line.states()
        self._door.looks += 1
        return seen

    def description(self, uuid: str) -> str:
        return self._line.description(uuid)

    def ping(self, uuid: str, patience: int) -> Answer:
        return self._line.ping(uuid, patience)

    def close(self) -> None:
        self._line.close()


class Watching:
    """Context manager: a watch that runs."""

    def __init__(
        self, door: Door, options: InstanceOptions, going: Callable[[], bool] = lambda: False
    ) -> None:
        self.words = Words()
        self._door = CountingDoor(door)
        self.watch = InstanceWatch(HOST, self.words, self._door, options, going)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.watch.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def looks(self) -> int:
        """How often all guests have been looked at."""
        return self._door.looks

    async def until(self, so: Callable[[], object], within: float = 60.0) -> None:
        """Wait until it is so."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not so():
            assert not self._task.done(), self._task
            assert loop.time() < deadline, f"{self.watch.trouble!r}, {self.words.news()}"
            await asyncio.sleep(0.01)

    async def until_not_running(self, so: Callable[[], object], within: float = 90.0) -> None:
        """Wait until it is so, after the watch has ended."""
        deadline = asyncio.get_running_loop().time() + within
        while not so():
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)

    async def looked(self, times: int = 3) -> None:
        """Wait until everybody has been looked at so often from now on: what is not said by then is not said."""
        wanted = self._door.looks + times
        await self.until(lambda: self._door.looks >= wanted)

    async def sees(self) -> None:
        """Wait until it has looked."""
        await self.until(lambda: not self.watch.trouble)

    async def said(self, news: dict[str, str], looks: int = 3) -> None:
        """Wait until just these failures have been said, each once, and no other after so many further looks: event
        and detail by uuid."""
        await self.until(lambda: len(self.words.news()) >= len(news))
        await self.looked(looks)
        assert sorted(self.words.news()) == sorted(news.items())
