"""Asks the agents inside guests in rounds: many at once, each for so long, a round for no longer than its budget.

It has a connection of its own, since it needs more rights than watching does, and since agents that hang would keep
libvirt from answering whoever watches.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from kasugai.agents.instance.asking import Asker
from kasugai.agents.instance.options import PingOptions
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.ports import Door, Line, UnreachableError
from kasugai.core.words.timing import Millis

FIRST: Final = -1.0
"""When somebody was asked who never was."""


class Pings:
    """The rounds."""

    def __init__(
        self,
        door: Door,
        options: PingOptions,
        reopen: Millis,
        guests: Callable[[], Sequence[str]],
        tell: Callable[[str, Answer], None],
    ) -> None:
        """`guests` returns who can be asked now; `tell` is told what came of it."""
        self._door = door
        self._options = options
        self._reopen = reopen / 1000
        self._guests = guests
        self._tell = tell
        self._asked: dict[str, float] = {}
        self.trouble = ""
        """Why nobody is asked, in one line; empty while all is well."""

    async def run(self) -> None:
        """Ask until cancelled."""
        askers = [Asker(f"ping {number}") for number in range(self._options.parallel)]
        try:
            while True:
                await self._ask_while_open(askers)
                await asyncio.sleep(self._reopen)
        finally:
            for asker in askers:
                asker.end()

    async def _ask_while_open(self, askers: Sequence[Asker]) -> None:
        try:
            line = await askers[0].ask(self._door.ask)
        except UnreachableError as error:
            self.trouble = f"guests' agents are not asked: {error}"
            return
        self.trouble = ""
        try:
            is_open = True
            while is_open:
                is_open = await self._round(line, askers)
                await asyncio.sleep(self._options.every / 1000)
        finally:
            askers[0].ask(line.close)

    async def _round(self, line: Line, askers: Sequence[Asker]) -> bool:
        """Ask each once; return whether anybody could be asked, if anybody was to be."""
        waiting = sorted(self._guests(), key=lambda uuid: self._asked.get(uuid, FIRST))
        self._asked = {uuid: at for uuid, at in self._asked.items() if uuid in set(waiting)}
        answers: list[Answer] = []
        end = asyncio.get_running_loop().time() + self._options.budget / 1000
        queue = iter(waiting)
        async with asyncio.TaskGroup() as group:
            for asker in askers:
                group.create_task(self._ask_some(line, asker, queue, end, answers))
        return not answers or any(answer is not Answer.UNKNOWN for answer in answers)

    async def _ask_some(
        self, line: Line, asker: Asker, queue: Iterator[str], end: float, answers: list[Answer]
    ) -> None:
        loop = asyncio.get_running_loop()
        for uuid in queue:
            if loop.time() > end:
                return
            self._asked[uuid] = loop.time()
            answer = await asker.ask(partial(line.ping, uuid, self._options.timeout))
            answers.append(answer)
            self._tell(uuid, answer)
