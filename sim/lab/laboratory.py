"""A whole run: simulated cloud, broker and ledger, the pipeline's processes, observers, the watch, and the log.

It lives inside one virtual loop. What is done to it comes from a scenario's script (`verbs`); what happened is read
from `lines`, `invariants.broken` and the census.
"""

import asyncio
import random  # noqa: TID251 - seeded: the same seed gives the same run
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from uuid import UUID

from kasugai.core.deciding.outcomes import HELD_FIRST
from kasugai.core.deciding.rows import Row, SubjectRow
from kasugai.core.telling.narrate import narrate_fact, narrate_verdict
from kasugai.core.words.facts import Fact
from kasugai.core.words.identity import derive
from kasugai.core.words.incident import Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Command, Instruction, Limit, Source, Symptom, fault
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import PRODUCTION, Timing
from kasugai.core.words.verdicts import Verdict
from kasugai.observers.rounds import Round
from kasugai.schemas.topics import DEAD_LETTERS
from kasugai.sim.cloud import REAL, Pace, SimCloud
from kasugai.sim.lab.actors.bridge import BridgeActor
from kasugai.sim.lab.actors.correlate import CorrelateActor
from kasugai.sim.lab.actors.liveness import LivenessActor, seen
from kasugai.sim.lab.actors.route import RouteActor
from kasugai.sim.lab.actors.worker import Commits, WorkerActor
from kasugai.sim.lab.agents import HostAgents
from kasugai.sim.lab.broker import (
    COMMANDS,
    FAULTS,
    INVENTORY,
    METRICS,
    PEERS,
    POWER,
    RECOVERY,
    REPORTED,
    SERVICES,
    VERDICTS,
    Broker,
)
from kasugai.sim.lab.dogs import Dogs
from kasugai.sim.lab.folding import WIDE, fold
from kasugai.sim.lab.invariants import Invariants
from kasugai.sim.lab.mortal import Counter, Death, Process, follow_tasks
from kasugai.sim.lab.proving import Agents
from kasugai.sim.lab.records import Record
from kasugai.sim.ledger import MemoryLedger
from kasugai.streams.correlate_shell import row_of
from kasugai.streams.sayings import AGENT
from kasugai.workers.custom import NO_STEPS
from kasugai.workers.ports import CustomSteps

SESSION = 10.0
"""Seconds until a group notices that a worker has died: its session time-out."""
RESTART = 3.0
"""Seconds until a dead process is back: its supervisor restarts it."""

TOLD_ON = {
    Source.REPORTED: REPORTED,
    Source.PEER: PEERS,
    Source.NOVA: SERVICES,
    Source.POWER: POWER,
    Source.METRICS: METRICS,
}
"""Where a kind of witness speaks, if not where services do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How a run differs from the scenario as written."""

    name: str = "as written"
    twice: bool = False
    """Every record is appended two times."""
    shuffle: int | None = None
    """Seed of delays of up to 1 s per source partition: records of different partitions change their order."""
    worker_death: Death | None = None
    succeeds: bool = False
    """The dead worker's supervisor starts it again at once, and its next life knows that it is dead."""
    correlate_death: Death | None = None
    wire: float = 0.0
    """Seconds that the call at which a worker dies stays on the wire."""


Branches = Callable[[str, int], Variant | None]


@dataclass
class Lab:
    """The laboratory. Create it inside a running virtual loop."""

    variant: Variant = field(default_factory=Variant)
    timing: Timing = PRODUCTION
    pace: Pace = REAL
    slots: int = 10
    lines: list[str] = field(default_factory=list)
    policy: Policy = field(default_factory=Policy)
    custom_steps: CustomSteps = field(default_factory=lambda: NO_STEPS)
    """Steps of the operator's own that every worker has."""
    branches: Branches = lambda _who, _index: None
    """Which variant the run becomes at an effect of a kind of process; None: it goes on as it is."""
    host_agents: HostAgents | None = None
    """Where the story has agents, and with them liveness."""
    dogs: Dogs | None = None
    """Where its hosts have watchdogs."""
    liveness: LivenessActor | None = None
    bridge: BridgeActor | None = None
    """Where Nova tells of what it does."""
    degraded: dict[str, str] = field(default_factory=dict)
    """By host whose hardware an alert calls degraded: since when."""
    rounds: list[Round] = field(default_factory=list)
    """Production's readers of evidence, where the story has some."""

    def __post_init__(self) -> None:
        """Set up everything; nothing runs yet."""
        loop = asyncio.get_running_loop()
        follow_tasks(loop)
        self.cloud = SimCloud(loop, seed=7, pace=self.pace)
        self.cloud.world.tells_room = False
        self.agents = Agents()
        self.broker = Broker(twice=self.variant.twice)
        self.ledger = MemoryLedger(ttl=self.timing.lease)
        self.invariants = Invariants(self.cloud)
        self.invariants.watch(self.broker)
        self.broker.watchers.append(self._narrate)
        self.table: dict[tuple[int, str], bytes] = {}
        self.committed: Commits = {}
        self.segments: dict[str, SegmentRecord] = {}
        self.hosts: dict[str, HostRecord] = {}
        self.boots: dict[str, int] = {}
        """By host: which boot its heartbeat last told of."""
        self.worker_effects = Counter(self.variant.worker_death, partial(self._branch, "worker"))
        self.correlate_effects = Counter(self.variant.correlate_death, partial(self._branch, "correlate"))
        self.workers: list[Process] = []
        self.correlate: Process | None = None
        self.correlate_actor = CorrelateActor(self.broker, self.timing, self.table)
        self._born = 0
        self._said = 0
        self._workers_until = 0.0
        self._told: set[tuple[str, UUID]] = set()
        self._keep: set[asyncio.Task[None]] = set()
        self.prometheus = "well"
        """Or `away`, or `partial`."""

    def _branch(self, who: str, index: int) -> Death | None:
        """Become another variant at this effect, if one branches off here (`forking`)."""
        variant = self.branches(who, index)
        if variant is None:
            return None
        self.variant = variant
        return variant.worker_death or variant.correlate_death

    def start(self) -> None:
        """Start the pipeline."""
        chance = random.Random(self.variant.shuffle)
        shuffled = self.variant.shuffle is not None
        self.route = RouteActor(self.broker, (lambda: chance.uniform(0, 1)) if shuffled else (lambda: 0.0))
        self.route.start()
        self.start_correlate()
        self.start_worker()
        if self.liveness is not None:
            self.liveness.start()
        if self.bridge is not None:
            self.bridge.listen()
            self.bridge.start()

    def start_correlate(self) -> None:
        """Start correlate, from its table."""
        self._born += 1
        process = Process(f"correlate-{self._born}", self.correlate_effects, self._bury_correlate)
        self.correlate = process
        process.start(self.correlate_actor.main(process, 0.037))

    def _bury_correlate(self, process: Process) -> None:
        self.correlate = None
        if self.variant.correlate_death is not None:
            asyncio.get_running_loop().call_later(RESTART, self.start_correlate)

    def start_worker(self, former: str = "") -> None:
        """Start a worker on all partitions, from the commits, unless all are away for now or one is there. `former`:
        who is known to be dead."""
        if self.workers or asyncio.get_running_loop().time() < self._workers_until:
            return
        self._born += 1
        process = Process(f"worker-{self._born}", self.worker_effects, self._bury_worker)
        actor = WorkerActor(
            self.broker,
            self.cloud,
            self.ledger,
            self.timing,
            self.committed,
            self.invariants.on_ledger,
            custom_steps=self.custom_steps,
        )
        self.workers.append(process)
        process.start(actor.main(process, self.slots, former))

    def _bury_worker(self, process: Process) -> None:
        """A worker died of its variant: its call stays on the wire for a while, its group notices later."""
        if process not in self.workers:  # a paused one that another has replaced
            return
        self.workers.remove(process)
        if self.variant.wire:
            self.cloud.wire.slow(self.variant.wire, times=1)
        if self.variant.succeeds:
            self.later(RESTART, lambda: self.start_worker(process.name))
        else:
            self.later(SESSION, self.start_worker)

    def end_workers(self, gone: float) -> None:
        """Let all workers die at once, and one be back after `gone` seconds."""
        for process in list(self.workers):
            self.workers.remove(process)
            process.kill(bury=False)
        self._workers_until = asyncio.get_running_loop().time() + gone
        self.later(gone, self.start_worker)

    def _narrate(self, topic: str, record: Record) -> None:
        """Write the sentence of what was recorded, each once."""
        if topic == VERDICTS:
            verdict: Verdict = record.value
            self._tell(
                "correlate", verdict.verdict_id, self._named(verdict.subject, narrate_verdict(verdict))
            )
        elif topic == RECOVERY and isinstance(record.value, Fact):
            fact: Fact = record.value
            self._tell("worker", fact.fact_id, self._named(fact.subject, narrate_fact(fact)))
        elif topic == FAULTS and self.liveness is not None:
            self._tell("liveness", record.value.event_id, seen(record.value))
        elif topic.endswith(DEAD_LETTERS):
            self._tell_dead(dict(record.headers))

    def _named(self, subject: Subject, sentence: str) -> str:
        """Return a sentence about a guest with its name in the place of its uuid."""
        if subject.kind is not Kind.INSTANCE or not self.cloud.knows(subject.detail):
            return sentence
        return sentence.replace(subject.detail, self.cloud.world.guest(subject.detail).name)

    def _tell_dead(self, why: dict[str, bytes]) -> None:
        """Write that somebody has put a record aside, each once."""
        place = derive("dead", *(why[f"dlq-{name}"].decode() for name in ("topic", "partition", "offset")))
        actor = why["dlq-app"].decode().removeprefix("kasugai-").split("-")[0]
        self._tell(actor, place, f"dead letter of {why['dlq-topic'].decode()}: {why['dlq-error'].decode()}")

    def _tell(self, actor: str, name: UUID, sentence: str) -> None:
        if sentence and (actor, name) not in self._told:
            self._told.add((actor, name))
            self.say(actor, sentence)

    def say(self, actor: str, sentence: str) -> None:
        """Add a line to the log."""
        seconds = int(asyncio.get_running_loop().time())
        self.lines.append(f"{seconds // 60:4d}:{seconds % 60:02d}  {actor:<9}  {sentence}")

    def describe_segment(self, name: str, **changes: object) -> SegmentRecord:
        """Write a segment's description, or a newer one."""
        old = self.segments.get(name)
        fresh = SegmentRecord(
            segment_id=str(derive("segment", name)), name=name, version=0, policy=self.policy
        )
        base = old or fresh
        record = replace(base, version=base.version + 1, **changes)  # type: ignore[arg-type]
        self.segments[name] = record
        self.broker.append(INVENTORY, record.segment_id, record)
        return record

    def describe_host(self, name: str, segment: str, **changes: object) -> HostRecord:
        """Write a host's description, or a newer one."""
        fresh = HostRecord(
            host_uuid=str(derive("host", name)),
            name=name,
            segment_id=self.segments[segment].segment_id,
            version=0,
        )
        base = self.hosts.get(name) or fresh
        record = replace(base, version=base.version + 1, **changes)  # type: ignore[arg-type]
        self.hosts[name] = record
        self.broker.append(INVENTORY, record.segment_id, record)
        return record

    def observe(
        self,
        host: str,
        observer: str,
        source: Source,
        symptom: Symptom,
        episode: str,
        *,
        asserted: bool = False,
        trusted: bool = True,
        age: float | None = 0.0,
        boot_id: str = "",
        kind: Kind = Kind.HOST,
        detail: str = "",
        signer: str | None = None,
        topic: str = "",
    ) -> None:
        """Let an observer say something about a host, or about what `detail` names on it. `age`: seconds since it was
        observed; None where nobody can say. `signer`: the host whose key signs it where that is asked, "" for none;
        the observer's own unless given. `topic`: where it is said, if not where that kind of witness speaks."""
        now = self.broker.now()
        said = fault(
            kind=kind,
            detail=detail,
            host=host,
            host_uuid=self.hosts[host].host_uuid if host in self.hosts else "",
            observer=observer,
            source=source,
            symptom=symptom,
            episode=episode,
            asserted=asserted,
            trusted=trusted,
            observed_at=0 if age is None else now - int(age * 1000),
            boot_id=boot_id,
            inventory_offset=len(self.broker.log(INVENTORY, 0)) - 1,
        )
        topic = topic or TOLD_ON.get(source, FAULTS)
        signed_by = observer.removeprefix(AGENT) if signer is None else signer
        self.broker.append(topic, host, said, headers=self.agents.headers(signed_by, topic, host, said))

    def play_again(self, observer: str, symptom: Symptom) -> None:
        """Let somebody who has recorded what an agent said of another host send the last such word again, as it was."""
        words = [record for record in self.broker.all(PEERS) if record.value.observer == observer]
        said = [record for record in words if record.value.symptom is symptom]
        self.broker.append(PEERS, said[-1].key, said[-1].raw, headers=said[-1].headers)

    def command(
        self,
        order: Instruction,
        segment: str,
        reason: str,
        *,
        subject: Subject | None = None,
        limit: Limit | None = None,
        up_to: int = 0,
        at_once: bool = False,
    ) -> None:
        """Let an operator say something to a segment or about a subject."""
        self._said += 1
        command = Command(
            command_id=derive("command", self._said),
            order=order,
            segment=self.segments[segment].segment_id,
            subject=subject,
            limit=limit,
            up_to=up_to,
            at_once=at_once,
            author="ann",
            reason=reason,
        )
        self.broker.append(COMMANDS, command.segment, command)

    def keep(self, task: asyncio.Task[None]) -> None:
        """Let a task live as long as the run."""
        self._keep.add(task)

    def segment_of(self, host: str) -> str:
        """Return the name of a host's segment."""
        return next(s.name for s in self.segments.values() if s.segment_id == self.hosts[host].segment_id)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after a while."""
        asyncio.get_running_loop().call_later(seconds, act)

    def rows(self) -> list[Row]:
        """Return what stands in correlate's table."""
        return [_row(value) for value in self.table.values()]

    def is_at_rest(self) -> bool:
        """Whether everybody lives and no incident is open but those that are held."""
        moving = any(not _rests(row) for row in self.rows() if isinstance(row, SubjectRow))
        return not moving and self.correlate is not None and bool(self.workers)

    def finish(self) -> None:
        """Check what must hold at the end, and close the log with the census."""
        self.invariants.at_end(self.rows())
        for sentence in self.correlate_actor.left:
            self.invariants.breaks(sentence)
        places = [f"  {place}" for place in self.cloud.census()]
        wide = len(places) > WIDE
        self.lines = [*fold(self.lines), "", *fold(places)] if wide else [*self.lines, "", *places]


@lru_cache(10_000)
def _row(value: bytes) -> Row:
    """Return what a row holds; most are asked for again and again."""
    return row_of(value)


def _rests(row: SubjectRow) -> bool:
    """Whether a subject's incident is held for longer than the pause before a retry."""
    incident = row.incident
    return incident is None or (incident.phase is Phase.HELD and incident.back_off >= HELD_FIRST)
