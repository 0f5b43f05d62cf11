"""What holds of liveness' conclusions for every log of beats and pulses."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.watching.host import QUICKEST_BOOT
from kasugai.core.watching.partition import Partition, Said
from kasugai.core.watching.rules import Rules
from kasugai.core.words.heartbeats import Leave
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import BrokerTime, Millis
from tests.unit.core.heartbeat_log import START

HOSTS = ("cmp1", "cmp2", "cmp3")
RULES = Rules()


@dataclass(frozen=True)
class Event:
    """One record: a beat of `host`, or a pulse where there is none."""

    after: int
    """Milliseconds after the record before it."""
    host: str = ""
    concludes: bool = True
    late: int = 0
    boots: bool = False
    leave: Leave = Leave.STAYS


beats = st.builds(Event, after=st.integers(0, 1_500), host=st.sampled_from(HOSTS))
pulses = st.builds(Event, after=st.integers(0, 4_000), concludes=st.booleans())
logs = st.lists(beats | pulses, max_size=80)


@dataclass
class Fold:
    """Reads events, and remembers who said what when."""

    now: int = START

    def __post_init__(self) -> None:
        self.partition = Partition(RULES)
        self.said: list[tuple[int, Said]] = []
        self.last: dict[str, int] = {}
        self.begun: int | None = None
        self.pulses: list[int] = []

    def take(self, event: Event) -> None:
        self.now += event.after
        if event.host:
            self.last[event.host] = self.now
            self.hear(event.host, self.now)
            return
        self.pulses.append(self.now)
        if event.concludes and self.begun is None:
            self.begun = self.now
        words = self.partition.pulse(BrokerTime(self.now), concludes=event.concludes).said
        self.said += [(self.now, word) for word in words]

    def hear(self, host: str, uptime: int) -> bool:
        at = BrokerTime(self.now)
        return self.partition.hear(host, "b1", Millis(uptime), Millis(1_000), Millis(0), Leave.STAYS, (), at)


def folded(events: list[Event], look: Callable[[Fold], None] = lambda _: None) -> Fold:
    """Return the fold of these events; `look` is called after each."""
    fold = Fold()
    for event in events:
        fold.take(event)
        look(fold)
    return fold


@given(logs)
def test_nobody_is_down_who_beat_within_silence(events: list[Event]) -> None:
    seen: list[int] = []

    def look(fold: Fold) -> None:
        for at, word in fold.said[len(seen) :]:
            seen.append(at)
            if word.fault.symptom is Symptom.DOWN:
                assert at - fold.last[word.fault.host] > RULES.silence

    folded(events, look)


@given(logs)
def test_blind_is_not_silence(events: list[Event]) -> None:
    fold = folded(events)
    for at, word in fold.said:
        if word.fault.symptom is not Symptom.DOWN or word.fault.observed_at != at:
            continue
        assert fold.begun is not None
        assert at - fold.begun > RULES.silence, "its reader had been looking for that long"
        first = next(a for a, w in fold.said if w.fault.event_id == word.fault.event_id)
        row = [pulse for pulse in fold.pulses if first - RULES.silence <= pulse <= first]
        gaps = [b - a for a, b in pairwise(row)]
        assert max(gaps, default=0) <= RULES.blind_after


@given(logs)
def test_each_host_is_said_to_be_down_and_alive_by_turns(events: list[Event]) -> None:
    fold = folded(events)
    for host in HOSTS:
        story = [word.fault for _, word in fold.said if word.fault.host == host]
        news = [f for n, f in enumerate(story) if n == 0 or f.event_id != story[n - 1].event_id]
        for before, after in pairwise(news):
            assert {before.symptom, after.symptom} == {Symptom.DOWN, Symptom.ALIVE} or (
                before.symptom is after.symptom is Symptom.DOWN
            )


@given(logs, st.integers(0, 100), st.lists(st.integers(0, 100), max_size=8))
def test_old_beats_said_again_change_nothing(events: list[Event], at: int, again: list[int]) -> None:
    plain, spoiled = Fold(), Fold()
    heard: list[tuple[str, int]] = []
    for number, event in enumerate(events):
        plain.take(event)
        spoiled.take(event)
        heard += [(event.host, spoiled.now)] if event.host else []
        if number == at % (len(events) or 1) and heard:
            assert not any(spoiled.hear(*heard[n % len(heard)]) for n in again)
    assert plain.said == spoiled.said


@given(logs)
def test_a_host_that_stops_is_found_while_somebody_looks(events: list[Event]) -> None:
    fold = folded(events)
    for _ in range(8):
        fold.take(Event(after=1_000))
    for host in fold.last:
        words = [word.fault.symptom for _, word in fold.said if word.fault.host == host]
        assert words[-1] is Symptom.DOWN


@given(logs, logs)
def test_who_takes_over_goes_on_with_what_stands(before: list[Event], after: list[Event]) -> None:
    fold = folded(before)
    standing = {word.fault.host: word for _, word in fold.said}
    heir = Fold(now=fold.now)
    heir.last = dict(fold.last)
    for word in standing.values():
        heir.partition.stand(word, BrokerTime(word.fault.observed_at))
    for event in (Event(after=1_000), *(replace(event, after=min(event.after, 2_000)) for event in after)):
        heir.take(event)
    for _, word in heir.said:
        was = standing.get(word.fault.host)
        if word.fault.symptom is Symptom.ALIVE and was is not None and was.fault.symptom is Symptom.DOWN:
            assert heir.last[word.fault.host] > int(was.fault.episode)


eventful = st.builds(
    Event,
    after=st.integers(0, 4_000),
    host=st.sampled_from(HOSTS),
    late=st.sampled_from([0, 0, 0, 4_000]),
    boots=st.sampled_from([False, False, False, True]),
    leave=st.sampled_from([Leave.STAYS] * 4 + [Leave.AGENT, Leave.REBOOT, Leave.SHUTDOWN]),
)
ticks = st.builds(Event, after=st.integers(500, 2_000))


@dataclass(frozen=True)
class Record:
    """A beat or a pulse where it stands in the log."""

    at: int
    event: Event
    boot: int = 0
    uptime: int = 0

    @property
    def pulse(self) -> bool:
        return not self.event.host

    @property
    def concludes(self) -> bool:
        return self.event.concludes


@dataclass
class Life:
    """One life of liveness, and the log that it reads."""

    partition: Partition
    said: list[Said]
    since: int = 0

    def told(self) -> list[tuple[int, str, Said]]:
        """Return what it said, pulse by pulse, whatever order its hosts have."""
        return sorted((s.fault.observed_at, s.fault.host, s) for s in self.said)

    def read(self, record: Record) -> None:
        if record.pulse:
            found = self.partition.pulse(BrokerTime(record.at), concludes=record.concludes)
            self.said += found.said
            self.since = found.since if record.concludes else self.since
            return
        event, at = record.event, BrokerTime(record.at)
        boot, up = f"b{record.boot}", Millis(record.uptime)
        self.partition.hear(event.host, boot, up, Millis(1_000), Millis(event.late), event.leave, (), at)


def written(events: list[Event], now: int, boots: dict[str, tuple[int, int]]) -> list[Record]:
    """Return the log; `boots`: which boot each host is in, and when it began."""
    records = []
    for event in events:
        now += event.after + QUICKEST_BOOT * event.boots
        if event.host:
            number, began = boots.get(event.host, (0, now - 86_400_000))
            if event.boots:
                number, began = number + 1, now - 2_000
            boots[event.host] = number, began
            records.append(Record(now, event, number, now - began))
        else:
            records.append(Record(now, event))
    return records


def heir(said: list[Said], records: list[Record], since: int, now: int) -> Life:
    """Return who takes over at `now`: it knows the last word about each host, and the beats since then."""
    life = Life(Partition(RULES), [])
    last = {each.fault.host: each for each in said if each.fault.observed_at >= now - 100_000}
    for each in last.values():
        life.partition.stand(each, BrokerTime(each.fault.observed_at))
    for record in records:
        if record.at >= since:
            life.read(replace(record, event=replace(record.event, concludes=False)))
    return life


@given(
    st.lists(eventful | ticks, max_size=40), st.lists(eventful | ticks, max_size=20), st.integers(0, 3_000)
)
def test_who_reads_since_what_was_left_says_what_who_reads_the_whole_memory_says(
    before: list[Event], after: list[Event], pause: int
) -> None:
    boots: dict[str, tuple[int, int]] = {}
    log = written([*before, Event(after=1_000)], START, boots)
    first = Life(Partition(RULES), [])
    for record in log:
        first.read(record)
    now = log[-1].at + pause
    whole = heir(first.said, log, now - RULES.memory, now)
    short = heir(first.said, log, max(first.since, now - RULES.memory), now)
    rest = written([Event(after=1_000), *after, *[Event(after=1_000)] * 45], now, boots)
    for record in [*rest, *(replace(each, at=rest[-1].at) for each in log)]:
        for life in (whole, short):
            life.read(record)
    assert short.told() == whole.told()
