"""Agents of the laboratory: each beats for its host once a second, asks its peers, and says whom it cannot reach.

They stand in for `agents/`: what they publish has the same form. A host's kernel answers its peers, whatever becomes of
its agent. A link that loses packets makes a beat late, for Kafka's client sends again, and a question unanswered.
"""

import asyncio
import random  # noqa: TID251 - seeded: the same seed gives the same run
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from kasugai.core.words.heartbeats import Beat, Leave, Link
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.timing import Millis
from kasugai.schemas.beats import Known, again, known_of
from kasugai.schemas.topics import HEARTBEATS
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import MANAGEMENT, Host
from kasugai.sim.lab.broker import Broker
from kasugai.sim.lab.proving import Agents as Signers

NETWORKS = (MANAGEMENT, "storage", "tenant")
EVERY = 1.0
PEERS = 4
"""How many hosts each agent asks by each network."""
MISSES = 2
"""Questions in a row without an answer after which a peer is not reached."""
REPEAT = 30.0
LONG_AGO = 86_400.0
"""Seconds for which every host has been up when the story begins."""
BOOT = 30.0
"""Seconds from a boot to the agent's first beat."""
SLOWEST = 1.5
"""Seconds by which a beat comes late at most whose packets were lost."""


class Surroundings(Protocol):
    """What agents know of the laboratory."""

    cloud: SimCloud
    broker: Broker
    agents: Signers

    def observe(self, host: str, observer: str, source: Source, symptom: Symptom, episode: str) -> None:
        """Let an observer say something about a host."""
        ...

    def say(self, actor: str, sentence: str) -> None:
        """Add a line to the log."""
        ...

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after a while."""
        ...


@dataclass(slots=True, kw_only=True)
class Agent:
    """One host's."""

    host: Host
    phase: float
    peers: tuple[Host, ...]
    boots: int
    """Of which boot it is."""
    since: float
    """When that began."""
    runs_from: float = 0.0
    is_dead: bool = False
    wedged: float = 0.0
    """Until when its loop stands still."""
    wedged_at: float = 0.0
    leave: Leave = Leave.STAYS
    sent: float = 0.0
    """When its last beat reaches the broker."""
    skew: float = 0.0
    """Seconds by which its host's clock is off."""
    misses: dict[tuple[str, str], int] = field(default_factory=dict)
    told: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Of whom it says that it cannot reach him: since when, and when it last said so."""
    known: Known | None = None
    """What its last beat repeats."""


class HostAgents:
    """All of them."""

    def __init__(self, lab: Surroundings, names: Iterable[str], *, loss: float = 0.0, seed: int = 0) -> None:
        """One for each of these hosts; `loss`: which share of packets is lost."""
        self._lab = lab
        self._loss = loss
        self._chance = random.Random(f"agents {seed}")
        hosts = {name: lab.cloud.world.hosts[name] for name in names}
        self.all = {
            name: Agent(
                host=host,
                phase=self._chance.random(),
                peers=tuple(hosts[peer] for peer in drawn(name, hosts)),
                boots=host.boots,
                since=-LONG_AGO,
            )
            for name, host in hosts.items()
        }
        for agent in self.all.values():
            self._later(agent.phase, agent)

    def _later(self, seconds: float, agent: Agent) -> None:
        asyncio.get_running_loop().call_later(seconds, self._turn, agent)

    def _turn(self, agent: Agent) -> None:
        self._later(EVERY, agent)
        now = asyncio.get_running_loop().time()
        host = agent.host
        if host.boots != agent.boots:
            agent.boots, agent.since, agent.runs_from = host.boots, now, now + BOOT
            agent.leave, agent.is_dead, agent.known = Leave.STAYS, False, None
        if not _lives(host) or agent.is_dead or now < agent.runs_from or now < agent.wedged:
            return
        links = self._ask(agent)
        self._beat(agent, now, links)
        self._say(agent, now)

    def beat(self, name: str) -> None:
        """Let a host's agent beat out of turn."""
        agent = self.all[name]
        now = asyncio.get_running_loop().time()
        self._beat(agent, now, self._ask(agent))

    def _beat(self, agent: Agent, now: float, links: tuple[Link, ...]) -> None:
        late = max(0.0, agent.wedged - agent.wedged_at)
        agent.wedged = agent.wedged_at = 0.0
        value = self._frame(agent, now, late, links)
        if MANAGEMENT in agent.host.unplugged or self._lab.broker.is_away:
            return
        delay = self._chance.uniform(0.2, SLOWEST) if self._loses() else 0.0
        agent.sent = max(agent.sent, now + delay)
        if agent.sent <= now:
            self._arrive(agent.host.name, value)
        else:
            self._lab.later(agent.sent - now, lambda: self._arrive(agent.host.name, value))

    def _arrive(self, name: str, value: bytes) -> None:
        headers = self._lab.agents.sign(name, HEARTBEATS, name, value)
        self._lab.broker.append(HEARTBEATS, name, value, headers=headers)

    def _frame(self, agent: Agent, now: float, late: float, links: tuple[Link, ...]) -> bytes:
        """Return the beat, encoded: what it repeats of the last one, once."""
        uptime, lateness = Millis(int((now - agent.since) * 1000)), Millis(int(late * 1000))
        sent_at = self._lab.broker.now() + int(agent.skew * 1000)
        known = agent.known
        if known is None or known.links != links or known.leave is not agent.leave:
            known = agent.known = known_of(
                Beat(
                    host=agent.host.name,
                    boot_id=f"boot-{agent.boots}",
                    uptime=uptime,
                    every=Millis(1_000),
                    late=lateness,
                    leave=agent.leave,
                    links=links,
                    version="0.1.0",
                    sent_at=sent_at,
                )
            )
        return again(known, uptime, lateness, sent_at)

    def _ask(self, agent: Agent) -> tuple[Link, ...]:
        """Ask each peer by each network, and return what is seen."""
        if not self._loss and not agent.misses and _is_well(agent.host) and all(map(_is_well, agent.peers)):
            return _WELL[len(agent.peers)]
        for network in NETWORKS:
            for peer in agent.peers:
                self._note(agent, network, peer)
        return tuple(
            Link(
                network=network,
                asked=len(agent.peers),
                reached=sum(agent.misses.get((network, peer.name), 0) < MISSES for peer in agent.peers),
            )
            for network in NETWORKS
        )

    def _note(self, agent: Agent, network: str, peer: Host) -> None:
        place = (network, peer.name)
        reached = network not in agent.host.unplugged and network not in peer.unplugged and _lives(peer)
        if reached and not self._loses():
            agent.misses.pop(place, None)
        else:
            agent.misses[place] = agent.misses.get(place, 0) + 1

    def _loses(self) -> bool:
        return self._loss > 0 and self._chance.random() < self._loss

    def _say(self, agent: Agent, now: float) -> None:
        """Say whom no network reaches; who reaches nobody is cut off itself, and says nothing of others."""
        if not agent.misses and not agent.told:
            return
        gone = {peer.name for peer in agent.peers if self._is_gone(agent, peer)}
        if len(gone) == len(agent.peers) or MANAGEMENT in agent.host.unplugged:
            return
        for name in sorted(agent.told.keys() - gone):
            self._tell(agent, name, Symptom.CLEAR, agent.told.pop(name)[0])
        for name in sorted(gone):
            since, last = agent.told.get(name, (now, now - REPEAT))
            if now - last >= REPEAT:
                agent.told[name] = (since, now)
                self._tell(agent, name, Symptom.DOWN, since)

    def _is_gone(self, agent: Agent, peer: Host) -> bool:
        return all(agent.misses.get((network, peer.name), 0) >= MISSES for network in NETWORKS)

    def _tell(self, agent: Agent, name: str, symptom: Symptom, since: float) -> None:
        observer = f"host/{agent.host.name}"
        if not self._lab.broker.is_away:
            self._lab.observe(name, observer, Source.PEER, symptom, str(int(since * 1000)))

    def wedge(self, name: str, seconds: float) -> None:
        """Let an agent's loop stand still."""
        agent = self.all[name]
        agent.wedged_at = asyncio.get_running_loop().time()
        agent.wedged = agent.wedged_at + seconds

    def leaves(self, name: str, leave: Leave) -> None:
        """Let an agent say that its host, or it, is about to go."""
        agent = self.all[name]
        agent.leave = leave
        self.beat(name)
        agent.is_dead = leave is Leave.AGENT

    def start(self, name: str) -> None:
        """Start an agent again."""
        agent = self.all[name]
        agent.is_dead, agent.leave, agent.known = False, Leave.STAYS, None


def drawn(own: str, hosts: Iterable[str]) -> list[str]:
    """Return the hosts that follow `own` in the order of a hash."""
    ring = sorted(hosts, key=lambda name: sha256(name.encode()).digest())
    at = ring.index(own)
    return (ring[at + 1 :] + ring[:at])[:PEERS]


_WELL = tuple(
    tuple(Link(network=network, asked=count, reached=count) for network in NETWORKS)
    for count in range(PEERS + 1)
)
"""By the number of peers: what is seen when all is well."""


def _lives(host: Host) -> bool:
    """Whether its kernel answers."""
    return host.power_on and not host.is_hung


def _is_well(host: Host) -> bool:
    return host.power_on and not host.is_hung and not host.unplugged
