"""Observers of the laboratory: from the first second on they see whether a host answers, say so, and repeat themselves.

They stand in for the agents that come later; what they publish has the same form.
"""

import asyncio
from dataclasses import dataclass, field

from kasugai.core.words.signals import Source, Symptom
from kasugai.sim.lab.laboratory import Lab

POLL = 1.0
"""Seconds between two glances."""


@dataclass(slots=True, kw_only=True)
class Observer:
    """One kind of witness for every host."""

    lab: Lab
    source: str
    delay: float
    """Seconds until it notices."""
    every: float
    """Seconds between repetitions of what goes on."""
    only: str = ""
    """Watch just this host."""
    _episodes: dict[str, int] = field(default_factory=dict)
    _boots: dict[str, int] = field(default_factory=dict)
    """By host: which boot last answered."""
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def start(self) -> None:
        """Watch from now on."""
        task = asyncio.get_running_loop().create_task(self._watch())
        self._tasks.add(task)

    async def _watch(self) -> None:
        silent: dict[str, float] = {}
        said: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(POLL)
            for name, host in self.lab.cloud.world.hosts.items():
                if self.only not in ("", name):
                    continue
                if host.answers:
                    self._boots[name] = host.boots
                    silent.pop(name, None)
                    if said.pop(name, None) is not None:
                        self._say(name, Symptom.ALIVE)
                    continue
                since = silent.setdefault(name, loop.time())
                if loop.time() - since >= self.delay and loop.time() - said.get(name, -1e9) >= self.every:
                    if name not in said:
                        self._episodes[name] = self._episodes.get(name, 0) + 1
                    said[name] = loop.time()
                    self._say(name, Symptom.DOWN)

    def _say(self, host: str, symptom: Symptom) -> None:
        episode = str(self._episodes.get(host, 0))
        self.lab.observe(
            host,
            f"{self.source}/watch",
            Source(self.source),
            symptom,
            episode,
            boot_id=f"boot-{self._boots.get(host, 0)}" if self.source == Source.HEARTBEAT else "",
        )
