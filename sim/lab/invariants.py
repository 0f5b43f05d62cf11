"""What must hold at every instant of every run, and what must hold at its end (scenarios.md).

It watches the simulated cloud, the broker and the ledger from outside; it never looks into a handler.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from kasugai.core.facts import Fact, FactKind, StepRecord
from kasugai.core.incident import Open, Phase
from kasugai.core.inventory import HostRecord, SegmentRecord
from kasugai.core.ledger import Entry
from kasugai.core.look import EVACUATION, PowerState
from kasugai.core.rows import Row, SubjectRow
from kasugai.core.signals import Fault, Kind
from kasugai.core.verdicts import Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.diary import Entry as DiaryEntry
from kasugai.sim.cloud.wire import Request
from kasugai.sim.lab.broker import FAULTS, INCIDENTS, INVENTORY, RECOVERY, REPORTED, VERDICTS, Broker, Record

PROPAGATION = 2000
"""Milliseconds that a description may take to reach correlate's mailbox (reordered variants delay it)."""


@dataclass(slots=True)
class Invariants:
    """The watch. `broken` collects one sentence per violation, each once."""

    cloud: SimCloud
    broken: list[str] = field(default_factory=list)
    _asserted: dict[str, float] = field(default_factory=dict)
    _steps: set[tuple[UUID, StepRecord]] = field(default_factory=set)
    _epochs: dict[str, int] = field(default_factory=dict)
    _finished: set[UUID] = field(default_factory=set)
    _faults: dict[UUID, str] = field(default_factory=dict)
    _covered: set[UUID] = field(default_factory=set)
    _set_aside: dict[str, int] = field(default_factory=dict)
    """By host or segment: the broker's time since which nothing may be opened for it."""
    _given: dict[str, UUID] = field(default_factory=dict)
    """By reserve: the open incident that has it."""
    _numbers: dict[UUID, int] = field(default_factory=dict)

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
        if not request.sender or request.action != "evacuate":
            return
        if request.arrived is None:
            self._check_source(request.subject)
        elif request.status == 200:
            self._check_once(request.subject)

    def _check_source(self, guest: str) -> None:
        """The source is off now (not merely fenced once), or somebody trusted vouches for it."""
        record = self.cloud.world.guests[guest]
        host = record.host or ""
        if host in self._asserted or host not in self.cloud.world.hosts:
            return
        if self.cloud.power.has(host) and self.cloud.power.read(host) is PowerState.OFF:
            return
        if self.cloud.world.hosts[host].power_on:
            self._break(f"{record.name} was evacuated while its source {host} was on")
        elif not self.cloud.power.has(host):
            self._break(f"{record.name} was evacuated while the power of {host} was unknown")

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
                self._on_fault(record.value)
            case _ if topic == RECOVERY:
                self._on_fact(record.value)
            case _ if topic == VERDICTS:
                self._on_verdict(record.value)
            case _ if topic == INCIDENTS:
                self._on_order(record.value)
            case _ if topic == INVENTORY:
                self._on_inventory(record)

    def _on_fault(self, fault: Fault) -> None:
        self._faults.setdefault(fault.event_id, f"{fault.symptom} of {fault.subject} by {fault.observer}")
        if fault.asserted:
            self._asserted[fault.host] = 0.0

    def _on_fact(self, fact: Fact) -> None:
        if fact.step is not None:
            self._steps.add((fact.incident, fact.step))
        if fact.kind is FactKind.FINISHED:
            self._finished.add(fact.incident)

    def _on_verdict(self, verdict: Verdict) -> None:
        self._covered.update(evidence.event_id for evidence in verdict.evidence)
        if verdict.verb is Verb.CLOSE:
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
            since = [self._set_aside.get(order.host), self._set_aside.get(order.segment)]
            if any(at is not None and order.decided_at > at + PROPAGATION for at in since):
                self._break(f"an incident was opened for {order.host}, which is in maintenance or disarmed")

    def _on_inventory(self, record: Record) -> None:
        """Remember what is set aside, and since when."""
        match record.value:
            case HostRecord(name=name, on_maintenance=on_maintenance):
                key, aside = name, on_maintenance
            case SegmentRecord(segment_id=segment_id, armed=armed):
                key, aside = segment_id, not armed
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
