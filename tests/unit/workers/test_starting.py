"""A worker that cannot begin waits, and says what for: in its log once a minute, in readiness at once."""

import asyncio

import pytest

from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import CloudAway, LedgerAway, LogAway
from kasugai.sim.loop import run
from kasugai.workers.health import Upkeep
from kasugai.workers.outages import Outages
from kasugai.workers.starting import AGAIN, RIGHTS_AGAIN, Forbidden, _until_there

TIMES = 50


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (CloudAway("Keystone refuses the credentials"), AGAIN),
        (LedgerAway("MISCONF"), AGAIN),
        (LogAway("no broker"), AGAIN),
        (Forbidden("NO  os_compute_api:os-services:list: see; give"), RIGHTS_AGAIN),
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


def test_what_is_asked_again_shows_in_readiness_and_goes() -> None:
    vitals, answers = Vitals(), iter(["", "MISCONF", "", ""])
    upkeep, seen = Upkeep(vitals), list[list[str]]()
    assert vitals.unready() == ["starting"], "it says what is in the way, never that nothing else is"
    vitals.expect(str)

    async def ask() -> str:
        return next(answers)

    async def main() -> None:
        asking = asyncio.create_task(upkeep.keep_asking("redis", ask, 5.0))
        for _ in range(3):
            await asyncio.sleep(5.1)
            seen.append(vitals.unready())
        asking.cancel()

    run(main())
    assert seen == [[], ["MISCONF"], []]
