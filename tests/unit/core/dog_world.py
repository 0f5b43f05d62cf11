"""A cloud of hosts with watchdogs in which everything that can be late is late: both sides of the inequality at once.

Agents follow `agents/watchdog/rule.py`, the log's reader follows `core/watching/lifelines.py`, and the world knows
which host really runs. Times are milliseconds of real time; every clock has a rate of its own.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from kasugai.agents.watchdog.rule import Rule
from kasugai.core.watching.lifelines import Lifelines
from kasugai.core.words.lifelines import Lifeline, neighbours_of
from kasugai.core.words.timing import BrokerTime, Millis

START = 1_800_000_000_000
TIMEOUT = 7_000


@dataclass
class Machine:
    """One host, its agent and its watchdog."""

    name: str
    rate: float
    rule: Rule
    petted: float = -1.0
    """When, by real time; -1: the watchdog does not run."""
    ended: float | None = None
    """When its power ended otherwise."""
    away: bool = False
    """Whether it reaches Kafka no more."""
    cut: bool = False
    """Whether it reaches nobody at all."""
    stalls: bool = False
    """Whether its agent stands still, at any moment, for any time."""
    stall: float = 0.0
    """Milliseconds for which its agent stands still between each look and its pet."""
    is_killed: bool = False

    def runs(self, now: float) -> bool:
        """Whether it really runs."""
        if self.ended is not None and now >= self.ended:
            return False
        return self.petted < 0 or now - self.petted <= TIMEOUT / self.rate


@dataclass
class World:
    """All of it."""

    names: tuple[str, ...]
    seed: int = 0
    slowest: float = 0.0
    """Milliseconds by which a record, a report, a question or an answer may be late."""
    now: float = 0.0
    kafka_is_away: bool = False
    proven: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    """Hosts that were proven to be off and ran."""
    step: int = 0
    """By how much the broker's clock was set forward."""

    def __post_init__(self) -> None:
        """Begin, each host at a moment of its own."""
        self.chance = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self.lifelines = Lifelines()
        self.machines = {
            name: Machine(
                name,
                1 + self.chance.uniform(-5e-4, 5e-4),
                Rule(host=name, boot_id="b1", began=Millis(50_000)),
            )
            for name in self.names
        }
        for machine in self.machines.values():
            self.at(self.chance.uniform(0, 1_000), lambda m=machine: self._tick(m))  # type: ignore[misc]
        self._floor = self._pulsed = 0
        self.at(0, self._pulse)

    def at(self, after: float, act: Callable[[], None]) -> None:
        """Do something after so many milliseconds."""
        heappush(self._events, (self.now + after, next(self._number), act))

    def run(self, milliseconds: float) -> "World":
        """Let time pass."""
        until = self.now + milliseconds
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heappop(self._events)
            act()
        self.now = until
        return self

    def running(self) -> list[str]:
        """Return who runs."""
        return [name for name, machine in self.machines.items() if machine.runs(self.now)]

    def restart(self, name: str) -> None:
        """Kill an agent and start another at once: the device runs on, and nothing of the former life is known."""
        machine = self.machines[name]
        machine.rule = Rule(host=name, boot_id="b1", began=self._uptime(machine))

    def disarm(self, name: str) -> None:
        """End an agent in order: the device is closed once Kafka has the word."""
        machine = self.machines[name]
        machine.is_killed = True
        rule, machine.rule.timeout = machine.rule, Millis(0)
        word = rule.word(self._uptime(machine), ())

        def close() -> None:
            machine.petted = -1.0 if machine.runs(self.now) else machine.petted

        self._send(machine, word, close)

    def _late(self) -> float:
        return self.chance.uniform(0, self.slowest) * self.chance.random() ** 2 + 1

    def _uptime(self, machine: Machine) -> Millis:
        return Millis(int(50_000 + self.now * machine.rate))

    def _tick(self, machine: Machine) -> None:
        self.at(1_000, lambda: self._tick(machine))
        if not machine.runs(self.now) or machine.is_killed:
            return
        rule, now = machine.rule, self._uptime(machine)
        if rule.acknowledged >= 0 and not rule.is_armed:
            rule.timeout = Millis(TIMEOUT)
        if rule.is_armed and rule.may_pet(now):
            stall = (
                self.chance.uniform(0, 2 * TIMEOUT) if machine.stalls and self.chance.random() < 0.2 else 0
            )
            self.at(stall or machine.stall, lambda: self._pet(machine))
        word = rule.word(now, neighbours_of(machine.name, self.names))
        self._send(machine, word, lambda: rule.has(word.uptime))
        if rule.is_in_doubt(now):
            for name in word.neighbours:
                self._ask(machine, self.machines[name], rule, now)

    def _pet(self, machine: Machine) -> None:
        if machine.runs(self.now):
            machine.petted = self.now

    def _send(self, machine: Machine, word: Lifeline, reported: Callable[[], None]) -> None:
        def arrive() -> None:
            if machine.away or machine.cut or self.kafka_is_away:
                return
            self.lifelines.hear(word, self._stamp())
            self.at(self._late(), lambda: None if machine.away or machine.cut else reported())

        self.at(self._late(), arrive)

    def _ask(self, machine: Machine, other: Machine, rule: Rule, asked: Millis) -> None:
        def question() -> None:
            if machine.cut or other.cut or other.is_killed or not other.runs(self.now):
                return
            if other.rule.says_so(self._uptime(other)):
                self.at(self._late(), answer)

        def answer() -> None:
            if not machine.cut:
                rule.hear(other.name, asked)

        self.at(self._late(), question)

    def _stamp(self) -> BrokerTime:
        return BrokerTime(int(START + self.now) + self.step)

    def _pulse(self) -> None:
        self.at(1_000, self._pulse)
        if self.kafka_is_away:
            return
        at = self._stamp()
        if not 0 < at - self._pulsed <= 2_000:
            self._floor = at
        self._pulsed = at
        for reset in self.lifelines.resets(at, BrokerTime(self._floor)):
            name = reset.last.host
            self.proven.setdefault(name, self.now)
            if self.machines[name].runs(self.now):
                self.wrong.append(name)
