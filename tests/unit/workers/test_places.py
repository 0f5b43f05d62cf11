"""Where guests may go: what is read when, and that a refusal stops nothing that does not depend on it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, cast

import pytest

from kasugai.core.recovering.nova_views import (
    AggregateView,
    EvacuationView,
    GuestView,
    Needs,
    ServicesView,
    ServiceView,
)
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import PRODUCTION
from kasugai.sim.loop import run
from kasugai.workers.places import MOST, Places
from kasugai.workers.ports import Cloud, CloudAway, CloudRefused, CloudUnsure, LedgerAway, LedgerUnreadable
from tests.unit.core.makers import guest, service

FRESH = PRODUCTION.power_fresh / 1000
"""Seconds for which Placement's word is not asked for again."""
LISTED = PRODUCTION.report_interval / 1000
"""Seconds likewise for the list of services."""
SMALL, LARGE, ODD, OTHER = (Needs(resources=(("MEMORY_MB", mib), ("VCPU", 1))) for mib in (512, 4096, 7, 99))


def services(*computes: ServiceView, unwell: Collection[str] = ()) -> ServicesView:
    return ServicesView(computes=computes, unwell=frozenset(unwell))


class FakeCloud:
    """Answers what a `Cloud` is asked by Places, each after `takes` seconds, and remembers in which order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.says: dict[str, object] = {
            "services": services(service(), service(host="cmp2")),
            "aggregates": (AggregateView(aggregate_id=1, name="rack", hosts=frozenset({"cmp1"})),),
            "last_evacuation": EvacuationView(request="req-1", has_failed=True),
            "room": {"cmp2": 3},
            "guests": (),
            "guest": None,
            "migrations": (),
            "service": service(),
        }
        """By verb: the answer, or the exception; or such a thing by the argument."""
        self.takes: dict[str, float] = {}
        self.held: frozenset[Subject] | Exception = frozenset()
        """Whose leases somebody holds, or why nobody can say."""

    async def leased(self, subjects: Sequence[Subject]) -> frozenset[Subject]:
        """Return whose of these somebody holds."""
        if isinstance(self.held, Exception):
            raise self.held
        return self.held & frozenset(subjects)

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        async def ask(argument: object = None) -> Any:
            self.asked.append((verb, argument))
            await asyncio.sleep(self.takes.get(verb, 0.0))
            said = self.says[verb]
            found = said(argument) if callable(said) else said
            if isinstance(found, Exception):
                raise found
            return found

        return ask

    def count(self, verb: str) -> int:
        """Return how often it was asked."""
        return len([each for each, _ in self.asked if each == verb])


Story = Callable[[FakeCloud, Places], Awaitable[None]]


def play(story: Story) -> None:
    cloud = FakeCloud()
    run(_play(story, cloud), start=1000.0)


async def _play(story: Story, cloud: FakeCloud) -> None:
    await story(cloud, Places(cast("Cloud", cloud), PRODUCTION, cloud.leased))


def guests(*needs: Needs | None) -> list[GuestView]:
    return [guest(f"g{number}", needs=each) for number, each in enumerate(needs)]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_nothing_is_known_before_it_was_read() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        assert (places.computes, places.aggregates) == (None, None)
        assert (dict(places.room), places.unwell) == ({}, frozenset())
        assert cloud.asked == []

    play(story)


def test_the_list_of_services_is_due_at_first_and_when_nova_would_show_something_new() -> None:
    async def story(_: FakeCloud, places: Places) -> None:
        assert places.is_due()
        found = await places.list()
        assert found.keys() == {"cmp1", "cmp2"} and places.computes == found
        await asyncio.sleep(LISTED - 0.5)
        assert not places.is_due()
        await asyncio.sleep(0.5)
        assert places.is_due()

    play(story)


def test_hosts_that_nova_believes_alive_are_looked_up_among_those_that_workers_are_at_work_on() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        living = [service(host=host, is_up=True) for host in ("cmp2", "cmp3")]
        cloud.says["services"] = services(service(host="cmp4", is_up=False), *living)
        cloud.held = frozenset({host_subject("cmp2"), host_subject("cmp4"), host_subject("other")})
        await places.list()
        assert places.recovering == {"cmp2"}
        cloud.held = frozenset()
        await places.list()
        assert places.recovering == frozenset()

    play(story)


@pytest.mark.parametrize("silence", [LedgerAway("no answer"), LedgerUnreadable("not ours")])
def test_a_ledger_that_does_not_say_stops_no_look(
    silence: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        cloud.says["services"] = services(service(host="cmp2", is_up=True))
        cloud.held = silence
        assert (await places.list()).keys() == {"cmp2"}
        assert places.recovering == frozenset()

    play(story)
    (line,) = warnings(caplog)
    assert line == f"which other hosts are being recovered is not known: {silence}"


def test_a_refusal_of_aggregates_counts_as_none_where_they_mark_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        await places.ask_for_aggregates(needed=True)
        assert places.aggregates is not None and [each.name for each in places.aggregates] == ["rack"]
        cloud.says["aggregates"] = CloudRefused(
            403, "Policy doesn't allow os_compute_api:os-aggregates:index"
        )
        await places.ask_for_aggregates(needed=False)
        assert places.aggregates == ()
        with pytest.raises(CloudRefused):
            await places.ask_for_aggregates(needed=True)

    play(story)
    (line,) = warnings(caplog)
    assert line.startswith("aggregates are not known; Nova says: 403 ") and "os-aggregates:index" in line


@pytest.mark.parametrize("ask", [Places.list, partial(Places.ask_for_aggregates, needed=False)])
def test_a_nova_that_is_away_is_for_the_look_to_wait_for(ask: Callable[[Places], Awaitable[object]]) -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        cloud.says |= dict.fromkeys(("services", "aggregates"), CloudAway("no answer"))
        with pytest.raises(CloudAway):
            await ask(places)

    play(story)


def test_what_does_not_answer_is_unwell_until_it_does() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        for silent in ({"nova-scheduler"}, {"nova-conductor"}, set[str]()):
            cloud.says["services"] = services(unwell=silent)
            await places.list()
            assert places.unwell == silent

    play(story)


def test_novas_account_of_an_evacuation_is_not_known_where_it_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        assert await places.evacuation("g1") == EvacuationView(request="req-1", has_failed=True)
        cloud.says["last_evacuation"] = CloudRefused(403, "no")
        assert await places.evacuation("g1") is None
        assert cloud.asked == [("last_evacuation", "g1")] * 2

    play(story)
    assert warnings(caplog) == ["instance actions are not known; Nova says: 403 no"]


def test_placement_is_asked_once_for_guests_that_need_the_same() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        await places.ask_for_room(guests(SMALL, SMALL, LARGE, None))
        assert sorted(cloud.asked, key=str) == sorted([("room", SMALL), ("room", LARGE)], key=str)
        assert places.room == {SMALL: {"cmp2": 3}, LARGE: {"cmp2": 3}}

    play(story)


def test_placement_is_asked_again_when_its_word_is_old_or_a_guest_needs_something_else() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        await places.ask_for_room(guests(SMALL))
        cloud.says["room"] = {"cmp2": 2}
        await asyncio.sleep(FRESH - 0.5)
        await places.ask_for_room(guests(SMALL))
        assert cloud.count("room") == 1 and places.room[SMALL] == {"cmp2": 3}
        first = places.room_at
        await asyncio.sleep(0.5)
        await places.ask_for_room(guests(SMALL))
        assert cloud.count("room") == 2 and places.room[SMALL] == {"cmp2": 2}
        assert places.room_at - first == FRESH * 1000
        await places.ask_for_room(guests(SMALL, LARGE))
        assert cloud.count("room") == 4 and places.room.keys() == {SMALL, LARGE}
        await places.ask_for_room(guests(LARGE))
        assert cloud.count("room") == 4
        await places.ask_for_room(guests(OTHER))
        assert places.room.keys() == {OTHER}, "an old answer would get a new time"

    play(story)


def test_no_more_than_so_many_needs_are_asked_about() -> None:
    needs = [Needs(resources=(("MEMORY_MB", 1000 + number),)) for number in range(MOST + 4)]

    async def story(cloud: FakeCloud, places: Places) -> None:
        for _ in range(3):
            await places.ask_for_room(guests(*needs))
            await asyncio.sleep(1)
        assert MOST == 16
        assert cloud.asked == [("room", each) for each in needs[:16]]
        assert list(places.room) == needs[:16]

    play(story)


def test_without_the_right_placement_is_asked_once_and_nova_chooses(caplog: pytest.LogCaptureFixture) -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        cloud.says["room"] = CloudRefused(403, "Policy does not allow this")
        for _ in range(3):
            await places.ask_for_room(guests(SMALL))
            await asyncio.sleep(FRESH)
        assert cloud.count("room") == 1
        assert (dict(places.room), places.unwell) == ({}, frozenset())

    play(story)
    (line,) = warnings(caplog)
    assert "403 Policy does not allow this" in line
    assert "placement:allocation_candidates:list" in line and "os-hypervisors:list-detail" in line


@pytest.mark.parametrize("trouble", [CloudAway("503"), CloudUnsure("500")])
def test_a_placement_that_is_away_is_unwell_and_what_it_said_forgotten(
    caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        cloud.says["services"] = services(unwell={"nova-conductor"})
        await places.list()
        await places.ask_for_room(guests(SMALL))
        cloud.says["room"] = trouble
        await asyncio.sleep(FRESH)
        await places.ask_for_room(guests(SMALL))
        assert dict(places.room) == {} and places.unwell == {"nova-conductor", "placement"}
        await places.list()
        assert places.unwell == {"nova-conductor", "placement"}, "Nova's word says nothing about Placement"
        cloud.says["room"] = {"cmp3": 1}
        await asyncio.sleep(LISTED - 0.5)
        await places.ask_for_room(guests(SMALL))
        assert cloud.count("room") == 2, "each question may hang for as long as a client waits"
        await asyncio.sleep(0.5)
        await places.ask_for_room(guests(SMALL))
        assert places.room == {SMALL: {"cmp3": 1}} and places.unwell == {"nova-conductor"}

    play(story)
    assert warnings(caplog) == [f"Placement does not answer: {trouble}"]


def test_a_placement_that_answers_with_a_refusal_is_there_again() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        cloud.says["room"] = CloudAway("503")
        await places.ask_for_room(guests(SMALL))
        assert places.unwell == {"placement"}
        cloud.says["room"] = CloudRefused(403, "no")
        await asyncio.sleep(LISTED)
        await places.ask_for_room(guests(SMALL))
        assert places.unwell == frozenset()

    play(story)


def test_what_a_refused_placement_said_before_is_not_believed_for_ever() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        await places.ask_for_room(guests(SMALL))
        cloud.says["room"] = CloudRefused(403, "no")
        await asyncio.sleep(FRESH)
        await places.ask_for_room(guests(SMALL))
        assert dict(places.room) == {}

    play(story)


def test_guests_whose_needs_nobody_knows_say_nothing_about_placement() -> None:
    async def story(cloud: FakeCloud, places: Places) -> None:
        cloud.says["room"] = CloudAway("503")
        await places.ask_for_room(guests(SMALL))
        await asyncio.sleep(FRESH)
        await places.ask_for_room(guests(None))
        assert places.unwell == {"placement"} and cloud.count("room") == 1

    play(story)


def test_needs_that_placement_does_not_understand_leave_the_others_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A flavor that names a trait or a class which Placement does not know: 400."""

    def judge(needs: object) -> Mapping[str, int] | Exception:
        return CloudRefused(400, "No such trait(s): CUSTOM_GONE.") if needs == ODD else {"cmp2": 3}

    async def story(cloud: FakeCloud, places: Places) -> None:
        cloud.says["room"] = judge
        for _ in range(3):
            await places.ask_for_room(guests(ODD, SMALL))
            await asyncio.sleep(FRESH)
        assert places.room == {SMALL: {"cmp2": 3}}
        assert cloud.asked.count(("room", ODD)) == 1 and cloud.asked.count(("room", SMALL)) == 3

    play(story)
    (line,) = warnings(caplog)
    assert "CUSTOM_GONE" in line and "MEMORY_MB:7" in line
