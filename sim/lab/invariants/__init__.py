"""What must hold at every instant of every run, and what must hold at its end: one small watcher per invariant.

A new invariant is a file of its own and a line in `WATCHERS`.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from kasugai.core.deciding.rows import Row
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.topics import dead_letters_of
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.broker import (
    COMMANDS,
    FAULTS,
    INVENTORY,
    METRICS,
    NOVA,
    ORDERS,
    PEERS,
    POWER,
    RECOVERY,
    REPORTED,
    SERVICES,
    SILENCES,
    VERDICTS,
    Broker,
)
from kasugai.sim.lab.invariants.at_rest import AtRest
from kasugai.sim.lab.invariants.budget import Budget
from kasugai.sim.lab.invariants.closed_by_outcome import ClosedByOutcome
from kasugai.sim.lab.invariants.covered import Covered
from kasugai.sim.lab.invariants.crashed import Crashed
from kasugai.sim.lab.invariants.crowd import Crowd
from kasugai.sim.lab.invariants.disk_kept import DiskKept
from kasugai.sim.lab.invariants.domain_storm import DomainStorm
from kasugai.sim.lab.invariants.drained import Drained
from kasugai.sim.lab.invariants.enabled_by_us import EnabledByUs
from kasugai.sim.lab.invariants.epochs_grow import EpochsGrow
from kasugai.sim.lab.invariants.evacuated_once import EvacuatedOnce
from kasugai.sim.lab.invariants.fenced_alive import FencedAlive
from kasugai.sim.lab.invariants.host_first import HostFirst
from kasugai.sim.lab.invariants.kafka_first import KafkaFirst
from kasugai.sim.lab.invariants.numbered import Numbered
from kasugai.sim.lab.invariants.one_attempt import OneAttempt
from kasugai.sim.lab.invariants.one_call import OneCall
from kasugai.sim.lab.invariants.one_reserve import OneReserve
from kasugai.sim.lab.invariants.powered_on import PoweredOn
from kasugai.sim.lab.invariants.reset_is_true import ResetIsTrue
from kasugai.sim.lab.invariants.runs_once import RunsOnce
from kasugai.sim.lab.invariants.set_aside import SetAside
from kasugai.sim.lab.invariants.somewhere import Somewhere
from kasugai.sim.lab.invariants.source_off import SourceOff
from kasugai.sim.lab.invariants.stays_deleted import StaysDeleted
from kasugai.sim.lab.invariants.users_wish import UsersWish
from kasugai.sim.lab.invariants.watcher import (
    EFFECTS,
    Accepted,
    Asked,
    Buried,
    Ended,
    Kept,
    Lie,
    Sent,
    Sight,
    Watcher,
    is_a_call,
)
from kasugai.sim.lab.records import Record
from kasugai.streams.sayings import Unsaid, check_saying

WATCHERS: tuple[type[Watcher], ...] = (
    RunsOnce,
    ResetIsTrue,
    Somewhere,
    StaysDeleted,
    SourceOff,
    EvacuatedOnce,
    FencedAlive,
    SetAside,
    DiskKept,
    OneAttempt,
    Crowd,
    DomainStorm,
    OneReserve,
    PoweredOn,
    KafkaFirst,
    EpochsGrow,
    Numbered,
    ClosedByOutcome,
    Covered,
    UsersWish,
    HostFirst,
    Drained,
    Budget,
    EnabledByUs,
    OneCall,
    Crashed,
    AtRest,
)

TOLD = frozenset({FAULTS, METRICS, NOVA, PEERS, POWER, REPORTED, SERVICES})
"""The topics on which faults stand."""
WATCHED = TOLD | {SILENCES, COMMANDS, INVENTORY, VERDICTS, RECOVERY, *ORDERS.values()}
"""The topics that are watched."""
GRAVES = frozenset(map(dead_letters_of, TOLD))

Saw = Callable[[Sight, BrokerTime], Iterator[str]]


class Invariants:
    """All watchers of a run. `broken` collects one sentence per violation, each once."""

    def __init__(self, cloud: SimCloud) -> None:
        """Have seen nothing."""
        self.broken: list[str] = []
        self._cloud = cloud
        self._told: set[UUID] = set()
        self._watchers: dict[type, list[Saw]] = defaultdict(list)
        for watcher in (kind(cloud) for kind in WATCHERS):
            for sight in watcher.sees:
                self._watchers[sight].append(watcher.saw)

    def watch(self, broker: Broker) -> None:
        """Begin."""
        self._cloud.diary.watchers.append(lambda entry: self.saw(entry, _clock()))
        self._cloud.wire.watchers.append(self._on_request)
        broker.watchers.append(self._on_record)

    def on_ledger(self, entry: Entry, epoch: int) -> None:
        """The ledger is about to hold `entry`, by a writer of `epoch`."""
        self.saw(Kept(entry=entry, epoch=epoch), _clock())

    def at_end(self, rows: Iterable[Row]) -> None:
        """The run is over, and `rows` stand in correlate's table."""
        self.saw(Ended(rows=tuple(rows)), _clock())

    def saw(self, what: Sight, at: BrokerTime) -> None:
        """Tell whoever wants to see it."""
        for saw in self._watchers.get(type(what), ()):
            for sentence in saw(what, at):
                self.breaks(sentence)

    def breaks(self, sentence: str) -> None:
        """Something does not hold."""
        if sentence not in self.broken:
            self.broken.append(sentence)

    def _on_record(self, topic: str, record: Record) -> None:
        if topic in GRAVES and isinstance(record.value, Fault):
            self.saw(Buried(fault=record.value), record.stamp.at)
        if topic not in WATCHED:
            return
        value = record.value
        if isinstance(value, Fault) and self._is_copy(value):
            return
        is_lie = isinstance(value, Fault) and not _is_carried(topic, value)
        self.saw(Lie(fault=value) if is_lie else value, record.stamp.at)

    def _is_copy(self, fault: Fault) -> bool:
        """A copy of a sign of life that was given before contradicts nothing."""
        known = fault.event_id in self._told
        self._told.add(fault.event_id)
        return known and fault.symptom in (Symptom.ALIVE, Symptom.CLEAR)

    def _on_request(self, request: Request) -> None:
        if is_a_call(request):
            self.saw(Asked(request=request), _clock())
        if not request.sender or request.action not in EFFECTS:
            return
        evacuates = request.action == "evacuate"
        if request.arrived is None:
            guest = self._cloud.world.guests[request.subject] if evacuates else None
            host = (guest.host or "") if guest else request.subject
            self.saw(Sent(action=request.action, host=host, guest=guest.uuid if guest else ""), _clock())
        elif evacuates and request.status == 200:
            self.saw(Accepted(guest=request.subject), _clock())


def _is_carried(topic: str, fault: Fault) -> bool:
    try:
        check_saying(fault, topic)
    except Unsaid:
        return False
    return True


def _clock() -> BrokerTime:
    """Return the broker's time."""
    return BrokerTime(math.floor((NEW_YEAR + asyncio.get_running_loop().time()) * 1000))
