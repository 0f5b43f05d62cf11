"""How things stand in numbers, for metrics: hosts by state, who is protected and who is not and why, guests that are
down and back, open incidents by who must act, and one number for all of it. Pure; by what `standing` remembers.

It knows what the topics tell, and judges by the rules of `status` and `protection`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from uuid import UUID

from kasugai.core.telling.host_states import (
    IN_SERVICE,
    ON_PROBATION,
    OUT,
    HostState,
    Place,
    state_of,
)
from kasugai.core.telling.protection import Known, Unprotected, unprotected
from kasugai.core.telling.standing import Case, Words
from kasugai.core.telling.status import (
    Level,
    left_failed,
    level_of,
    level_of_disarmed,
    level_of_failed,
    level_of_host,
)
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Instant, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict

RECENT: Millis = Millis(3_600_000)
"""For so long the guests of an incident that has ended are counted on."""
UNKNOWN_FOR: Millis = Millis(86_400_000)
"""For so long a host that no segment has is told after a word about it: correlate says so once a day."""
UNKNOWN_AT_MOST = 1_000
WAYS_AT_MOST = 10_000
"""So many guests of open incidents are told one by one; all are counted."""
NOWHERE = "-"
"""The segment of a host that is in none."""


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
class Way:
    """Where a guest of an open incident is on its way back."""

    host: str
    segment: str
    """The segment's name."""
    incident: UUID
    guest: str
    """Its name."""
    state: str
    """One of `phases.guest_states`."""


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
    ways: tuple[Way, ...]
    """Each guest of an open incident; not all where they are very many."""


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
    known = Known(
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
        ways=tuple(islice(_ways(told, names), WAYS_AT_MOST)),
    )


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


def _levels(told: Sequence[Case], known: Known, names: Mapping[str, str], now: Instant) -> Iterable[Level]:
    """How much each matter wants of whoever looks, as `status` has it."""
    yield from (level_of(case) for case in told if case.is_open)
    failed = left_failed((case.segment, case.subject, case) for case in told)
    yield from (level_of_failed(case, now) for case in failed)
    yield from (level_of_host(state) for state in known.states.values() if state.word in (OUT, ON_PROBATION))
    yield from (level_of_disarmed(reason) for segment, reason in known.disarmed.items() if segment in names)


def _standing(
    host: HostRecord, segments: Mapping[str, SegmentRecord], known: Known, now: Instant
) -> Standing:
    segment = segments.get(host.segment_id)
    state = known.states.get((host.segment_id, host.name))
    return Standing(
        host=host.name,
        segment=NOWHERE if segment is None else segment.name,
        state=IN_SERVICE if state is None else state.word,
        unprotected=unprotected(host, segment, state, known, now),
    )


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


def _ways(told: Iterable[Case], names: Mapping[str, str]) -> Iterable[Way]:
    """The newest incidents first: what is told in part is told of what happens now."""
    for case in sorted(told, key=lambda case: (-case.since, case.subject)):
        if case.is_open and case.incident is not None:
            for guest in case.guests:
                yield Way(
                    host=case.host,
                    segment=names.get(case.segment, case.segment),
                    incident=case.incident,
                    guest=guest.name,
                    state=guest.state,
                )


def _guests(told: Iterable[Case], names: Mapping[str, str], now: Instant) -> Mapping[tuple[str, str], Guests]:
    found: dict[tuple[str, str], Guests] = defaultdict(Guests)
    for case in told:
        is_recent = case.until is not None and now - case.until < RECENT
        if (case.is_open or is_recent) and (case.down or case.back):
            place = case.host, names.get(case.segment, case.segment)
            found[place] += Guests(down=case.down, coming=case.coming, back=case.back)
    return dict(found)
