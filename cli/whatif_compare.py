"""Where the guests of a forecast are now: asked of Nova by host, never by guest."""

import asyncio
from collections.abc import Sequence

from kasugai.adapters.nova import BadCloud, NovaCloud
from kasugai.adapters.settings import Settings
from kasugai.cli.exits import Misused
from kasugai.cli.finding import find
from kasugai.cli.recorded import replay
from kasugai.core.telling.forecasts import Comparison, compare
from kasugai.core.telling.incident_views import IncidentView, fold
from kasugai.core.telling.whatif import Forecast

AT_A_TIME = 8
"""So many hosts are asked about at a time."""


async def compared(settings: Settings, said: Sequence[Forecast], incidents: Sequence[str]) -> Comparison:
    """Return the forecast beside what became of the guests of these incidents. SaidNo, LogAway, CloudAway."""
    views = fold(await replay(settings.kafka))
    chosen = [find(views, word) for word in incidents]
    hosts = {view.host for view in chosen}
    moved = [(step.step.subject, step.step.name) for view in chosen for step in view.instances]
    asked = hosts | {each.to for each in said if each.host in hosts and each.to} | _places(chosen)
    return compare(said, await _where(settings, sorted(asked)), hosts, moved)


def _places(views: Sequence[IncidentView]) -> set[str]:
    """Return where guests were taken to, by the records."""
    steps = (step.record for view in views for step in view.instances)
    return {record.destination for record in steps if record is not None and record.destination}


async def _where(settings: Settings, hosts: Sequence[str]) -> dict[str, str]:
    try:
        cloud = NovaCloud(settings.nova, client=settings.worker.timing.client / 1000)
    except BadCloud as error:
        raise Misused(str(error)) from error
    gate, found = asyncio.Semaphore(AT_A_TIME), {}

    async def of(host: str) -> None:
        async with gate:
            for guest in await cloud.guests(host):
                if not guest.deleted:
                    found[guest.uuid] = host

    try:
        await asyncio.gather(*map(of, hosts))
    finally:
        await cloud.close()
    return found
