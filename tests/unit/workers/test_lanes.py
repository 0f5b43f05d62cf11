"""A subject is served by a lane of its own, which looks where the subject is and nowhere else."""

import pytest

from kasugai.core.words.subject import Kind, Subject
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.loop import run
from kasugai.workers.ports import Lease
from tests.unit.workers.test_fencing import Scene, Slow

INSTANCE = "5e2a3b8e-0000-4000-8000-000000000001"


def test_an_instance_that_has_moved_is_served_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is the same on both hosts, which may share a partition; its facts lie in the partition of its host, so
    an owner with the wrong one would not see what was done before."""

    async def main() -> None:
        scene, leased = Scene(Slow()), list[Subject]()
        sound = MemoryLedger.acquire

        async def acquire(ledger: MemoryLedger, subject: Subject, owner: str) -> Lease | None:
            leased.append(subject)
            return await sound(ledger, subject, owner)

        monkeypatch.setattr(MemoryLedger, "acquire", acquire)
        for number, host in enumerate(("cmp1", "cmp2"), start=1):
            subject = Subject(kind=Kind.INSTANCE, host=host, detail=INSTANCE)
            leased.clear()
            scene.log.facts_heard.clear()
            scene.order(subject=subject, number=number)
            await scene.until(lambda: any(fact.kind.is_answer for fact in scene.log.facts_heard))
            assert set(leased) == {subject}
        await scene.pool.close()

    run(main())
