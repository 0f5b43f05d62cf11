"""What must hold at every instant of every run, and what must hold at its end (scenarios.md).

It watches the simulated cloud, the broker and the ledger from outside; it never looks into a handler.
"""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from kasugai.core.deciding.rows import Row, SubjectRow
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import EVACUATION, PowerState
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Command, Fault, Instruction, Kind, Limit, Symptom
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.diary import Entry as DiaryEntry
from kasugai.sim.cloud.wire import Request
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.broker import (
    COMMANDS,
    FAULTS,
    INCIDENTS,
    INVENTORY,
    RECOVERY,
    REPORTED,
    VERDICTS,
    Broker,
)
from kasugai.sim.lab.crowding import Crowd
from kasugai.sim.lab.records import Record

PROPAGATION = 2000
"""Milliseconds that a description may take to reach correlate's mailbox (reordered variants delay it)."""
OBEDIENCE = 10_000
"""Milliseconds until a Stop has reached whoever works on the host, also when correlate has just died."""
EFFECTS = ("fence", "force-down", "evacuate")
"""What is done to a host and its guests because the host is held to be dead."""


@dataclass(slots=True)
class Invariants:
    """The watch. `broken` collects one sentence per violation, each once."""

    cloud: SimCloud
    broken: list[str] = field(default_factory=list)
    _asserted: dict[str, int | None] = field(default_factory=dict)
    """By host: when the last assertion ended (a sign of life, a word taken back, an outcome); None while it stands."""
    _alive: dict[str, int] = field(default_factory=dict)
    """By host: the broker's time of a sign of life that nobody has contradicted since."""
    _begun: dict[str, int] = field(default_factory=dict)
    """By host: the broker's time of the first effect of its unfinished incident."""
    _steps: set[tuple[UUID, StepRecord]] = field(default_factory=set)
    _epochs: dict[str, int] = field(default_factory=dict)
    _finished: set[UUID] = field(default_factory=set)
    _faults: dict[UUID, str] = field(default_factory=dict)
    _covered: set[UUID] = field(default_factory=set)
    _set_aside: dict[tuple[str, str], int] = field(default_factory=dict)
    """By word and host or segment: the broker's time since which nothing may be opened for it."""
    _segments: dict[str, str] = field(default_factory=dict)
    """By host."""
    _given: dict[str, UUID] = field(default_factory=dict)
    """By reserve: the open incident that has it."""
    _numbers: dict[UUID, int] = field(default_factory=dict)
    _crowd: Crowd = field(init=False)

    def __post_init__(self) -> None:
        """Let what is said about numbers of hosts be told here too."""
        self._crowd = Crowd(self._break)

    def watch(self, broker: Broker) -> None:
        """Begin."""
        self.cloud.diary.watchers.append(self._on_diary)
        self.cloud.wire.watchers.append(self._on_request)
        broker.watchers.append(self._on_record)

    def _break(self, sentence: str) -> None:
        if sentence not in self.broken:
            self.broken.append(sentence)

    def _on_diary(self, entry: DiaryEntry) -> None:
        for guest in self.cloud.running_twice():
            hosts = ", ".join(sorted(self.cloud.running_on(guest)))
            self._break(f"{self._name(guest)} runs on two hosts: {hosts}")

    def _name(self, guest: str) -> str:
        return self.cloud.world.guests[guest].name

    def _on_request(self, request: Request) -> None:
        if not request.sender or request.action not in EFFECTS:
            return
        evacuates = request.action == "evacuate"
        if request.arrived is None:
            guest = self.cloud.world.guests[request.subject] if evacuates else None
            self._check_allowed(request.action, (guest.host or "") if guest else request.subject)
            if evacuates:
                self._check_source(request.subject)
        elif evacuates and request.status == 200:
            self._check_once(request.subject)

    def _check_allowed(self, action: str, host: str) -> None:
        """Nothing is begun for a host that was set aside, but what had begun before its maintenance; and nobody is
        fenced who was seen alive since."""
        now = self._clock()
        for word, since in self._aside_of(host):
            late = since + OBEDIENCE < now
            if late and (word != "maintenance" or self._begun.get(host, now) > since):
                self._break(f"{action} of {host}, which is in {word}")
        seen = self._alive.get(host)
        if action == "fence" and seen is not None and seen + OBEDIENCE < now:
            self._break(f"{host} was fenced although it had been seen alive")

    def _aside_of(self, host: str) -> list[tuple[str, int]]:
        segment = self._segments.get(host, "")
        keys = (("maintenance", host), ("hold", host), ("disarmed segment", segment), ("disarm", segment))
        return [(key[0], self._set_aside[key]) for key in keys if key in self._set_aside]

    def _clock(self) -> int:
        """Return the broker's time."""
        return math.floor((NEW_YEAR + asyncio.get_running_loop().time()) * 1000)

    def _check_source(self, guest: str) -> None:
        """The source is off now (not merely fenced once), or somebody trusted vouches for it."""
        record = self.cloud.world.guests[guest]
        host = record.host or ""
        if host not in self.cloud.world.hosts:
            return
        if self.cloud.power.has(host):
            if self.cloud.power.read(host) is PowerState.OFF:
                return
        elif self._is_vouched_for(host):
            return
        if self.cloud.world.hosts[host].power_on:
            self._break(f"{record.name} was evacuated while its source {host} was on")
        elif not self.cloud.power.has(host):
            self._break(f"{record.name} was evacuated while the power of {host} was unknown")

    def _is_vouched_for(self, host: str) -> bool:
        """An assertion counts while it stands, and for as long as a Stop takes to arrive."""
        if host not in self._asserted:
            return False
        ended = self._asserted[host]
        return ended is None or ended + OBEDIENCE >= self._clock()

    def _check_once(self, guest: str) -> None:
        """No evacuation is called while Nova has not ended an earlier one."""
        records = [m for m in self.cloud.world.migrations if m.guest == guest]
        evacuations = [m for m in records if m.migration_type == EVACUATION]
        unresolved = [m for m in evacuations if m.status in ("accepted", "pre-migrating")]
        if len(unresolved) > 1:
            self._break(f"{self._name(guest)} was evacuated twice")

    def _on_record(self, topic: str, record: Record) -> None:
        match topic:
            case _ if topic in (FAULTS, REPORTED):
                self._on_fault(record.value, record.stamp.at)
            case _ if topic == RECOVERY:
                self._on_fact(record.value, record.stamp.at)
            case _ if topic == COMMANDS:
                self._on_command(record.value, record.stamp.at)
            case _ if topic == VERDICTS:
                self._on_verdict(record.value)
            case _ if topic == INCIDENTS:
                self._on_order(record.value)
            case _ if topic == INVENTORY:
                self._on_inventory(record)

    def _on_fault(self, fault: Fault, at: int) -> None:
        if fault.event_id in self._faults and fault.symptom in (Symptom.ALIVE, Symptom.CLEAR):
            return  # a copy of what was said before contradicts nothing
        self._faults.setdefault(fault.event_id, f"{fault.symptom} of {fault.subject} by {fault.observer}")
        match fault.symptom:
            case Symptom.ALIVE:
                self._crowd.on_sign_of_life(fault.host)
                self._alive.setdefault(fault.host, at)
                self._end_assertion(fault.host, at)
            case Symptom.CLEAR:
                self._end_assertion(fault.host, at)
            case _:
                self._alive.pop(fault.host, None)
        if fault.asserted:
            self._asserted[fault.host] = None

    def _end_assertion(self, host: str, at: int) -> None:
        if host in self._asserted and self._asserted[host] is None:
            self._asserted[host] = at

    def _on_fact(self, fact: Fact, at: int) -> None:
        self._crowd.on_fact(fact)
        if fact.step is not None:
            self._steps.add((fact.incident, fact.step))
        if fact.kind is FactKind.STARTED:
            self._begun.setdefault(fact.host, at)
        if fact.kind is FactKind.FINISHED:
            self._finished.add(fact.incident)
            self._begun.pop(fact.host, None)
            if fact.result is not Result.FAILED:
                self._end_assertion(fact.host, at)

    def _on_command(self, command: Command, at: int) -> None:
        """Remember what a person set aside; a hold or a cancel only once it has been obeyed (`_on_verdict`)."""
        self._crowd.on_command(command)
        match command.order:
            case Instruction.DISARM:
                self._set_aside.setdefault(("disarm", command.segment), at)
            case Instruction.ARM:
                self._set_aside.pop(("disarm", command.segment), None)
            case Instruction.APPROVE if command.limit is Limit.HOLD:
                self._set_aside.pop(("hold", command.host), None)
            case _:
                pass

    def _on_verdict(self, verdict: Verdict) -> None:
        self._covered.update(evidence.event_id for evidence in verdict.evidence)
        host = verdict.subject.removeprefix("host/")
        if verdict.verb in (Verb.HOLD, Verb.CANCEL) and verdict.reason is Reason.COMMAND:
            self._set_aside.setdefault(("hold", host), verdict.at)
        if verdict.verb is Verb.CLOSE:
            self._set_aside.pop(("hold", host), None)
            self._given = {host: owner for host, owner in self._given.items() if owner != verdict.incident}
        if verdict.verb is Verb.CLOSE and verdict.incident not in self._finished:
            self._break(f"{verdict.subject} was closed without an outcome")

    def _on_order(self, order: object) -> None:
        if isinstance(order, Open):
            for reserve in order.reserves:
                if self._given.setdefault(reserve, order.incident) != order.incident:
                    self._break(f"the reserve {reserve} was given to two incidents")
            if order.n > self._numbers.get(order.incident, 0) + 1:
                self._break(
                    f"publication {order.n} of the incident of {order.host} came before the one below it"
                )
            self._numbers[order.incident] = max(order.n, self._numbers.get(order.incident, 0))
        if isinstance(order, Open) and order.n == 1:
            for word, since in self._aside_of(order.host):
                if order.decided_at > since + PROPAGATION:
                    self._break(f"an incident was opened for {order.host}, which is in {word}")

    def _on_inventory(self, record: Record) -> None:
        """Remember what is set aside, and since when."""
        if isinstance(record.value, HostRecord | SegmentRecord):
            self._crowd.on_description(record.value)
        match record.value:
            case HostRecord(
                name=name, segment_id=segment_id, on_maintenance=on_maintenance, maintenance_until=end
            ):
                self._segments[name] = segment_id
                key, aside = ("maintenance", name), on_maintenance and end == 0
            case SegmentRecord(segment_id=segment_id, armed=armed):
                key, aside = ("disarmed segment", segment_id), not armed
            case _:
                return
        if aside:
            self._set_aside.setdefault(key, record.stamp.at)
        else:
            self._set_aside.pop(key, None)

    def on_ledger(self, entry: Entry, epoch: int) -> None:
        """The ledger is about to hold `entry`: all of it must be in the log, and epochs only grow."""
        for step in entry.steps.values():
            if (entry.incident, step) not in self._steps:
                self._break(f"the ledger is ahead of the log: {step.key} {step.state}")
        if epoch < self._epochs.get(entry.host, 0):
            self._break(f"an older epoch wrote to the ledger of {entry.host}")
        self._epochs[entry.host] = max(epoch, self._epochs.get(entry.host, 0))

    def at_end(self, rows: Iterable[Row]) -> None:
        """Nothing is left undecided: every fault has a verdict, every incident has ended or says why it waits."""
        for event, sentence in self._faults.items():
            if event not in self._covered:
                self._break(f"no verdict covers: {sentence}")
        for row in rows:
            if isinstance(row, SubjectRow) and row.kind is Kind.HOST and row.incident is not None:
                self._check_rest(row)

    def _check_rest(self, row: SubjectRow) -> None:
        incident = row.incident
        if incident is None or incident.phase is Phase.HELD or incident.is_waiting:
            return
        self._break(f"the incident of {row.host} is neither over nor held: {incident.phase}")
