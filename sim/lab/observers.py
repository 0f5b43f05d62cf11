"""Observers of the laboratory: from the first second on they see whether a host answers, say so, and repeat themselves.

They stand in for the agents that come later; what they publish has the same form.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from kasugai.core.words.signals import Source, Symptom
from kasugai.sim.lab.laboratory import Lab

POLL = 1.0
"""Seconds between two glances."""


class Rounds:
    """The glances of all observers, one round a second. No task: most stories are made of rounds in which nothing is to
    be seen."""

    def __init__(self) -> None:
        """Nobody looks."""
        self._looks: list[Callable[[], None]] = []

    def join(self, look: Callable[[], None]) -> None:
        """Look once in each round, behind those who joined before."""
        if not self._looks:
            asyncio.get_running_loop().call_later(POLL, self._wake)
        self._looks.append(look)

    def _wake(self) -> None:
        """What else is due at this instant comes first."""
        asyncio.get_running_loop().call_soon(self._go)

    def _go(self) -> None:
        for look in self._looks:
            look()
        asyncio.get_running_loop().call_later(POLL, self._wake)


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
    _silent: dict[str, float] = field(default_factory=dict)
    """By host: since when it does not answer."""
    _said: dict[str, float] = field(default_factory=dict)
    """By host: when it was last said to be down."""

    def look(self) -> None:
        """Glance at every host."""
        now = asyncio.get_running_loop().time()
        for name, host in self.lab.cloud.world.hosts.items():
            if self.only not in ("", name):
                continue
            if host.answers:
                self._boots[name] = host.boots
                if name in self._silent:
                    self._sees_again(name)
            else:
                self._misses(name, now)

    def _sees_again(self, name: str) -> None:
        del self._silent[name]
        if self._said.pop(name, None) is not None:
            self._say(name, Symptom.CLEAR if self.source == Source.PEER else Symptom.ALIVE)

    def _misses(self, name: str, now: float) -> None:
        since = self._silent.setdefault(name, now)
        if now - since >= self.delay and now - self._said.get(name, -1e9) >= self.every:
            if name not in self._said:
                self._episodes[name] = self._episodes.get(name, 0) + 1
            self._said[name] = now
            self._say(name, Symptom.DOWN)

    def _say(self, host: str, symptom: Symptom) -> None:
        episode = str(self._episodes.get(host, 0))
        self.lab.observe(
            host,
            self._name(host),
            Source(self.source),
            symptom,
            episode,
            boot_id=f"boot-{self._boots.get(host, 0)}" if self.source == Source.HEARTBEAT else "",
        )

    def _name(self, host: str) -> str:
        """Agents are many, and each host is watched by the one behind it; of every other kind there is one."""
        if self.source != Source.PEER:
            return f"{self.source}/watch"
        hosts = list(self.lab.cloud.world.hosts)
        return f"host/{hosts[(hosts.index(host) + 1) % len(hosts)]}"
