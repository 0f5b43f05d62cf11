"""What cannot be read about one host holds that host by name, and neither ends the worker nor keeps others waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from kasugai.core.recovering.doors import Folded, Lease, LedgerAway, LedgerUnreadable
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Stop
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason
from kasugai.sim.lab.broker import RECOVERY
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.loop import run
from kasugai.workers.lane import UNREADABLE_OFTEN
from tests.support.ledgers import KEYS, LIES
from tests.unit.workers.test_fencing import Scene, Slow

HOST = host_subject("cmp1")
NEWER = b"\0\0\0\x27\x0fof the future"


def told(scene: Scene) -> list[tuple[str, str]]:
    """Return the answers and their reasons."""
    return [(fact.result or fact.kind, fact.reason) for fact in scene.log.facts_heard if fact.kind.is_answer]


def stop(scene: Scene) -> None:
    """Tell the worker to stop the host's incident, which nobody owns."""
    now = BrokerTime(scene.broker.now())
    order = Stop(
        incident=UUID(int=7), n=1, attempt=1, segment="s1", subject=HOST, decided_at=now, reason="cancelled"
    )
    scene.pool.take(order, Stamp(partition=0, offset=7, at=now))


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    """Play it once Nova's record of the silent host is old enough; no lane may have ended by a bug."""

    async def main() -> None:
        scene = Scene(Slow())
        await asyncio.sleep(30)
        await story(scene)
        assert scene.pool.failed() is None
        await scene.pool.close()

    run(main(), start=1000.0)


def test_a_newer_record_holds_its_host_and_frees_the_only_place_for_the_next() -> None:
    async def story(scene: Scene) -> None:
        scene.broker.append(RECOVERY, "cmp1", NEWER)
        scene.order()
        await scene.until(lambda: len(told(scene)) == 1)
        assert told(scene) == [(FactKind.HELD, Reason.LOG_UNREADABLE)]
        assert "written by a newer Kasugai" in scene.log.facts_heard[-1].detail
        assert scene.log.kinds() == [FactKind.ADOPTED, FactKind.HELD]
        scene.order(subject=host_subject("cmp2"), number=8)
        await scene.until(lambda: len(told(scene)) == 2)

    play(story)


def test_a_hold_beside_the_ledger_hides_nothing_from_who_can_read_it() -> None:
    """Facts of lower epochs that the ledger has not seen yet would be outdated for it ever after."""

    async def story(scene: Scene) -> None:
        before = await scene.ledger.load(HOST)
        scene.broker.append(RECOVERY, "cmp1", NEWER)
        scene.order()
        await scene.until(lambda: len(told(scene)) == 1)
        assert await scene.ledger.load(HOST) == before
        assert not await scene.ledger.is_leased(HOST)

    play(story)


def test_a_hold_stands_above_all_epochs_that_can_be_read() -> None:
    """Or correlate would take it for a fenced owner's."""

    async def story(scene: Scene) -> None:
        lease = await scene.ledger.acquire(HOST, "another")
        assert lease is not None
        await scene.ledger.adopt(lease, 6)
        await scene.ledger.release(lease)
        scene.broker.append(RECOVERY, "cmp1", NEWER)
        scene.order()
        await scene.until(lambda: len(told(scene)) == 1)
        assert {fact.epoch for fact in scene.log.facts_heard} == {7}

    play(story)


def test_a_stop_that_nobody_can_judge_is_no_withdrawal() -> None:
    async def story(scene: Scene) -> None:
        scene.broker.append(RECOVERY, "cmp1", NEWER)
        stop(scene)
        await scene.until(lambda: len(told(scene)) == 1)
        assert told(scene) == [(FactKind.HELD, Reason.LOG_UNREADABLE)]

    play(story)


@pytest.mark.parametrize("what", KEYS)
def test_what_nobody_can_read_in_mid_recovery_costs_an_epoch_and_no_second_call(what: str) -> None:
    async def story(scene: Scene) -> None:
        scene.order()
        await scene.until(lambda: any(f.step and f.step.action == "evacuate" for f in scene.log.facts_heard))
        scene.ledger.spoil(HOST, what)
        await scene.until(lambda: bool(told(scene)))
        assert told(scene)[0][0] == Result.RECOVERED
        assert sum(request.action == "evacuate" for request in scene.cloud.wire.requests) == 1

    play(story)


@pytest.mark.parametrize("what", LIES)
def test_what_reads_well_and_is_wrong_in_mid_recovery_hides_no_call_from_the_next_owner(what: str) -> None:
    """An owner under an epoch that nobody believes would be nobody's: what it did would be done again by the next."""

    async def story(scene: Scene) -> None:
        scene.order()
        await scene.until(lambda: any(f.step and f.step.action == "evacuate" for f in scene.log.facts_heard))
        scene.ledger.spoil(HOST, "lease")
        scene.ledger.lie(HOST, what)
        await scene.until(lambda: bool(told(scene)))
        assert told(scene)[0][0] == Result.RECOVERED
        assert sum(request.action == "evacuate" for request in scene.cloud.wire.requests) == 1
        assert {fact.epoch for fact in scene.log.facts_heard} == {1, 2}
        assert (await scene.ledger.load(HOST)).epoch == 2

    play(story)


def test_a_hold_stands_above_no_epoch_that_nobody_believes() -> None:
    async def story(scene: Scene) -> None:
        lease = await scene.ledger.acquire(HOST, "another")
        assert lease is not None
        await scene.ledger.adopt(lease, 6)
        await scene.ledger.release(lease)
        scene.ledger.lie(HOST, "epoch")
        scene.broker.append(RECOVERY, "cmp1", NEWER)
        scene.order()
        await scene.until(lambda: len(told(scene)) == 1)
        assert told(scene) == [(FactKind.HELD, Reason.LOG_UNREADABLE)]
        assert {fact.epoch for fact in scene.log.facts_heard} == {1}

    play(story)


def test_a_ledger_that_stays_unreadable_holds_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(ledger: MemoryLedger, lease: Lease, folded: Folded, *, doubted: int | None) -> None:
        refused.append(lease)
        raise LedgerUnreadable("somebody goes on writing there")

    async def story(scene: Scene) -> None:
        monkeypatch.setattr(MemoryLedger, "save", refuse)
        scene.order()
        await scene.until(lambda: bool(told(scene)))
        assert told(scene) == [(FactKind.HELD, Reason.LEDGER_UNREADABLE)]
        assert len(refused) == UNREADABLE_OFTEN
        assert not await scene.ledger.is_leased(HOST)

    refused = list[Lease]()
    play(story)


def test_a_bug_in_a_takeover_is_one_host_s_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(scene: Scene) -> None:
        sound = MemoryLedger.load

        async def load(ledger: MemoryLedger, subject: Subject) -> Folded:
            if not scene.log.facts_heard and not loaded:
                loaded.append(subject)
                raise ValueError("a bug")
            return await sound(ledger, subject)

        monkeypatch.setattr(MemoryLedger, "load", load)
        scene.order()
        await scene.until(lambda: bool(told(scene)))
        assert told(scene) == [(FactKind.HELD, Reason.POISON)]
        assert scene.log.facts_heard[-1].detail == "ValueError: a bug"

    loaded = list[Subject]()
    play(story)


@pytest.mark.parametrize("trouble", [LedgerAway("away"), LedgerUnreadable("not ours")])
def test_a_stop_s_flag_is_tried_until_it_is_kept(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    async def story(scene: Scene) -> None:
        sound = MemoryLedger.flag

        async def flag(*given: object) -> None:
            if not tried:
                tried.append(1)
                raise trouble
            await sound(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(MemoryLedger, "flag", flag)
        stop(scene)
        await scene.until(lambda: bool(told(scene)))
        kept = await scene.ledger.stopped(HOST, UUID(int=7))
        assert kept is not None and kept.stop

    tried = list[int]()
    play(story)
