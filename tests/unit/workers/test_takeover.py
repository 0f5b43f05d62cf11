"""A new owner knows what log and ledger know together, whatever either of them has lost."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from kasugai.core.recovering.doors import Lease
from kasugai.core.recovering.ledger import Entry, fold
from kasugai.core.words.facts import Fact, FactKind, StepState
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import Millis
from kasugai.sim.lab.broker import RECOVERY, Broker
from kasugai.sim.lab.doors import SimLog
from kasugai.sim.lab.mortal import Counter, Process
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.loop import run
from kasugai.workers.takeover import fold_log, highest_epoch
from tests.unit.core.makers import fact, record

HOST = host_subject("cmp1")
ONE, TWO = UUID(int=1), UUID(int=2)
BEGUN = fact(FactKind.STARTED, host="cmp1", incident=ONE, epoch=3, step=record("evacuate:g1", tries=1))
NEWER = b"\0\0\0\x27\x0fof the future"

ADOPTED = replace(BEGUN, kind=FactKind.ADOPTED, step=None)
Story = Callable[[Broker, SimLog, MemoryLedger], Awaitable[None]]


def play(story: Story) -> None:
    async def main() -> None:
        broker = Broker()
        log = SimLog(broker, Process("worker", Counter(), lambda _: None))
        await story(broker, log, MemoryLedger(ttl=Millis(10_000)))

    run(main())


async def own(ledger: MemoryLedger, owner: str) -> Lease:
    lease = await ledger.acquire(HOST, owner)
    assert lease is not None
    return lease


def say(broker: Broker, *facts: Fact) -> None:
    for each in facts:
        broker.append(RECOVERY, each.host, each)


def test_an_epoch_stands_above_the_log_s_when_redis_has_gone_back() -> None:
    """A Sentinel failover lets a counter in Redis go back; a number that was given out is never given out again."""

    async def story(broker: Broker, log: SimLog, ledger: MemoryLedger) -> None:
        older = ledger.snapshot()
        lease = await own(ledger, "a")
        say(broker, replace(BEGUN, kind=FactKind.ADOPTED, step=None, epoch=7))
        await ledger.adopt(lease, 7)
        ledger.restore(older)
        lease = await own(ledger, "b")
        assert (await fold_log(log, ledger, lease)).epoch == 7

    play(story)


def test_what_a_ledger_has_lost_is_known_again_from_the_log_and_nothing_else_is_forgotten() -> None:
    async def story(broker: Broker, log: SimLog, ledger: MemoryLedger) -> None:
        say(broker, ADOPTED, BEGUN)
        lease = await own(ledger, "a")
        folded = await fold_log(log, ledger, lease)
        await ledger.save(
            lease, replace(folded, entries={**folded.entries, TWO: Entry(incident=TWO, answered=4)})
        )
        await ledger.release(lease)
        ledger.spoil(HOST, "subject")
        lease = await own(ledger, "b")
        again = await fold_log(log, ledger, lease)
        assert again.entries[ONE] == folded.entries[ONE] and again.entries[ONE].effects
        assert again.entries[TWO].answered == 4, "only the ledger knew it: the log keeps 30 days"
        assert again.offsets == folded.offsets
        assert await ledger.load(HOST) == again

    play(story)


def test_what_the_ledger_knows_is_not_undone_by_the_log_s_beginning() -> None:
    """The log tells of a step that began; the ledger, whose place in the log was lost, that it is done."""

    async def story(broker: Broker, log: SimLog, ledger: MemoryLedger) -> None:
        say(broker, ADOPTED, BEGUN)
        done = replace(BEGUN, kind=FactKind.DONE, step=record("evacuate:g1", state=StepState.DONE, tries=1))
        lease = await own(ledger, "a")
        await ledger.save(lease, replace(await ledger.load(HOST), entries=fold({}, (ADOPTED, BEGUN, done))))
        again = await fold_log(log, ledger, lease)
        assert again.entries[ONE].steps["evacuate:g1"].state is StepState.DONE

    play(story)


def test_the_highest_epoch_is_told_as_far_as_it_can_be_read() -> None:
    async def story(broker: Broker, log: SimLog, ledger: MemoryLedger) -> None:
        assert await highest_epoch(log, ledger, HOST) == 0
        say(broker, ADOPTED, BEGUN)
        assert await highest_epoch(log, ledger, HOST) == 3
        say(broker, replace(BEGUN, epoch=9))
        assert await highest_epoch(log, ledger, HOST) == 3, "nobody has adopted under it"
        await ledger.adopt(await own(ledger, "a"), 5)
        assert await highest_epoch(log, ledger, HOST) == 5
        broker.append(RECOVERY, "cmp1", NEWER)
        assert await highest_epoch(log, ledger, HOST) == 5

    play(story)
