"""Guests that die alone, and five hundred of one host that die together: how many requests that takes, and how long.

Everything of the pool is real; Nova, the log and the ledger are simulated, under virtual time. A Nova that answers
after 10-40 ms shows how many looks of one moment are one request.
"""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from kasugai.adapters.settings import WorkerSettings
from kasugai.core.words.facts import Result
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind, Subject
from kasugai.sim.cloud import REAL
from kasugai.sim.cloud.wire import READS
from kasugai.sim.loop import run
from kasugai.workers.pool import Pool
from tests.unit.workers.test_fencing import Scene, Slow

LANES = WorkerSettings().lanes_of(Kind.INSTANCE)
POLICY = Policy(restart_all=True)
MOST = 6
"""Requests a guest of a crowd."""
ALONE = 15
"""Requests for one that has nobody to share with: five looks (for the plan, twice after each call), and two calls."""


class Crowd(Scene):
    """A host with so many guests more, all of which die, and a worker of instances."""

    def __init__(self, guests: int) -> None:
        super().__init__(Slow())
        self.cloud.hosts.wake("cmp1")
        self.cloud.world.pace = replace(REAL, power_sync=1e9, lifecycle=1e9)
        for number in range(guests):
            self.cloud.add_guest(f"g{number}", "cmp1")
        self.pool = Pool(self.doors, LANES)
        self.guests = [uuid for uuid, guest in self.cloud.world.guests.items() if guest.name.startswith("g")]

    async def play(self) -> list[float]:
        """Let all die at once, and return how many seconds later each of them runs again."""
        loop = asyncio.get_running_loop()
        for uuid in self.guests:
            self.cloud.guest_dies(self.cloud.world.guests[uuid].name)
        began = loop.time()
        for number, uuid in enumerate(self.guests):
            self.order(POLICY, Subject(kind=Kind.INSTANCE, host="cmp1", detail=uuid), number)
        await self.until(lambda: len(self.answers()) == len(self.guests))
        await self.pool.close()
        started = {entry.guest: entry.t for entry in self.cloud.diary.entries if entry.event == "started"}
        return sorted(started[uuid] - began for uuid in self.guests)

    def answers(self) -> list[Result | None]:
        return [fact.result for fact in self.log.facts_heard if fact.kind.is_answer]

    def asked(self) -> Counter[str]:
        return Counter(request.action for request in self.cloud.wire.requests)


@pytest.mark.parametrize("guests", [1, 500])
def test_each_is_restarted_once_and_its_looks_are_shared(guests: int) -> None:
    async def main() -> None:
        crowd = Crowd(guests)
        took = await crowd.play()
        asked = crowd.asked()
        assert crowd.answers() == [Result.RECOVERED] * guests
        assert asked["start"] == asked["stop"] == guests
        assert asked.total() / guests <= (MOST if guests > 1 else ALONE), asked
        assert took[int(0.95 * len(took))] <= 15.0, took[-1]

    run(main(), start=1000.0)


def test_no_more_lists_than_moments() -> None:
    async def main() -> None:
        crowd = Crowd(200)
        await crowd.play()
        asked = crowd.asked()
        assert asked["guests"] + asked["service"] < 200, asked
        assert {action for action in asked if action not in READS} == {"stop", "start"}

    run(main(), start=1000.0)
