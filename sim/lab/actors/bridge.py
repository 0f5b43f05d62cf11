"""The bridge in the laboratory: the real envelope and the real reader, on what the simulated Nova tells.

Played is the way: a message may be lost, come late, come twice, or overtake others, as the scenario says. What is
concluded is published on `kasugai.faults.nova`; a bridge that dies forgets all that it had heard, and what was on the
way to it waits.
"""

import asyncio
import json
import random  # noqa: TID251 - seeded: the same seed gives the same run
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kasugai.bridge.envelope import unwrap
from kasugai.bridge.reading.conclusions import Landing
from kasugai.bridge.reading.reader import Reader
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.subject import Kind
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.voice import Message
from kasugai.sim.lab.broker import NOVA, SIGHTINGS, Broker

PROMPT = 0.01
"""Seconds from Nova to the bridge when all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """How messages travel."""

    loss: float = 0.0
    """This share of them is lost."""
    late: float = 0.0
    """Each comes up to so many seconds late, so that they overtake one another."""
    twice: bool = False
    """Each comes twice."""


class BridgeActor:
    """The bridge process."""

    def __init__(
        self,
        broker: Broker,
        cloud: SimCloud,
        road: Road,
        knows: Callable[[str], bool],
        say: Callable[[str], None],
    ) -> None:
        """Put it together; nobody listens yet. `knows`: whether the inventory has a host."""
        self._broker = broker
        self._cloud = cloud
        self._road = road
        self._knows = knows
        self._say = say
        self._chance = random.Random(11)
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin to hear what Nova says."""
        voice = self._cloud.world.voice
        voice.begin(self._cloud.world.guests)
        voice.hearers.append(self._send)

    def start(self) -> None:
        """Start a process that knows nothing."""
        self._task = asyncio.get_running_loop().create_task(self._run(Reader()))

    def die(self) -> None:
        """Be killed. What has arrived and was not published waits for the next life."""
        if self._task is not None:
            self._task.cancel()

    def _send(self, message: Message) -> None:
        if self._chance.random() < self._road.loss:
            return
        body = json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(message)}).encode()
        for _ in range(1 + self._road.twice):
            late = PROMPT + self._chance.uniform(0, self._road.late)
            asyncio.get_running_loop().call_later(late, self._arrived.put_nowait, body)

    async def _run(self, reader: Reader) -> None:
        while True:
            concluded = reader.read(unwrap(await self._arrived.get()))
            known = [said for said in concluded.faults if self._knows(said.host)]
            self._tell(known, concluded.landings)
            for said in known:
                await self._broker.deliver(NOVA, said.host, said)
            for landing in concluded.landings:
                if self._knows(landing.source):
                    await self._broker.deliver(SIGHTINGS, landing.source, landing.sighting)

    def _tell(self, faults: Iterable[Fault], landings: Iterable[Landing]) -> None:
        for said in faults:
            self._say(self._sentence(said))
        for landing in landings:
            name = self._cloud.world.guest(landing.guest).name
            self._say(f"{name} has landed on {landing.destination}")

    def _sentence(self, said: Fault) -> str:
        if said.symptom is Symptom.FAILING:
            return f"{said.observer} has failed on {said.host}"
        name = self._cloud.world.guest(said.subject.detail).name
        is_down = said.subject.kind is Kind.INSTANCE and said.symptom is Symptom.DOWN
        return f"{name} of {said.host} has failed" if is_down else f"{name} has not failed any more"
