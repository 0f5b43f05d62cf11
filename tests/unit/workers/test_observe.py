"""A look: what it asks for, what it takes out of another answer, and how long the way to Nova is."""

from collections.abc import Awaitable, Callable
from typing import cast

from kasugai.core.recovering.look import EvacuationView, Needs, PowerState
from kasugai.core.words.timing import PRODUCTION
from kasugai.sim.loop import run
from kasugai.workers.observe import Observer, Wanted
from kasugai.workers.ports import Cloud, CloudRefused
from tests.unit.core.makers import guest, service
from tests.unit.workers.test_places import LISTED, FakeCloud

SMALL = Needs(resources=(("MEMORY_MB", 512), ("VCPU", 1)))
PLACES = Wanted(places=True)


class NoPower:
    """Has no device."""

    def has(self, _: str) -> bool:
        return False

    async def read(self, _: str) -> PowerState:
        raise AssertionError("there is no device")

    async def fence(self, _: str) -> None:
        raise AssertionError("there is no device")


def play(story: Callable[[FakeCloud, Observer], Awaitable[None]]) -> None:
    async def main() -> None:
        cloud = FakeCloud()
        cloud.says["guests"] = (guest("g1", needs=SMALL),)
        await story(cloud, Observer("cmp1", cast("Cloud", cloud), NoPower(), PRODUCTION))

    run(main(), start=1000.0)


def test_a_look_asks_for_the_source_and_nothing_more() -> None:
    async def story(cloud: FakeCloud, observer: Observer) -> None:
        look = await observer.look()
        assert sorted(cloud.asked, key=str) == [
            ("guests", "cmp1"),
            ("migrations", "cmp1"),
            ("service", "cmp1"),
        ]
        assert look.service == look.service_after == service()
        assert (look.computes, look.aggregates, dict(look.room), look.unwell) == (None, None, {}, frozenset())

    play(story)


def test_the_road_is_what_the_quickest_small_question_took() -> None:
    async def story(cloud: FakeCloud, observer: Observer) -> None:
        assert observer.road is None
        for seconds, shortest in ((0.2, 200), (0.05, 50), (0.3, 50)):
            cloud.takes = {"service": seconds, "guests": 0.01}
            await observer.look()
            assert observer.road == shortest

    play(story)


def test_a_list_of_all_services_tells_nothing_of_the_road() -> None:
    async def story(cloud: FakeCloud, observer: Observer) -> None:
        cloud.takes = {"services": 0.01, "service": 0.2}
        await observer.look(PLACES)
        assert observer.road is None and cloud.count("service") == 0
        await observer.look(PLACES)
        assert observer.road == 200

    play(story)


def test_the_sources_record_comes_out_of_the_list_where_that_is_due() -> None:
    async def story(cloud: FakeCloud, observer: Observer) -> None:
        cloud.says |= {"services": (service(updated_at="listed"),), "service": service(updated_at="alone")}
        told = []
        for _ in range(int(LISTED) * 2):
            cloud.takes["guests"] = 1.0
            look = await observer.look(PLACES)
            assert look.service is not None and look.computes is not None
            told.append(look.service.updated_at)
        assert cloud.count("services") == 2 and told.count("listed") == 2
        assert told[0] == "listed" and told[int(LISTED)] == "listed"

    play(story)


def test_a_source_that_the_list_lacks_is_no_service_of_novas() -> None:
    async def story(cloud: FakeCloud, observer: Observer) -> None:
        cloud.says["services"] = (service(host="cmp2"),)
        look = await observer.look(PLACES)
        assert look.service is None and look.computes is not None and look.computes.keys() == {"cmp2"}

    play(story)


def test_who_has_room_is_asked_for_the_guests_of_the_list() -> None:
    async def story(cloud: FakeCloud, observer: Observer) -> None:
        look = await observer.look(Wanted(places=True, health=True, aggregates=True))
        assert cloud.asked[-1] == ("room", SMALL) and look.room == {SMALL: {"cmp2": 3}}
        assert (cloud.count("unwell"), cloud.count("aggregates")) == (1, 1)
        look = await observer.look()
        assert look.room == {SMALL: {"cmp2": 3}} and look.computes is not None, "what was read is kept"
        assert cloud.count("room") == 1

    play(story)


def test_novas_account_is_asked_about_each_guest_that_is_wanted() -> None:
    lost = EvacuationView(request="req-9", has_failed=True)

    async def story(cloud: FakeCloud, observer: Observer) -> None:
        cloud.says["last_evacuation"] = lambda uuid: lost if uuid == "g1" else CloudRefused(403, "no")
        look = await observer.look(Wanted(evacuations=frozenset({"g2", "g1"})))
        assert look.evacuations == {"g1": lost, "g2": None}
        assert (await observer.look()).evacuations == {}

    play(story)


def test_an_empty_list_is_followed_by_another_look_at_the_source() -> None:
    async def story(cloud: FakeCloud, observer: Observer) -> None:
        cloud.says["guests"] = ()
        look = await observer.look(PLACES)
        assert look.service_after == service() and cloud.count("service") == 1 and cloud.count("room") == 0

    play(story)
