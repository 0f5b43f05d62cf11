"""How the demo's host dies, and how that becomes known: in the simulated cloud by its silence, in a real one, where
it is off already, by a person's word.

Both return how to tell the incident that this death led to from every other one.
"""

import argparse
import asyncio
from collections.abc import Callable, Collection
from uuid import UUID

from kasugai.adapters.settings import KafkaSettings
from kasugai.cli.demo.crew import Crew, agent
from kasugai.cli.demo.screen import Screen
from kasugai.cli.demo.simulated import SimulatedCloud
from kasugai.cli.fault import publish
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.watching.partition import OBSERVER
from kasugai.core.words.incident import Open
from kasugai.core.words.signals import Symptom
from kasugai.core.words.verdicts import Evidence

POWER_READER = "power/observe"
"""What the crew's reader of power calls itself: its word and its instance."""

IsOurs = Callable[[IncidentView], bool]


async def by_silence(
    cloud: SimulatedCloud, crew: Crew, host: str, before: Collection[UUID | None], screen: Screen
) -> IsOurs:
    """Cut the host's power: its instances and its agent are gone at once, and nobody says a word. `before`: the
    incidents that there were."""
    pid = crew.kill(agent(host))
    await asyncio.to_thread(cloud.power_off, host)
    screen.say(
        f"Its agent (pid {pid}) is gone as suddenly (kill -9). Nobody reports anything: Kasugai has to find out.",
        "",
    )
    return lambda view: view.subject.is_host and view.host == host and view.incident not in before


async def by_report(kafka: KafkaSettings, host: str, screen: Screen) -> IsOurs:
    """Say for a person that the host is fenced."""
    said = argparse.Namespace(
        host=host,
        instance=None,
        process="",
        fenced=True,
        alive=False,
        id=None,
        observer="demo",
        force=False,
    )
    fault, _ = await publish(kafka, said)
    screen.say(f"kasugai fault publish {host} --fenced", "")
    return lambda view: any(evidence.event_id == fault.event_id for evidence in evidence_of(view))


def evidence_of(view: IncidentView) -> list[Evidence]:
    """Return everything that the incident was opened on, each fault once."""
    orders = (record.value for record in view.records if isinstance(record.value, Open))
    return list({each.event_id: each for order in orders for each in order.evidence}.values())


def unseen(view: IncidentView) -> list[str]:
    """Return what is missing for a host that was found dead by nothing but its silence and its power."""
    said = {(each.observer, each.symptom) for each in evidence_of(view)}
    wanted = {
        (OBSERVER, Symptom.DOWN): "it was not found by its silence",
        (POWER_READER, Symptom.OFF): "its power was not read",
    }
    strangers = sorted({observer for observer, _ in said} - {observer for observer, _ in wanted})
    return [why for word, why in wanted.items() if word not in said] + [
        f"{observer} has reported it" for observer in strangers
    ]
