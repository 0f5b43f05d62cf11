"""The last lines before a call to the world: each of them keeps a call back that nobody could answer for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from kasugai.core.recovering.calls import Custom
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin
from kasugai.core.recovering.steps import kinds
from kasugai.core.recovering.steps.evacuate import EVACUATE
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import PRODUCTION, BrokerTime, Millis
from kasugai.core.words.verdicts import Reason
from kasugai.sim.lab.broker import Broker
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.loop import run
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.effects import Halted, Tools, carry_out
from kasugai.workers.journal import Journal
from kasugai.workers.ports import CustomSteps, Lease, LeaseLost
from tests.unit.workers.test_fencing import HeardLog

INCIDENT = UUID(int=7)
STEP = Step(action=Action.EVACUATE, subject="g1", name="web")
ORDER = Open(
    incident=INCIDENT,
    n=1,
    attempt=1,
    segment="s1",
    subject=host_subject("cmp1"),
    host_uuid="",
    decided_at=BrokerTime(0),
    opened_at=BrokerTime(0),
    asserted_at=None,
    policy=Policy(),
)


class SlowLog(HeardLog):
    """Takes its time over a publication, and may call something meanwhile."""

    def __init__(self) -> None:
        super().__init__(Broker())
        self.takes = 0.0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def publish(self, fact: Any) -> Stamp:
        """Publish late."""
        await asyncio.sleep(self.takes)
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().publish(fact)


class Scene:
    """An owner that is about to evacuate one guest."""

    def __init__(self, lease: Millis) -> None:
        self.log = SlowLog()
        self.ledger = MemoryLedger(ttl=lease)
        self.called: list[str] = []
        self.custom: CustomSteps = {}
        self.begin = Begin(
            step=STEP,
            record=StepRecord(
                action=STEP.action, subject=STEP.subject, state=StepState.STARTED, epoch=1, attempt=1, tries=1
            ),
        )

    async def own(self) -> Lease:
        """Become the owner."""
        lease = await self.ledger.acquire(host_subject("cmp1"), "w1")
        assert lease is not None
        self.lease = lease
        self.journal = Journal(
            self.log, self.ledger, lease, Entry(incident=INCIDENT, subject=host_subject("cmp1")), "s1"
        )
        await self.journal.adopt(ORDER, 1)
        return lease

    async def carry_out(self) -> int | None:
        """Carry the evacuation out on a look of now."""

        async def evacuate(guest: str, target: str) -> None:
            self.called.append(guest)

        async def confirm(guest: str) -> None:
            self.called.append(guest)

        tools = Tools(
            cloud=cast("Any", SimpleNamespace(evacuate=evacuate, confirm_migration=confirm)),
            power=cast("Any", None),
            ledger=self.ledger,
            lease=self.lease,
            journal=self.journal,
            timing=PRODUCTION,
            custom=self.custom,
        )
        now = monotonic_ms()
        return await carry_out(tools, ORDER, self.begin, Look(at=now, nova_at=now))

    @property
    def said(self) -> list[tuple[FactKind, str]]:
        """What stands in the log, with the reasons of steps."""
        return [(f.kind, f.step.reason if f.step else "") for f in self.log.facts_heard[1:]]

    async def stop(self) -> None:
        """Set the stop flag."""
        await self.ledger.flag(
            host_subject("cmp1"), INCIDENT, Flag(said_at=BrokerTime(0), offset=1, stop=True)
        )


def play(story: Callable[[Scene], Awaitable[None]], *, lease: Millis = PRODUCTION.lease) -> None:
    """Play a story with an owner."""

    async def main() -> None:
        scene = Scene(lease)
        await scene.own()
        await story(scene)

    run(main())


def test_an_intent_is_recorded_and_then_called_once() -> None:
    async def story(scene: Scene) -> None:
        assert await scene.carry_out() is not None
        assert scene.said == [(FactKind.STARTED, "")]
        assert scene.called == ["g1"]

    play(story)


def test_under_a_stop_nothing_is_even_intended() -> None:
    async def story(scene: Scene) -> None:
        await scene.stop()
        with pytest.raises(Halted):
            await scene.carry_out()
        assert (scene.said, scene.called) == ([], [])

    play(story)


def test_what_ends_what_was_begun_is_called_also_under_a_stop_and_never_without_the_lease() -> None:
    async def story(scene: Scene) -> None:
        step = replace(STEP, action=Action.CONFIRM_COLD)
        scene.begin = Begin(step=step, record=replace(scene.begin.record, action=step.action))
        await scene.stop()
        assert await scene.carry_out() is not None
        assert (scene.said, scene.called) == ([(FactKind.STARTED, "")], ["g1"])
        await scene.ledger.release(scene.lease)
        with pytest.raises(LeaseLost):
            await scene.carry_out()
        assert scene.called == ["g1"]

    play(story)


def test_a_stop_that_overtakes_the_intent_keeps_the_call_back() -> None:
    async def story(scene: Scene) -> None:
        scene.log.meanwhile = scene.stop
        with pytest.raises(Halted):
            await scene.carry_out()
        assert scene.said == [(FactKind.STARTED, ""), (FactKind.ABSOLVED, "stopped")]
        assert scene.called == []

    play(story)


def test_a_look_that_grew_old_while_the_intent_was_recorded_is_not_acted_upon() -> None:
    """Kafka took longer than Nova's word stays fresh: look again first."""

    async def story(scene: Scene) -> None:
        scene.log.takes = PRODUCTION.stale_after / 1000 + 1
        await scene.carry_out()
        assert scene.said == [(FactKind.STARTED, ""), (FactKind.ABSOLVED, "late")]
        assert scene.called == []

    play(story, lease=Millis(60_000))


def test_a_lease_that_is_about_to_end_is_as_good_as_lost() -> None:
    """Nothing is recorded about the intent: whoever comes next must take the call for sent."""

    async def story(scene: Scene) -> None:
        scene.log.takes = (PRODUCTION.lease - PRODUCTION.margin) / 1000 + 0.5
        with pytest.raises(LeaseLost, match=r"only 2\.5 s of the lease on cmp1 left"):
            await scene.carry_out()
        assert scene.said == [(FactKind.STARTED, "")]
        assert scene.called == []

    play(story)


def test_whose_lease_has_ended_says_nothing_any_more() -> None:
    async def story(scene: Scene) -> None:
        await asyncio.sleep(PRODUCTION.lease / 1000)
        with pytest.raises(LeaseLost, match="ended unrenewed"):
            await scene.journal.answer(ORDER, FactKind.HELD, Reason.STOPPED)
        assert scene.said == []

    play(story)


def test_a_call_at_a_door_that_this_worker_lacks_is_absolved_and_nobody_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    knocking = replace(EVACUATE, effect=lambda order, begin, look: Custom(door="dns"))
    monkeypatch.setattr(kinds, "KINDS", {knocking.action: knocking})

    async def story(scene: Scene) -> None:
        assert await scene.carry_out() is None
        assert scene.said == [(FactKind.STARTED, ""), (FactKind.ABSOLVED, "no-door")]
        assert "this worker has no step 'dns'" in scene.log.facts_heard[-1].detail
        assert scene.called == []

    play(story)


def test_an_added_door_is_knocked_at_once_with_what_the_step_says(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = FrozenMap({"name": "web"})
    knocking = replace(EVACUATE, effect=lambda order, begin, look: Custom(door="dns", payload=payload))
    monkeypatch.setattr(kinds, "KINDS", {knocking.action: knocking})

    async def story(scene: Scene) -> None:
        class Dns:
            async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
                return "absent", ""

            async def act(self, about: Mapping[str, str]) -> None:
                scene.called.append(about["name"])

        scene.custom = {"dns": Dns()}
        assert await scene.carry_out() is not None
        assert (scene.said, scene.called) == ([(FactKind.STARTED, "")], ["web"])

    play(story)


def test_only_what_correlate_hears_tells_of_black_holes() -> None:
    async def story(scene: Scene) -> None:
        notes = FrozenMap({"failed_on": "cmp2"})
        failed = {
            f"evacuate:g{n}": replace(
                scene.begin.record, subject=f"g{n}", state=StepState.ABSOLVED, notes=notes
            )
            for n in (1, 2)
        }
        scene.journal.entry = replace(scene.journal.entry, steps=failed)
        await scene.journal.step(ORDER, STEP, FactKind.ABSOLVED, failed["evacuate:g1"])
        await scene.journal.working(ORDER)
        await scene.journal.answer(ORDER, FactKind.HELD, Reason.NO_CAPACITY)
        assert [f.black_holes for f in scene.log.facts_heard[1:]] == [(), ("cmp2",), ("cmp2",)]

    play(story)


def test_an_owner_that_is_answering_does_not_say_that_it_works_any_more() -> None:
    """The answer is the last fact of an ownership: a `working` after it would be about an incident that is closed."""

    async def story(scene: Scene) -> None:
        async def working() -> None:
            scene.log.meanwhile = None
            await scene.journal.working(ORDER)

        await scene.journal.working(ORDER)
        scene.log.meanwhile = working
        await scene.journal.answer(ORDER, FactKind.HELD, Reason.STOPPED)
        await scene.journal.working(ORDER)
        assert [kind for kind, _ in scene.said] == [FactKind.WORKING, FactKind.HELD]

    play(story)
