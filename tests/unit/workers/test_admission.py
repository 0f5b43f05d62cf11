"""A kind of subject waits for a right that it needs, and no other kind waits with it."""

import asyncio
from typing import cast

import pytest

from kasugai.adapters.nova import NovaCloud, Right, Standing
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import CloudAway
from kasugai.core.words.subject import INCIDENT_KINDS, Kind
from kasugai.sim.loop import run
from kasugai.workers.admission import AGAIN, Admission
from kasugai.workers.health import Upkeep
from kasugai.workers.outages import Outages


def right(standing: Standing, *pools: Kind, rule: str = "os-instance-actions") -> Right:
    return Right(rule=rule, what="do it", standing=standing, needed_by=frozenset(pools))


class FakeNova:
    """Says one answer after another, the last one for ever."""

    def __init__(self, *answers: tuple[Right, ...] | Exception) -> None:
        self._answers = list(answers)

    async def rights(self) -> tuple[Right, ...]:
        said = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(said, Exception):
            raise said
        return said


def play(nova: FakeNova, seconds: float) -> tuple[list[tuple[Kind, float]], list[str], Admission]:
    """Return which kind began when, and what readiness said at the end."""
    vitals, begun = Vitals(), list[tuple[Kind, float]]()
    vitals.expect(str)
    admission = Admission(cast("NovaCloud", nova), INCIDENT_KINDS, Outages(), Upkeep(vitals))

    async def main() -> None:
        async def ask() -> None:
            async for kind in admission.kinds():
                begun.append((kind, asyncio.get_running_loop().time() - 1000))

        asking = asyncio.create_task(ask())
        await asyncio.sleep(seconds)
        asking.cancel()

    run(main(), start=1000.0)
    return begun, vitals.unready(), admission


def test_what_instances_lack_holds_neither_hosts_nor_processes(caplog: pytest.LogCaptureFixture) -> None:
    begun, unready, _ = play(FakeNova((right(Standing.MISSING, Kind.INSTANCE),)), 300)
    assert begun == [(Kind.HOST, 0.0), (Kind.PROCESS, 0.0)]
    assert len(unready) == 1 and unready[0].startswith("instance: NO  os-instance-actions: do it")
    told = [r.getMessage() for r in caplog.records if "no instance is taken until" in r.getMessage()]
    assert len(told) == 5, "once a minute"


def test_it_begins_as_soon_as_it_may(caplog: pytest.LogCaptureFixture) -> None:
    lacking = (right(Standing.MISSING, Kind.INSTANCE),)
    begun, unready, _ = play(FakeNova(lacking, lacking, (right(Standing.GRANTED, Kind.INSTANCE),)), 300)
    assert begun[-1] == (Kind.INSTANCE, 2 * AGAIN) and unready == []
    assert "nova, for the kind instance, is back" in caplog.text


def test_a_nova_that_is_away_admits_nobody(caplog: pytest.LogCaptureFixture) -> None:
    begun, _, _ = play(FakeNova(CloudAway("no answer"), ()), 300)
    assert begun == [(kind, AGAIN) for kind in INCIDENT_KINDS]
    assert "nova is away" in caplog.text and "nova is back" in caplog.text


def test_what_only_some_recoveries_need_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    some = right(Standing.MISSING, rule="os-aggregates")
    play(FakeNova((some, right(Standing.MISSING, Kind.INSTANCE))), 60)
    assert (
        len([r for r in caplog.records if "some recoveries need: NO  os-aggregates" in r.getMessage()]) == 1
    )


def test_later_only_what_those_lack_is_told_who_have_begun() -> None:
    nova = FakeNova(
        (right(Standing.MISSING, Kind.INSTANCE),),
        (right(Standing.MISSING, Kind.INSTANCE), right(Standing.MISSING, Kind.HOST, rule="os-services")),
    )
    _, _, admission = play(nova, 1)
    assert "os-services" in run(admission.lacking()) and "os-instance" not in run(admission.lacking())
    nova._answers = [CloudAway("no answer")]
    assert run(admission.lacking()) == ""
