"""A look at a guest, and at a process's host: what it asks for, and what many owners of one host share."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Wait
from kasugai.core.recovering.nova_views import ActionView, AggregateView, By, ImageView
from kasugai.core.words.facts import StepState
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import INCIDENT_KINDS, Kind, Subject, host_subject
from kasugai.core.words.timing import PRODUCTION, MonoTime, NovaTime
from kasugai.sim.loop import run
from kasugai.workers.calling import NO_STORAGE
from kasugai.workers.observe_guest import GuestObserver
from kasugai.workers.observers import OBSERVERS, Sights, observer_of
from kasugai.workers.observing import Observer, Wanted
from kasugai.workers.places import Leased
from kasugai.workers.ports import Cloud, CloudAway, CloudRefused
from kasugai.workers.shared_reads import FEW, SharedReads
from tests.unit.core.makers import guest, order, record, service
from tests.unit.workers.test_observe_host import NoPower
from tests.unit.workers.test_places import FakeCloud

STOPPED = ActionView(action="stop", by=By.OTHERS, request="req-1", began_at=NovaTime(0))
RACK = AggregateView(aggregate_id=1, name="rack", hosts=frozenset({"cmp1"}))
ENTRY = Entry(incident=UUID(int=1))
WAIT = Wait(until=MonoTime(0), reads=frozenset({"g9"}))


def instance(uuid: str = "g1", host: str = "cmp1") -> Subject:
    return Subject(kind=Kind.INSTANCE, host=host, detail=uuid)


PROCESS = Subject(kind=Kind.PROCESS, host="cmp1", detail="nova-compute")


def play(story: Callable[[FakeCloud, Callable[[Subject], Observer]], Awaitable[None]]) -> None:
    async def main() -> None:
        cloud = FakeCloud()
        cloud.says |= {
            "guest": guest,
            "actions": (STOPPED,),
            "image": ImageView(tags=("amphora",)),
            "project_tags": ("left",),
            "aggregates": (RACK,),
        }
        shared = SharedReads(cast("Cloud", cloud))
        sights = Sights(
            cloud=cast("Cloud", cloud),
            power=NoPower(),
            storage=NO_STORAGE,
            timing=PRODUCTION,
            shared=shared,
            leased=cloud.leased,
        )
        await asyncio.wait_for(story(cloud, lambda subject: observer_of(subject, sights)), 600)

    run(main(), start=1000.0)


def asked(cloud: FakeCloud) -> list[tuple[str, Any]]:
    return sorted(cloud.asked, key=str)


def test_every_kind_of_incident_has_somebody_who_looks() -> None:
    assert OBSERVERS.keys() == set(INCIDENT_KINDS)


def test_a_plan_for_a_guest_takes_three_requests() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        observer = observer_for(instance())
        opened = order(policy=Policy(restart_all=True))
        look = await observer.look(observer.first(opened, ENTRY, has_plan=False))
        assert asked(cloud) == [("actions", "g1"), ("guest", "g1"), ("service", "cmp1")]
        assert look.read == {"g1": guest("g1")} and look.service == service()
        assert look.actions == (STOPPED,) and not look.guests and look.at == look.nova_at == 1_000_000
        assert (look.aggregates, look.computes, dict(look.room)) == (None, None, {})

    play(story)


def test_no_owner_of_a_guest_or_a_process_asks_what_only_hosts_need() -> None:
    opened = order(policy=Policy(evacuate_all=False, add_reserve_to_aggregates=True))

    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        for subject in (instance(), PROCESS):
            observer = observer_for(subject)
            for wanted in (
                observer.first(opened, ENTRY, has_plan=False),
                observer.first(opened, ENTRY, has_plan=True),
                observer.then(opened, ENTRY, WAIT),
            ):
                assert not (wanted.places or wanted.aggregates or wanted.guests)
                await observer.look(wanted)
            observer.forget_power()
            assert await observer.peek() is None
            assert (observer.has_device, observer.road, observer.paced) == (False, None, False)
        assert {verb for verb, _ in cloud.asked} == {"guest", "service", "actions", "aggregates"}

    play(story)


def test_a_process_is_looked_at_by_its_hosts_service_alone() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        observer = observer_for(PROCESS)
        look = await observer.look(observer.first(order(), ENTRY, has_plan=False))
        assert asked(cloud) == [("service", "cmp1")]
        assert look == Look(at=MonoTime(1_000_000), nova_at=MonoTime(1_000_000), service=service())

    play(story)


def test_what_the_policy_asks_about_is_read_for_the_plan_and_kept() -> None:
    policy = Policy(exclude_project_tags=("left",), exclude_image_tags=("amphora",))

    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.says["guest"] = lambda uuid: guest(uuid, project="p1", image="i1")
        observer = observer_for(instance())
        opened = order(policy=policy)
        await observer.look(observer.first(opened, ENTRY, has_plan=False))
        look = await observer.look(observer.then(opened, ENTRY, WAIT))
        assert look.project_tags == {"p1": ("left",)} and look.images == {"i1": ImageView(tags=("amphora",))}
        assert look.aggregates == (RACK,)
        for verb in ("project_tags", "image", "aggregates"):
            assert cloud.count(verb) == 1

    play(story)


def test_words_that_are_waited_for_are_read_later_and_other_hosts_too() -> None:
    policy = Policy(exclude_image_tags=("amphora",))
    wait = Wait(until=MonoTime(0), hosts=frozenset({"cmp2"}), words=True)

    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.says["guest"] = lambda uuid: guest(uuid, project="p1", image="i1")
        cloud.says["service"] = lambda host: service(host=host)
        observer = observer_for(instance())
        look = await observer.look(observer.then(order(policy=policy), ENTRY, wait))
        assert look.others == {"cmp2": service(host="cmp2")}
        assert look.project_tags == {"p1": ("left",)} and look.images.keys() == {"i1"}

    play(story)


def test_aggregates_that_mark_guests_and_are_not_shown_are_no_answer() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.says["aggregates"] = CloudRefused(403, "no")
        with pytest.raises(CloudRefused):
            await observer_for(instance()).look(Wanted(marks=True))

    play(story)


@pytest.mark.parametrize(("task", "asked_for"), [("powering-off", 0), (None, 1)])
def test_while_a_call_is_under_way_its_account_waits_for_the_end_of_the_task(
    task: str | None, asked_for: int
) -> None:
    begun = replace(ENTRY, steps={"stop:g1": record("stop:g1", StepState.STARTED)})
    wait = Wait(until=MonoTime(0), actions=True)

    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.says["guest"] = guest("g1", task_state=task)
        observer = observer_for(instance())
        look = await observer.look(observer.then(order(), begun, wait))
        assert cloud.count("actions") == asked_for and (look.actions is not None) is bool(asked_for)
        look = await observer.look(observer.then(order(), ENTRY, wait))
        assert cloud.count("actions") == asked_for + 1 and look.actions == (STOPPED,)

    play(story)


def test_a_guest_that_is_gone_is_told_as_gone() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.says |= {"guest": None, "actions": ()}
        look = await observer_for(instance()).look(Wanted(actions=True, images=True))
        assert look.read == {"g1": None} and look.actions == ()

    play(story)


def test_who_sees_a_guest_stopped_sees_its_users_word_too() -> None:
    """Its user stops it while the look waits for the request that is on its way."""
    created = replace(STOPPED, action="create", request="req-0")
    words = [created]

    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        def read(uuid: object) -> Any:
            return guest("g1", vm_state="stopped" if STOPPED in words else "active")

        cloud.takes["guest"] = 2.0
        cloud.says |= {"guest": read, "actions": lambda _: tuple(words)}
        observer = observer_for(instance())
        early = asyncio.create_task(observer.look(Wanted()))
        await asyncio.sleep(1.0)
        late = asyncio.create_task(observer.look(Wanted(actions=True)))
        await asyncio.sleep(0.5)
        words.insert(0, STOPPED)
        look = await late
        seen = look.read["g1"]
        assert seen is not None and seen.vm_state == "stopped" and look.actions == (STOPPED, created)
        await early

    play(story)


async def looks(observer_for: Callable[[Subject], Observer], numbers: range) -> list[Look]:
    """Look at so many guests of one host in one moment."""
    observers = [observer_for(instance(f"g{number}")) for number in numbers]
    return list(await asyncio.gather(*(observer.look(Wanted()) for observer in observers)))


def test_looks_at_many_guests_of_one_host_are_one_list_and_one_service() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.says["guests"] = tuple(guest(f"g{number}") for number in range(64))
        found = await looks(observer_for, range(64))
        assert asked(cloud) == [("guests", "cmp1"), ("service", "cmp1")]
        assert [look.read for look in found] == [{f"g{number}": guest(f"g{number}")} for number in range(64)]

    play(story)


def test_few_are_read_by_id_and_so_is_who_is_not_on_the_list() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        await looks(observer_for, range(FEW))
        assert (cloud.count("guest"), cloud.count("guests")) == (FEW, 0)
        cloud.says |= {
            "guests": tuple(guest(f"g{number}") for number in range(1, 9)),
            "guest": lambda uuid: guest(uuid, host="cmp7"),
        }
        found = await looks(observer_for, range(9))
        assert (cloud.count("guest"), cloud.count("guests")) == (FEW + 1, 1)
        assert found[0].read == {"g0": guest("g0", host="cmp7")}, "it was moved"

    play(story)


def test_a_look_answers_for_nothing_that_was_asked_before_it() -> None:
    """Who asks while a list is on its way gets another one: what he has called meanwhile is not in the first."""

    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.takes["guests"] = 2.0
        sent: list[float] = []

        def listed(_: object) -> tuple[Any, ...]:
            sent.append(asyncio.get_running_loop().time() - 2.0)
            return tuple(guest(f"g{number}", name=str(len(sent))) for number in range(20))

        cloud.says["guests"] = listed
        early = asyncio.create_task(looks(observer_for, range(10)))
        await asyncio.sleep(1.0)
        late = await looks(observer_for, range(10, 20))
        assert sent == [1000.0, 1002.0]
        for look in await early:
            assert look.at == 1_000_000 and next(iter(look.read.values())) is not None
        for look in late:
            (seen,) = look.read.values()
            assert look.at == 1_001_000 and seen is not None and seen.name == "2"

    play(story)


def test_what_is_wrong_with_one_guest_concerns_no_other() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.says["guest"] = lambda uuid: CloudAway("half a server") if uuid == "g1" else guest(uuid)
        observers = [observer_for(instance(uuid)) for uuid in ("g1", "g2")]
        first, second = await asyncio.gather(
            *(observer.look(Wanted()) for observer in observers), return_exceptions=True
        )
        assert isinstance(first, CloudAway)
        assert isinstance(second, Look) and second.read == {"g2": guest("g2")}

    play(story)


def test_another_host_is_looked_at_with_who_is_at_work_on_it() -> None:
    async def story(cloud: FakeCloud, observer_for: Callable[[Subject], Observer]) -> None:
        cloud.held = frozenset({host_subject("cmp2")})
        observer = observer_for(instance())
        look = await observer.look(Wanted(hosts=frozenset({"cmp2", "cmp3"})))
        assert look.others.keys() == {"cmp2", "cmp3"} and look.recovering == {"cmp2"}
        assert (await observer.look(Wanted())).recovering == frozenset()

    play(story)


def test_nobody_who_looks_at_a_guest_reads_power() -> None:
    shared, leased = cast("SharedReads", None), cast("Leased", None)
    observer = GuestObserver(instance(), cast("Cloud", FakeCloud()), shared, leased)
    assert observer.has_device is False
