"""A worker that cannot begin waits, and says what for: in its log once a minute, in readiness at once."""

import asyncio

import pytest

from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import CloudAway, LedgerAway, LogAway
from kasugai.sim.loop import run
from kasugai.workers.health import Upkeep
from kasugai.workers.outages import Outages
from kasugai.workers.starting import AGAIN, _until_there, given_back

TIMES = 50


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (CloudAway("Keystone refuses the credentials"), AGAIN),
        (LedgerAway("MISCONF"), AGAIN),
        (LogAway("no broker"), AGAIN),
    ],
)
def test_it_waits_and_says_so(caplog: pytest.LogCaptureFixture, error: Exception, pause: float) -> None:
    vitals, ready = Vitals(), list[list[str]]()
    assert vitals.unready() == ["starting"]
    vitals.expect(str)
    upkeep = Upkeep(vitals)

    async def ask() -> None:
        ready.append(vitals.unready())
        if len(ready) <= TIMES:
            raise error

    async def main() -> None:
        await _until_there(Outages(), upkeep, "nova", ask)

    run(main())
    told = [record.getMessage() for record in caplog.records if str(error) in record.getMessage()]
    assert ready[0] == [] and str(error) in ready[1][0]
    assert vitals.unready() == [] and upkeep.why == ""
    assert len(told) == -(-TIMES * pause // 60)
    assert "nova is back" in caplog.records[-1].getMessage()


def test_leases_that_cannot_be_given_back_are_waited_for_and_no_longer() -> None:
    async def release_all() -> int:
        raise LedgerAway("a master of the Cluster is away, of other keys")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await given_back(_until_there(Outages(), Upkeep(Vitals()), "redis", release_all), 10.0)
        assert loop.time() - began == 10.0

    run(main())


def test_what_is_asked_again_shows_in_readiness_and_goes() -> None:
    vitals, answers = Vitals(), iter(["", "MISCONF", "", ""])
    upkeep, seen = Upkeep(vitals), list[list[str]]()
    assert vitals.unready() == ["starting"], "it says what is in the way, never that nothing else is"
    vitals.expect(str)

    async def ask() -> str:
        return next(answers)

    async def main() -> None:
        asking = asyncio.create_task(upkeep.keep_asking("redis", ask, 60.0, 5.0))
        for pause in (60.1, 60.0, 5.0):  # sooner again while something is in the way
            await asyncio.sleep(pause)
            seen.append(vitals.unready())
        asking.cancel()

    run(main())
    assert seen == [[], ["MISCONF"], []]
