"""What a worker remembers of who has room: for half a minute, with the time of the question, and no longer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from kasugai.core.recovering.look import Needs
from kasugai.core.words.timing import PRODUCTION
from kasugai.sim.loop import run
from kasugai.workers.places import Places
from kasugai.workers.ports import Cloud, CloudAway, CloudRefused
from tests.unit.core.makers import guest

SMALL, LARGE = (Needs(resources=(("VCPU", n),)) for n in (1, 8))
WEB, JOB, UNTOLD = guest("g1", needs=SMALL), guest("g2", needs=LARGE), guest("g3")
START = 1_000_000
"""Milliseconds of the loop's time at which each story begins."""


@dataclass
class Placement:
    """As much of a cloud as tells who has room; it takes a second to answer."""

    told: dict[str, int] = field(default_factory=lambda: {"cmp2": 3})
    no: Exception | None = None
    asked: list[Needs] = field(default_factory=list)

    async def room(self, needs: Needs) -> Mapping[str, int]:
        """Answer, or say no."""
        self.asked.append(needs)
        await asyncio.sleep(1)
        if self.no is not None:
            raise self.no
        return dict(self.told)


def play(story: Callable[[Placement, Places], Awaitable[None]]) -> None:
    """Play a story in virtual time."""

    async def main() -> None:
        cloud = Placement()
        await story(cloud, Places(cast(Cloud, cloud), PRODUCTION))

    run(main(), start=START / 1000)


def test_placement_is_asked_about_different_needs_again_after_half_a_minute() -> None:
    async def story(cloud: Placement, places: Places) -> None:
        assert (places.room, places.room_at) == ({}, 0)
        await places.ask_for_room([WEB, WEB, UNTOLD])
        assert (places.room, places.room_at) == ({SMALL: {"cmp2": 3}}, START)
        cloud.told = {"cmp2": 2}
        await asyncio.sleep(28)
        await places.ask_for_room([WEB])
        assert (places.room, places.room_at, len(cloud.asked)) == ({SMALL: {"cmp2": 3}}, START, 1)
        await asyncio.sleep(1)
        await places.ask_for_room([WEB])
        assert (places.room, places.room_at) == ({SMALL: {"cmp2": 2}}, START + 30_000)

    play(story)


def test_new_needs_are_asked_about_at_once_and_old_answers_have_no_new_time() -> None:
    async def story(cloud: Placement, places: Places) -> None:
        await places.ask_for_room([WEB])
        await places.ask_for_room([JOB])
        assert cloud.asked == [SMALL, LARGE]
        assert (places.room, places.room_at) == ({LARGE: {"cmp2": 3}}, START + 1_000)

    play(story)


def test_what_a_placement_that_lets_nobody_ask_any_more_said_before_is_forgotten() -> None:
    async def story(cloud: Placement, places: Places) -> None:
        await places.ask_for_room([WEB])
        await asyncio.sleep(30)
        cloud.no = CloudRefused(403, "forbidden")
        await places.ask_for_room([WEB])
        assert (places.room, places.unwell) == ({}, frozenset())
        await asyncio.sleep(60)
        await places.ask_for_room([WEB])
        assert len(cloud.asked) == 2, "a no is not asked for twice"

    play(story)


def test_what_a_placement_that_is_away_said_before_is_forgotten_until_it_answers() -> None:
    async def story(cloud: Placement, places: Places) -> None:
        await places.ask_for_room([WEB])
        await asyncio.sleep(30)
        cloud.no = CloudAway("no route")
        await places.ask_for_room([WEB])
        assert (places.room, places.unwell) == ({}, frozenset({"placement"}))
        cloud.no = None
        await places.ask_for_room([WEB])
        assert (places.room, places.unwell) == ({SMALL: {"cmp2": 3}}, frozenset())

    play(story)
