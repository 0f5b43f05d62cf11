"""Watchdogs of the laboratory: production's rule on simulated devices, networks and Kafka.

Played are the device, which resets its host once it was not petted for its time-out, whatever hangs there; the turns of
an agent; and the question between agents, which any network carries that both hosts are on.
"""

import asyncio
from dataclasses import dataclass, field

from kasugai.agents.watchdog.rule import Rule
from kasugai.core.words.heartbeats import Leave
from kasugai.core.words.lifelines import PARTITION, Lifeline, neighbours_of
from kasugai.core.words.timing import Millis
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import HEARTBEATS
from kasugai.sim.cloud.model import MANAGEMENT
from kasugai.sim.lab.agents import NETWORKS, Agent, HostAgents, Surroundings

TIMEOUT: Millis = Millis(7_000)
EVERY = 1.0


@dataclass(slots=True)
class Dog:
    """One host's device, and its agent's side of it."""

    agent: Agent
    boots: int = -1
    rule: Rule = field(init=False)
    petted: float | None = None
    """When; None: the device does not run."""
    is_fresh: bool = True
    """Whether its agent's life has just begun."""


class Dogs:
    """All of them."""

    def __init__(self, lab: Surroundings, agents: HostAgents) -> None:
        """One for each host that has an agent."""
        self._lab = lab
        self.all = {name: Dog(agent) for name, agent in agents.all.items()}
        for dog in self.all.values():
            asyncio.get_running_loop().call_later(dog.agent.phase, self._turn, dog)

    def _turn(self, dog: Dog) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(EVERY, self._turn, dog)
        now, host, agent = loop.time(), dog.agent.host, dog.agent
        if host.boots != dog.boots:
            dog.boots, dog.petted, dog.is_fresh = host.boots, None, True
        if not host.power_on:
            return
        if dog.petted is not None and (now - dog.petted) * 1000 > TIMEOUT:
            self._reset(dog)
        elif host.is_hung or now < agent.runs_from or now < agent.wedged:
            return
        elif agent.leave is not Leave.STAYS:
            self._disarm(dog, now)
        elif agent.is_dead or host.boots != agent.boots:
            dog.is_fresh = True
        else:
            self._live(dog, now)

    def _live(self, dog: Dog, now: float) -> None:
        """Do what an agent does once a second."""
        uptime = self._uptime(dog, now)
        if dog.is_fresh:
            dog.is_fresh, name = False, dog.agent.host.name
            dog.rule = Rule(host=name, boot_id=f"boot-{dog.boots}", began=uptime)
        rule = dog.rule
        if rule.acknowledged >= 0:
            rule.timeout = TIMEOUT
        if rule.is_armed and rule.may_pet(uptime):
            dog.petted = now
        word = rule.word(uptime, neighbours_of(rule.host, tuple(self.all)))
        if self._send(dog, word):
            rule.has(uptime)
        if rule.is_in_doubt(uptime):
            for name in word.neighbours:
                if self._says_so(dog, self.all[name], now):
                    rule.hear(name, uptime)

    def _says_so(self, dog: Dog, other: Dog, now: float) -> bool:
        host, agent = other.agent.host, other.agent
        ways = set(NETWORKS) - host.unplugged - dog.agent.host.unplugged
        answers = host.power_on and not host.is_hung and not other.is_fresh and not agent.is_dead
        return bool(ways) and answers and now >= agent.wedged and other.rule.says_so(self._uptime(other, now))

    def _disarm(self, dog: Dog, now: float) -> None:
        """End in order: the device is stopped once Kafka has the word that it will be."""
        if dog.is_fresh or dog.petted is None:
            return
        dog.rule.timeout = Millis(0)
        if self._send(dog, dog.rule.word(self._uptime(dog, now), ())):
            dog.petted = None

    def _send(self, dog: Dog, word: Lifeline) -> bool:
        """Send a word; return whether Kafka has it."""
        if MANAGEMENT in dog.agent.host.unplugged or self._lab.broker.is_away:
            return False
        value = encode(word)
        headers = self._lab.agents.sign(word.host, HEARTBEATS, word.host, value)
        self._lab.broker.append(HEARTBEATS, word.host, value, PARTITION, headers)
        return True

    def _reset(self, dog: Dog) -> None:
        name, dog.petted = dog.agent.host.name, None
        self._lab.say("world", f"the watchdog of {name} resets it")
        self._lab.cloud.hosts.reboot(name)

    @staticmethod
    def _uptime(dog: Dog, now: float) -> Millis:
        return Millis(int((now - dog.agent.since) * 1000))
