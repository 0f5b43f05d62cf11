"""A month of a cloud as a recording: 1,000 hosts in 25 segments, 50 outages, and every day some hosts that are
suspected and turn out well. The real mailbox decides; witnesses and workers are played, to the millisecond.

What fills the mailbox is not the outages: it is the ticks (each partition every 30 s, every 0.5 s while something is
due), the inventory that route tells anew each day, and the witnesses of hosts that are away, who repeat themselves.
"""

import heapq
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO

from kasugai.core.deciding.mailbox import Mailbox
from kasugai.core.deciding.steady import NEAR, TICK_NEAR
from kasugai.core.words.actions import WORDINGS, Meaning
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState, make_fact
from kasugai.core.words.identity import derive
from kasugai.core.words.incident import Open
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.signals import (
    InventoryChange,
    Letter,
    Outcome,
    Signal,
    Source,
    Stamp,
    Symptom,
    fault,
)
from kasugai.core.words.timing import PRODUCTION, BrokerTime, Millis, later
from kasugai.core.words.verdicts import Reason
from kasugai.schemas.codec import encode
from kasugai.schemas.keys import key_of
from kasugai.schemas.recordings import About, Entry, RecordingWriter, opened
from kasugai.schemas.topics import INCIDENTS, RECOVERY, SIGNALS, VERDICTS

DAYS, SEGMENTS, RACK, OUTAGES, GUESTS, PARTITIONS = 30, 25, 40, 50, 20, 12
FLAPS = 20
"""Hosts a day that one witness calls dead for five seconds."""
AWAY: Millis = Millis(2 * 3_600_000)
"""How long a host is away: so long do its witnesses repeat themselves."""
BEGIN = BrokerTime(1_796_083_200_000)
DAY: Millis = Millis(86_400_000)
REPEAT = 30_000
WITNESSES = (
    ("liveness", Source.HEARTBEAT, Symptom.DOWN, 3_000),
    ("host/peer1", Source.PEER, Symptom.DOWN, 4_000),
    ("host/peer2", Source.PEER, Symptom.DOWN, 4_500),
    ("observe-power", Source.POWER, Symptom.OFF, 8_000),
    ("observe-nova", Source.NOVA, Symptom.DOWN, 16_000),
)
"""Who says what of a host that is dead, and so many milliseconds after."""
ALIVE = ("liveness", Source.HEARTBEAT, Symptom.ALIVE, 0)

Act = Callable[[], None]


def write(path: Path, days: int = DAYS) -> int:
    """Write the recording; return how many records its mailbox holds."""
    past: list[Entry] = []
    about = About(begin=BEGIN, end=later(BEGIN, Millis(days * DAY)), made_by="bench")
    with tempfile.TemporaryFile() as letters, path.open("wb") as file:
        with RecordingWriter(letters, about) as mailbox:
            records = sum(_Partition(number, days, past, mailbox).run() for number in range(PARTITIONS))
        letters.seek(0)
        with RecordingWriter(file, about) as whole:
            for entry in past:
                whole.add(entry)
            for entry in _entries(letters):
                whole.add(entry)
    return records


def _entries(file: IO[bytes]) -> Iterator[Entry]:
    with opened(Path(f"/proc/self/fd/{file.fileno()}")) as recording:
        yield from recording.entries


def racks() -> list[SegmentRecord]:
    """Return the segments."""
    return [
        SegmentRecord(segment_id=str(derive("segment", n)), name=f"rack{n}", number=n + 1)
        for n in range(SEGMENTS)
    ]


def hosts_of(segment: SegmentRecord) -> list[HostRecord]:
    """Return a segment's hosts."""
    names = [f"{segment.name}-n{n}.example.org" for n in range(RACK)]
    return [
        HostRecord(host_uuid=str(derive("host", name)), name=name, segment_id=segment.segment_id)
        for name in names
    ]


@dataclass(slots=True)
class _Partition:
    """One partition of the mailbox with its segments, every 12th of them."""

    number: int
    days: int
    past: list[Entry]
    file: RecordingWriter
    _offset: int = 0
    _queue: list[tuple[int, int, Act]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _now: int = BEGIN
    _ticked: int = 0
    _announced: int = 0
    _mailbox: Mailbox = field(init=False)

    def __post_init__(self) -> None:
        self._mailbox = Mailbox.restore(self.number)

    def run(self) -> int:
        """Live through it; return how many records there were."""
        mine = racks()[self.number :: PARTITIONS]
        for day in range(self.days):
            for segment in mine:
                self._at(BEGIN + day * DAY, partial(self._describe, segment))
        self._plan_outages()
        self._plan_flaps()
        end = BEGIN + self.days * DAY
        while True:
            at = self._queue[0][0] if self._queue else end
            due = self._tick_due()
            if min(at, due) >= end:
                return self._offset
            if due <= at:
                self._now = due
                self._tick()
            else:
                self._now, _, act = heapq.heappop(self._queue)
                act()

    def _at(self, when: float, act: Act) -> None:
        heapq.heappush(self._queue, (int(when), next(self._order), act))

    def _plan_outages(self) -> None:
        """Each of the cloud's outages strikes another segment; here are those of this partition's."""
        for n in range(OUTAGES):
            rack = n * 7 % SEGMENTS
            if rack % PARTITIONS == self.number:
                host = hosts_of(racks()[rack])[n % RACK]
                at = BEGIN + DAY // 4 + n * (self.days * DAY - DAY) / OUTAGES
                self._at(BEGIN + 3_600_000 + n, partial(self._say, host, ALIVE, "first", boot="first"))
                self._at(at, partial(self._die, host, int(at)))

    def _plan_flaps(self) -> None:
        for n in range(FLAPS * self.days):
            rack = n * 11 % SEGMENTS
            if rack % PARTITIONS == self.number:
                host = hosts_of(racks()[rack])[n * 3 % RACK]
                at = BEGIN + n * DAY / FLAPS + 777
                self._at(at, partial(self._say, host, WITNESSES[0], f"flap{n}"))
                self._at(at + 5_000, partial(self._say, host, ALIVE, f"back{n}"))

    def _describe(self, segment: SegmentRecord) -> None:
        self._letter(segment.segment_id, InventoryChange(record=segment))
        for host in hosts_of(segment):
            self._letter(segment.segment_id, InventoryChange(record=host))

    def _die(self, host: HostRecord, at: int) -> None:
        for witness in WITNESSES:
            for since in range(witness[3], AWAY, REPEAT):
                self._at(at + since, partial(self._say, host, witness, f"{at}"))
        self._at(at + AWAY, partial(self._say, host, ALIVE, f"{at}b", boot="next"))
        for name, source, _, _ in WITNESSES[1:]:
            clear = (name, source, Symptom.CLEAR, 0)
            self._at(at + AWAY + 5_000, partial(self._say, host, clear, f"{at}c"))

    def _say(
        self, host: HostRecord, witness: tuple[str, Source, Symptom, int], episode: str, boot: str = ""
    ) -> None:
        observer, source, symptom, _ = witness
        said = fault(
            host=host.name,
            host_uuid=host.host_uuid,
            observer=observer,
            source=source,
            symptom=symptom,
            episode=episode,
            boot_id=boot,
            observed_at=self._now - 5,
        )
        self._letter(host.segment_id, replace(said, said_at=BrokerTime(self._now - 3)))

    def _letter(self, segment: str, signal: Signal) -> None:
        self._take(Letter(segment=segment, signal=signal))

    def _tick_due(self) -> int:
        """As correlate's timer: every announced period, and every 0.5 s while a deadline is near."""
        if not self._ticked:
            return self._now + 50
        far, nearest = self._ticked + self._announced, self._mailbox.nearest
        if nearest is None:
            return max(self._now, far)
        near = nearest + self._mailbox.clock.blind - NEAR
        return max(self._now, min(far, max(self._ticked + TICK_NEAR, near)))

    def _tick(self) -> None:
        quiet = Millis(max(0, self._now - self._mailbox.clock.now))
        since = Millis(self._now - self._ticked) if self._ticked else None
        tick = self._mailbox.tick(quiet, since)
        if tick is None:
            tick = self._mailbox.tick(quiet, None)
        assert tick is not None
        self._ticked, self._announced = self._now, tick.period
        self._take(Letter(segment="", signal=tick))

    def _take(self, letter: Letter) -> None:
        stamp = Stamp(partition=self.number, offset=self._offset, at=BrokerTime(self._now))
        self._offset += 1
        self.file.add(Entry(SIGNALS, self.number, stamp.offset, stamp.at, encode(letter)))
        decided = self._mailbox.take(letter, stamp)
        for verdict in decided.verdicts:
            self._keep(VERDICTS, verdict)
        for order in decided.orders:
            self._keep(INCIDENTS[order.kind], order)
            if isinstance(order, Open) and order.n == 1:
                _Worker(order, self._at, self._fact).begin(self._now)

    def _fact(self, fact: Fact) -> None:
        fact = make_fact(fact)
        self._keep(RECOVERY, fact)
        if fact.kind.is_outcome:
            self._letter(fact.segment, Outcome(fact=fact))

    def _keep(self, topic: str, value: object) -> None:
        assert key_of(value)  # type: ignore[arg-type]
        self.past.append(Entry(topic, self.number, len(self.past), self._now + 2, encode(value)))


@dataclass(frozen=True, slots=True)
class _Worker:
    """Recovers an incident: twenty guests, five seconds each, or a host's return, which has none."""

    order: Open
    at: Callable[[float, Act], None]
    say: Callable[[Fact], None]

    def begin(self, now: int) -> None:
        """Say what is done, and when."""
        order = self.order
        guests = () if order.undoes is not None else tuple(range(GUESTS))
        self.at(now + 20, partial(self.say, self._fact(FactKind.ADOPTED)))
        plan = self._plan()
        self.at(now + 200, partial(self.say, replace(self._fact(FactKind.PLAN), plan=plan)))
        end = now + 3_000 + len(guests) * 5_000
        for n, step in enumerate(plan.steps):
            began = now + 1_000 + n * 4_500
            self.at(began, partial(self._step, step, FactKind.STARTED, StepState.STARTED))
            self.at(began + 2_000, partial(self._step, step, FactKind.DONE, StepState.DONE))
        for seq, at in enumerate(range(now + PRODUCTION.working, end, PRODUCTION.working)):
            self.at(at, partial(self.say, replace(self._fact(FactKind.WORKING), seq=seq, effects=True)))
        self.at(end, partial(self.say, self._end(plan)))

    def _plan(self) -> Plan:
        order, meanings = self.order, (Meaning.FENCED, Meaning.OUT)
        if order.undoes is not None:
            steps: tuple[Step, ...] = ()
        else:
            steps = tuple(Step(action=_action(meaning), subject=order.host) for meaning in meanings)
            steps += tuple(
                Step(action="evacuate", subject=str(derive("guest", order.host, n)), name=f"vm{n}")
                for n in range(GUESTS)
            )
        return Plan(
            incident=order.incident, attempt=1, epoch=self._epoch, host=order.host, window=8, steps=steps
        )

    @property
    def _epoch(self) -> int:
        return 1 + (self.order.decided_at - BEGIN) // DAY

    def _fact(self, kind: FactKind) -> Fact:
        order = self.order
        return Fact(
            fact_id=order.incident,
            kind=kind,
            incident=order.incident,
            segment=order.segment,
            subject=order.subject,
            attempt=1,
            epoch=self._epoch,
            author="worker-1",
            n=order.n,
        )

    def _step(self, step: Step, kind: FactKind, state: StepState) -> None:
        self.say(replace(self._fact(kind), step=self._record(step, state), name=step.name, effects=True))

    def _record(self, step: Step, state: StepState) -> StepRecord:
        return StepRecord(action=step.action, subject=step.subject, state=state, epoch=self._epoch, tries=1)

    def _end(self, plan: Plan) -> Fact:
        steps = tuple(self._record(step, StepState.DONE) for step in plan.steps)
        draft = self._fact(FactKind.FINISHED)
        return replace(
            draft, result=Result.RECOVERED, reason=Reason.RECOVERED, plan=plan, steps=steps, effects=True
        )


def _action(meaning: Meaning) -> str:
    return next(words.action for words in WORDINGS.values() if words.meaning is meaning)
