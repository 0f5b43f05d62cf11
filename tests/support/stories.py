"""Plays a scenario and gives the records that it left on the topics: real incidents for tests of whoever shows them."""

import asyncio
import logging
from functools import cache
from pathlib import Path

from kasugai.core.telling.incident_views import Seen
from kasugai.sim.lab.broker import ORDERS, RECOVERY, VERDICTS
from kasugai.sim.lab.grammar import Scenario, read
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.stage import build
from kasugai.sim.lab.verbs import perform
from kasugai.sim.loop import run

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"


@cache
def records_of(name: str, until: float = 1e9) -> tuple[Seen, ...]:
    """Return what a scenario wrote to incidents, recovery and verdicts, up to a second of its time."""
    log = logging.getLogger("kasugai")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        return run(_play(read(FOLDER / f"{name}.scenario"), until))
    finally:
        log.setLevel(level)


async def _play(scenario: Scenario, until: float) -> tuple[Seen, ...]:
    lab = Lab()
    build(lab, scenario)
    lab.start()
    loop = asyncio.get_running_loop()
    for event in scenario.script:
        if event.at > until:
            break
        await asyncio.sleep(max(0.0, event.at - loop.time()))
        perform(lab, scenario, event)
    await asyncio.sleep(max(0.0, min(until, scenario.end) - loop.time()))
    return tuple(
        Seen(record.stamp.at, record.stamp.offset, record.value)
        for topic in (*ORDERS.values(), RECOVERY, VERDICTS)
        for record in lab.broker.all(topic)
    )
