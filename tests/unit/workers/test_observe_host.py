"""A look: what it asks for, what it takes out of another answer, and how long the way to Nova is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from kasugai.core.recovering.look import PowerState
from kasugai.core.recovering.nova_views import EvacuationView, MigrationView, Needs
from kasugai.core.words.timing import PRODUCTION
from kasugai.sim.loop import run
from kasugai.workers.observe_host import HostObserver
from kasugai.workers.observing import Wanted
from kasugai.workers.ports import Cloud, CloudRefused
from tests.unit.core.makers import guest, migration, service
from tests.unit.workers.test_places import LISTED, FakeCloud, services

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

    async def switch_on(self, _: str) -> None:
        raise AssertionError("there is no device")


def play(story: Callable[[FakeCloud, HostObserver], Awaitable[None]]) -> None:
    async def main() -> None:
        cloud = FakeCloud()
        cloud.says["guests"] = (guest("g1", needs=SMALL),)
        await story(cloud, HostObserver("cmp1", cast("Cloud", cloud), NoPower(), PRODUCTION, cloud.leased))

    run(main(), start=1000.0)


def test_a_look_asks_for_the_source_and_nothing_more() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
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
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        assert observer.road is None
        for seconds, shortest in ((0.2, 200), (0.05, 50), (0.3, 50)):
            cloud.takes = {"service": seconds, "guests": 0.01}
            await observer.look()
            assert observer.road == shortest

    play(story)


def test_a_list_of_all_services_tells_nothing_of_the_road() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        cloud.takes = {"services": 0.01, "service": 0.2}
        await observer.look(PLACES)
        assert observer.road is None and cloud.count("service") == 0
        await observer.look(PLACES)
        assert observer.road == 200

    play(story)


def test_the_sources_record_comes_out_of_the_list_where_that_is_due() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        cloud.says |= {
            "services": services(service(updated_at="listed")),
            "service": service(updated_at="alone"),
        }
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
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        cloud.says["services"] = services(service(host="cmp2"))
        look = await observer.look(PLACES)
        assert look.service is None and look.computes is not None and look.computes.keys() == {"cmp2"}

    play(story)


def test_who_has_room_is_asked_for_the_guests_of_the_list() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        look = await observer.look(Wanted(places=True, aggregates=True))
        assert cloud.asked[-1] == ("room", SMALL) and look.room == {SMALL: {"cmp2": 3}}
        assert (cloud.count("services"), cloud.count("aggregates")) == (1, 1)
        look = await observer.look()
        assert look.room == {SMALL: {"cmp2": 3}} and look.computes is not None, "what was read is kept"
        assert cloud.count("room") == 1

    play(story)


def test_novas_account_is_asked_about_each_guest_that_is_wanted() -> None:
    lost = EvacuationView(request="req-9", has_failed=True)

    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        cloud.says["last_evacuation"] = lambda uuid: lost if uuid == "g1" else CloudRefused(403, "no")
        look = await observer.look(Wanted(evacuations=frozenset({"g2", "g1"})))
        assert look.evacuations == {"g1": lost, "g2": None}
        assert (await observer.look()).evacuations == {}

    play(story)


def test_a_second_empty_list_stands_between_two_readings_of_the_hosts_record() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        cloud.says["guests"] = ()
        first = await observer.look()
        assert first.service == first.service_after == service()
        cloud.asked.clear()
        cloud.says["service"] = lambda _: service(updated_at=f"t{cloud.count('service')}")
        second = await observer.look()
        assert [verb for verb, _ in cloud.asked] == ["service", "guests", "migrations", "service"]
        assert (second.service, second.service_after) == (service(updated_at="t1"), service(updated_at="t2"))

    play(story)


@pytest.mark.parametrize(
    ("records", "asked"),
    [
        pytest.param((), 1, id="none at all may be a silent cell's"),
        pytest.param((migration(1, status="done"),), 0, id="all have ended"),
        pytest.param(
            (migration(1, status="done"), migration(2, status="pre-migrating")), 1, id="one has not"
        ),
    ],
)
def test_records_that_have_ended_are_not_read_again_for_a_host_that_has_nobody(
    records: tuple[MigrationView, ...], asked: int
) -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        cloud.says |= {"guests": (), "migrations": records}
        first = await observer.look()
        cloud.asked.clear()
        second = await observer.look()
        assert cloud.count("migrations") == asked and second.migrations == first.migrations
        cloud.says["guests"] = (guest("g1"),)
        cloud.asked.clear()
        await observer.look()
        assert cloud.count("migrations") == 1, "somebody turned up"

    play(story)


def test_a_glance_is_at_the_host_alone() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        seen = await observer.look()
        await asyncio.sleep(0.5)
        cloud.says |= {"service": service(forced_down=True), "guests": ()}
        cloud.asked.clear()
        look = await observer.glance(seen)
        assert cloud.asked == [("service", "cmp1")]
        assert look.service == look.service_after == service(forced_down=True)
        assert (look.guests, look.migrations, look.at) == (seen.guests, seen.migrations, seen.at)
        assert look.host_at - look.asked_at == 500

    play(story)


def test_a_glance_takes_the_host_out_of_the_list_of_services_where_that_is_due() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        seen = await observer.look(PLACES)
        await asyncio.sleep(LISTED)
        cloud.says["services"] = services(service(updated_at="t9"), unwell={"nova-scheduler"})
        look = await observer.glance(seen, PLACES)
        assert cloud.count("services") == 2 and cloud.count("service") == 0
        assert look.service == service(updated_at="t9") and look.unwell == {"nova-scheduler"}
        assert look.computes is not None and look.computes.keys() == {"cmp1"}

    play(story)


def test_the_hosts_record_is_not_read_where_nothing_begins_that_depends_on_it() -> None:
    async def story(cloud: FakeCloud, observer: HostObserver) -> None:
        first = await observer.look(Wanted(row=False))
        assert cloud.count("service") == 1, "there is none that could be kept"
        await asyncio.sleep(2)
        look = await observer.look(Wanted(row=False))
        assert cloud.count("service") == 1 and look.service == first.service
        assert (look.asked_at - look.host_at, first.asked_at - first.host_at) == (2000, 0)
        assert (await observer.look()).row_at is None

    play(story)
