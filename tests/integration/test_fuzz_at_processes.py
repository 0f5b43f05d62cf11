"""The fuzzer at real processes: two records come through, and who falls or is passed over is noticed. `make fuzz
ARGS="--real --minutes 20"` is a long one."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from kasugai.core.words.signals import Source, fault
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import REPORTED
from tests.fuzz.real import Site, site
from tests.fuzz.shots import Shot
from tests.support.workers import eventually

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(240)]

REPORT = fault(host="cmp1", observer="api", source=Source.REPORTED, episode="e1", asserted=True)
SCRIPT = [Shot(REPORTED, "cmp1", encode(REPORT)), Shot(REPORTED, "cmp1", b"rubbish")]
SOMEWHERE = (REPORTED, 0, 1_000_000)


def test_two_records_are_told_and_put_aside_and_who_falls_is_noticed(tmp_path: Path) -> None:
    with site(tmp_path) as town:
        asyncio.run(town.fire(SCRIPT, [("subject", "rubbish")]))
        eventually(lambda: told(town), within=90)
        assert town.texts == 1 and len(town.dead) == 1 and town.verdicts
        assert {*town.memory} == {"route", "correlate", "worker-1", "project"}
        town.shot[SOMEWHERE] = SCRIPT[1]
        pid = town.crew.pids()["worker-1"]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: any("worker-1 ended with -9" in each for each in town.fallen()))
        assert f"nobody says that {SOMEWHERE} cannot be read" in town.fallen()


def told(town: Site) -> bool:
    """Whether all is told by now."""
    asyncio.run(town.look())
    return town.fallen() == []
