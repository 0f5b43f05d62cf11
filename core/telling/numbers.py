"""How things stand in numbers, for metrics: hosts by state, who is protected and who is not and why, guests that are
down and back, open incidents by who must act, and one number for all of it. Pure; by what `standing` remembers.

It knows what the topics tell. That a host has no fence device, or that its agent is silent, it knows only once that
stood in the way of something; a silence in Alertmanager likewise.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.telling.host_states import (
    IN_SERVICE,
    ON_PROBATION,
    OUT,
    RETIRED,
    HostState,
    Place,
    state_of,
)
from kasugai.core.telling.standing import Case, Words
from kasugai.core.telling.status import (
    Level,
    left_failed,
    level_of,
    level_of_disarmed,
    level_of_failed,
    level_of_host,
)
from kasugai.core.words.incident import Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Instant, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict

RECENT: Millis = Millis(3_600_000)
"""For so long the guests of an incident that has ended are counted on."""
UNKNOWN_FOR: Millis = Millis(86_400_000)
"""For so long a host that no segment has is told after a word about it: correlate says so once a day."""
UNKNOWN_AT_MOST = 1_000
NOWHERE = "-"
"""The segment of a host that is in none."""


class Unprotected(StrEnum):
    """Why a host would not be recovered if it failed now, the first that fits."""

    NO_SEGMENT = "no-segment"
    """Faults about it came, and no segment has it: nothing is done about it."""
    RETIRED = "retired"
    """A person has given it up, and it is still described."""
    OUT = "out"
    """It is out of service since its recovery."""
    IN_RECOVERY = "in-recovery"
    """It has failed, and its incident is open."""
    MAINTENANCE = "maintenance"
    """An operator has set it aside."""
    PLANNED_STOP = "planned-stop"
    """Its segment is switched off on purpose."""
    DISARMED = "disarmed"
    """Its segment may not act, by its description, a command or a bug."""
    NO_FENCE_DEVICE = "no-fence-device"
    """It is held because nothing proves that it is off."""
    SILENCED = "silenced"
    """It is held because a silence in Alertmanager names it."""
    HELD = "held"
    """It is held for another reason."""
    AGENT_SILENT = "agent-silent"
    """Its own agent's silence is all that speaks against it: no heartbeat would tell that it dies."""
    SUSPECTED = "suspected"
    """Something speaks against it, and it is not known whether it lives."""


class Waits(StrEnum):
    """Who must act for an open incident to go on."""

    ITSELF = "itself"
    """Nobody: it goes on, or is looked at again."""
    PERSON = "person"
    """A person."""
    ORDERED = "ordered"
    """Whoever has ordered it so: a disarmed segment, maintenance, a planned stop, a hold."""


WAITS: Mapping[Level, Waits] = {Level.ACT: Waits.PERSON, Level.NOTE: Waits.ORDERED}
HEALTH: Mapping[Level, int] = {Level.WELL: 0, Level.NOTE: 0, Level.COMING: 1, Level.ACT: 2}
"""The first word of `kasugai status` as a number."""
UNKNOWN = "unknown"
"""The state of a host that the inventory does not know."""
_GONE = {
    RETIRED: Unprotected.RETIRED,
    OUT: Unprotected.OUT,
    str(Phase.OPENED): Unprotected.IN_RECOVERY,
    str(Phase.RECOVERING): Unprotected.IN_RECOVERY,
}
"""By the host's state: what has already happened to it."""
_HELD: Mapping[str, Unprotected] = {
    Reason.MAINTENANCE: Unprotected.MAINTENANCE,
    Reason.PLANNED_STOP: Unprotected.PLANNED_STOP,
    Reason.DISARMED: Unprotected.DISARMED,
    Reason.DISARMED_BY_COMMAND: Unprotected.DISARMED,
    Reason.NO_FENCE_DEVICE: Unprotected.NO_FENCE_DEVICE,
    Reason.SILENCED: Unprotected.SILENCED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A host as the numbers have it."""

    host: str
    segment: str
    """The segment's name."""
    state: str
    """`in-service`, a phase of its incident, `out`, `on-probation` or `retired`."""
    unprotected: Unprotected | None
    """None: it is protected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """The guests of a host's incidents."""

    down: int = 0
    coming: int = 0
    """Those of `down` that come back by themselves."""
    back: int = 0

    def __add__(self, other: "Guests") -> "Guests":
        """Return the sum."""
        return Guests(
            down=self.down + other.down, coming=self.coming + other.coming, back=self.back + other.back
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How things stand."""

    health: int
    """0 well, 1 recovering, 2 a person must act."""
    hosts: tuple[Standing, ...]
    """Each host of the inventory, then those that no segment has."""
    open: Mapping[tuple[str, Kind, Waits], int]
    """How many incidents, and subjects held without one, by segment's name, kind and who must act."""
    guests: Mapping[tuple[str, str], Guests]
    """By host and segment's name."""


def numbers(
    cases: Iterable[Case],
    words: Iterable[Words],
    segments: Sequence[SegmentRecord],
    hosts: Sequence[HostRecord],
    now: Instant,
) -> Numbers:
    """Return the numbers; `cases` are incidents alone, what is held without one comes with `words`. `now` is the time
    by the broker's clock."""
    said = list(words)
    told = [*cases, *(each.held for each in said if each.held is not None)]
    known = _Known(
        states=_states(told, said),
        disarmed=_disarmed(said),
        stopped=frozenset(each.segment for each in said if each.stopping),
        silent=frozenset((case.segment, case.host) for case in told if case.heartbeats_alone),
    )
    names = {segment.segment_id: segment.name for segment in segments}
    by_id = {segment.segment_id: segment for segment in segments}
    described = [_standing(host, by_id, known, now) for host in hosts]
    return Numbers(
        health=HEALTH[max(_levels(told, known, names, now), default=Level.WELL)],
        hosts=(*described, *_strangers(said, {host.name for host in hosts}, now)),
        open=_open(told, names),
        guests=_guests(told, names, now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What there is to know about hosts and segments besides their descriptions."""

    states: Mapping[Place, HostState]
    disarmed: Mapping[str, Reason]
    """Why a segment may not act, by its id, whatever its description says."""
    stopped: frozenset[str]
    """Segments in a planned stop, by their ids."""
    silent: frozenset[Place]
    """Hosts that nothing but their own agents' silence speaks against."""


def _states(told: Iterable[Case], words: Iterable[Words]) -> Mapping[Place, HostState]:
    of_host: dict[Place, list[Case]] = defaultdict(list)
    for case in told:
        if case.subject.is_host:
            of_host[case.segment, case.host].append(case)
    said = {
        (each.segment, each.subject.host): [(word.at, word.verb) for word in each.said]
        for each in words
        if each.subject.is_host
    }
    found = {place: state_of(cases, said.get(place, ())) for place, cases in of_host.items()}
    return {place: state for place, state in found.items() if state is not None}


def _disarmed(words: Iterable[Words]) -> Mapping[str, Reason]:
    last: dict[str, Verdict] = {}
    for each in words:
        word = each.armed_by
        if word is not None and (word.segment not in last or last[word.segment].at <= word.at):
            last[word.segment] = word
    return {segment: word.reason for segment, word in last.items() if word.verb is not Verb.ARM}


def _levels(told: Sequence[Case], known: _Known, names: Mapping[str, str], now: Instant) -> Iterable[Level]:
    """How much each matter wants of whoever looks, as `status` has it."""
    yield from (level_of(case) for case in told if case.is_open)
    failed = left_failed((case.segment, case.subject, case) for case in told)
    yield from (level_of_failed(case, now) for case in failed)
    yield from (level_of_host(state) for state in known.states.values() if state.word in (OUT, ON_PROBATION))
    yield from (level_of_disarmed(reason) for segment, reason in known.disarmed.items() if segment in names)


def _standing(
    host: HostRecord, segments: Mapping[str, SegmentRecord], known: _Known, now: Instant
) -> Standing:
    segment = segments.get(host.segment_id)
    state = known.states.get((host.segment_id, host.name))
    return Standing(
        host=host.name,
        segment=NOWHERE if segment is None else segment.name,
        state=IN_SERVICE if state is None else state.word,
        unprotected=_unprotected(host, segment, state, known, now),
    )


def _unprotected(
    host: HostRecord, segment: SegmentRecord | None, state: HostState | None, known: _Known, now: Instant
) -> Unprotected | None:
    if segment is None:
        return Unprotected.NO_SEGMENT
    if state is not None and state.word in _GONE:
        return _GONE[state.word]
    if host.is_set_aside(now):
        return Unprotected.MAINTENANCE
    if host.segment_id in known.stopped:
        return Unprotected.PLANNED_STOP
    if not segment.armed or host.segment_id in known.disarmed:
        return Unprotected.DISARMED
    if state is None or state.word == ON_PROBATION:
        return None
    if state.word == Phase.HELD:
        return _HELD.get(state.why, Unprotected.HELD)
    is_silent = (host.segment_id, host.name) in known.silent
    return Unprotected.AGENT_SILENT if is_silent else Unprotected.SUSPECTED


def _strangers(words: Iterable[Words], described: Set[str], now: Instant) -> list[Standing]:
    """Hosts that faults name and no segment has: the last ones heard of."""
    found = [
        (each.unknown_since, each.subject.host)
        for each in words
        if each.unknown_since is not None
        and now - each.unknown_since < UNKNOWN_FOR
        and each.subject.host not in described
    ]
    return [
        Standing(host=host, segment=NOWHERE, state=UNKNOWN, unprotected=Unprotected.NO_SEGMENT)
        for _, host in sorted(found, reverse=True)[:UNKNOWN_AT_MOST]
    ]


def _open(told: Iterable[Case], names: Mapping[str, str]) -> Mapping[tuple[str, Kind, Waits], int]:
    return Counter(
        (names.get(case.segment, case.segment), case.kind, WAITS.get(level_of(case), Waits.ITSELF))
        for case in told
        if case.is_open
    )


def _guests(told: Iterable[Case], names: Mapping[str, str], now: Instant) -> Mapping[tuple[str, str], Guests]:
    found: dict[tuple[str, str], Guests] = defaultdict(Guests)
    for case in told:
        is_recent = case.until is not None and now - case.until < RECENT
        if (case.is_open or is_recent) and (case.down or case.back):
            place = case.host, names.get(case.segment, case.segment)
            found[place] += Guests(down=case.down, coming=case.coming, back=case.back)
    return dict(found)
