"""`kasugai liveness` as a process: reads heartbeats on its own thread until told to stop.

There is no event loop: what is read is worked upon at once, and what is published is not waited for.
"""

import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from kasugai.adapters.incarnation import incarnation
from kasugai.adapters.kafka.beat_source import BeatSource
from kasugai.adapters.kafka.outlet import Outlet
from kasugai.adapters.kafka.standing import written_since
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.proving.opening import proofs_of
from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.catalogue import (
    LIVENESS_BLIND,
    LIVENESS_FAULTS,
    LIVENESS_HOSTS,
    LIVENESS_IGNORED,
)
from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.wall import Wall, monotonic, pause
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.signals import Symptom
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import HEARTBEATS, HOSTS
from kasugai.streams.liveness import GROUP, Liveness, Stood, stood_of

log = logging.getLogger(__name__)

SAY_EVERY = 60.0
PAUSE = 1.0
"""Seconds before Kafka is asked again."""
STANDS = 100_000
"""What stands was said within so many milliseconds: it is repeated every 30 s, and expires after 90."""
IGNORED = ("said before", "unproved", "unreadable")
"""Why a record counts for nothing."""


def main(settings: Settings, *, demo: bool = False, vitals: Vitals | None = None) -> int:
    """Run until SIGTERM or SIGINT and return 0; an exception means: start me again.

    TopicsUnfit when the broker's topics are not as their contracts say; `demo` accepts a broker that cannot say;
    `vitals` is told how liveness does.
    """
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.ask)
    run(settings, stop, demo=demo, vitals=vitals or Vitals())
    return 0


@dataclass(slots=True)
class Stop:
    """Whether it was told to stop."""

    is_asked: bool = False

    def ask(self, *_: Any) -> None:
        """Stop soon."""
        self.is_asked = True


def run(settings: Settings, stop: Stop, *, demo: bool, vitals: Vitals) -> None:
    """Run on this thread until asked to stop."""
    instance = settings.stream.instance
    name = f"{GROUP}-{instance}"
    if not _topics_are_fit(settings, stop, demo=demo, vitals=vitals):
        return
    with ExitStack() as stack:
        out = Outlet(settings.kafka, name)
        stack.callback(out.close)
        liveness = Liveness(
            rules=settings.liveness.rules,
            proofs=proofs_of(settings.agents),
            out=out,
            author=incarnation(instance),
            clock=monotonic,
        )
        source = BeatSource(
            settings.kafka,
            group=GROUP,
            instance=instance,
            topic=HEARTBEATS,
            memory=settings.liveness.rules.memory,
            owner=Heir(settings, liveness),
            wall=Wall().now,
            lags=vitals.lags if vitals.is_served else None,
        )
        stack.callback(source.close)
        vitals.expect(
            lambda: "" if source.has_joined else "waiting for the group", lambda: liveness.waits_for
        )
        for metric, read in readings(liveness).items():
            stack.enter_context(watched(metric, read))
        _watch(liveness, source, out, stop, vitals)
        log.info("stopping")


def _watch(liveness: Liveness, source: BeatSource, out: Outlet, stop: Stop, vitals: Vitals) -> None:
    while not stop.is_asked:
        vitals.beat()
        liveness.pulse()
        out.serve()
        liveness.take(source.next())
        source.keep(liveness.kept())


@dataclass(slots=True)
class Heir:
    """Takes partitions over: what was last said of their hosts is read first."""

    settings: Settings
    liveness: Liveness
    took: list[float] = field(default_factory=list)

    def begin(self, numbers: Sequence[int], roads: dict[int, str]) -> None:
        """See the port."""
        stood = self._stood(numbers)
        for number in numbers:
            self.liveness.begin(number, roads.get(number, ""), stood.get(number, ()))

    def end(self) -> None:
        """See the port."""
        self.liveness.end()

    def _stood(self, numbers: Sequence[int]) -> dict[int, list[Stood]]:
        """Return the last word about each host, by partition: keys lie in the same partitions of both topics."""
        name = f"{GROUP}-{self.settings.stream.instance}-standing"
        since = Wall().now() - STANDS
        last: dict[tuple[int, str], Stood] = {}
        for record in written_since(self.settings.kafka, name, HOSTS, numbers, since):
            try:
                stood = stood_of(record, decode(record.value or b""))
            except Undecodable:
                continue  # route tells
            if stood is not None:
                last[record.partition, stood.said.fault.host] = stood
        found: dict[int, list[Stood]] = {}
        for (number, _), stood in last.items():
            found.setdefault(number, []).append(stood)
        return found


def _topics_are_fit(settings: Settings, stop: Stop, *, demo: bool, vitals: Vitals) -> bool:
    """Wait for Kafka as long as it takes; False when told to stop meanwhile."""
    said = float("-inf")
    while not stop.is_asked:
        vitals.beat()
        try:
            require(settings, (HEARTBEATS, HOSTS), demo=demo)
            return True
        except LogAway as error:
            if monotonic() - said >= SAY_EVERY:
                said = monotonic()
                log.warning("waiting for Kafka at %s: %s", settings.kafka.bootstrap_servers, error)
            pause(PAUSE)
    return False


def readings(liveness: Liveness) -> dict[Any, Callable[[], list[Reading]]]:
    counts = liveness.counts
    return {
        LIVENESS_HOSTS: lambda: [(n, {"state": state}) for state, n in liveness.states().items()],
        LIVENESS_IGNORED: lambda: [(counts[why], {"why": why}) for why in IGNORED],
        LIVENESS_FAULTS: lambda: [
            (counts[word.value], {"symptom": word.value})
            for word in (Symptom.DOWN, Symptom.OFF, Symptom.ALIVE, Symptom.CLEAR)
        ],
        LIVENESS_BLIND: lambda: [
            (sum(mine.partition.blind for mine in list(liveness.owned.values())) / 1000, {})
        ],
    }
