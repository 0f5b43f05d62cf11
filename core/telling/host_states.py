"""In which state the system has each host: what a description in the inventory does not say. Pure.

It is computed from the set of records about incidents, as views are, so it knows what the topics keep (30 d) and no
more. What correlate decides by is its own table; this is for people.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict

IN_SERVICE = "in-service"
"""Nothing is said against it, and no incident has left anything behind."""
OUT = "out"
"""Its last incident took it out of service, and it is not back: it counts as unhealthy."""
ON_PROBATION = "on-probation"
"""It was out and is back, not yet for long enough."""

RETIRED = "retired"
"""A person has given it up: Nova has no compute service of it any more."""

_LEAVES_OUT = (Phase.RECOVERED, Phase.FAILED)
_WORDS = (Verb.WATCH, Verb.READMIT, Verb.SUSPECT, Verb.HOLD, Verb.WITHDRAW)
"""What correlate says about a host without an open incident that may begin or end a probation."""

Place = tuple[str, str]
"""A segment's id and a host's name: rows are kept per segment."""


class Told(Protocol):
    """An incident, or what is held without one, as much as it takes to tell how things stand."""

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        ...

    @property
    def reason(self) -> str:
        """Why, as the reason's word alone."""
        ...

    @property
    def why(self) -> str:
        """Why, with all that was said."""
        ...

    @property
    def since(self) -> BrokerTime:
        """When it began."""
        ...

    @property
    def until(self) -> BrokerTime | None:
        """When it was closed."""
        ...

    @property
    def is_incident(self) -> bool:
        """Whether it is one; else something is held without one."""
        ...

    @property
    def is_return(self) -> bool:
        """Whether it undoes what an earlier incident did."""
        ...

    @property
    def is_retirement(self) -> bool:
        """Whether its host is given up for good by it."""
        ...


AnyTold = TypeVar("AnyTold", bound=Told)
Said = Sequence[tuple[BrokerTime, Verb]]
"""What correlate said about a host that may begin or end a probation, oldest first, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """Where a host stands that is not simply in service."""

    word: str
    """A phase of its incident, or `out`, or `on-probation`."""
    since: BrokerTime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveUse:
    """To which failed host a reserve was given last."""

    failed: str
    at: BrokerTime
    is_spent: bool
    """Whether it was put to use; else an open incident has it."""


def host_states(seen: Iterable[Seen]) -> Mapping[Place, HostState]:
    """Return the states of all hosts that are not simply in service."""
    records = list(seen)
    views: dict[Place, list[IncidentView]] = defaultdict(list)
    for view in fold(records):
        if view.subject.is_host:
            views[view.segment, view.host].append(view)
    words = words_about(records)
    found = {place: state_of(of_host, words.get(place, ())) for place, of_host in views.items()}
    return {place: state for place, state in found.items() if state is not None}


def words_about(records: Iterable[Seen]) -> Mapping[Place, Said]:
    """Return what correlate has said about each host."""
    found: dict[Place, list[tuple[BrokerTime, int, Verb]]] = defaultdict(list)
    for record in records:
        value = record.value
        if isinstance(value, Verdict) and value.subject.is_host and value.verb in _WORDS:
            found[value.segment, value.subject.host].append((record.at, record.offset, value.verb))
    return {place: [(at, verb) for at, _, verb in sorted(told)] for place, told in found.items()}


def state_of(told: Sequence[Told], words: Said) -> HostState | None:
    """Return where a host stands of which all this is told; None: it is in service."""
    open_ones = [each for each in told if not each.phase.is_final]
    if open_ones:
        now = max(open_ones, key=lambda each: (each.is_incident, each.since))
        return HostState(word=str(now.phase), since=now.since, why=now.why)
    last = last_of(told)
    if last is None:
        return None
    if last.is_return:
        return _brought_back(last, words)
    return afterwards(last.phase, last.until or last.since, words)


def last_of(told: Iterable[AnyTold]) -> AnyTold | None:
    """Return the last of a host's incidents that left it in another state than before; None where none did."""
    ended = (each for each in told if each.phase is not Phase.WITHDRAWN)
    return max(ended, key=lambda each: (each.until or 0, each.since), default=None)


def afterwards(phase: Phase, until: BrokerTime, words: Said) -> HostState | None:
    """Return where a host stands whose last incident was closed in that phase at that time, and that has none open.
    `words`: what correlate said about it, oldest first, and when."""
    later = [(at, verb) for at, verb in words if at >= until and verb in _WORDS]
    if phase not in _LEAVES_OUT or any(verb is Verb.READMIT for _, verb in later):
        return None
    if later and later[-1][1] is Verb.WATCH:
        return HostState(word=ON_PROBATION, since=later[-1][0], why=str(phase))
    return HostState(word=OUT, since=until, why=str(phase))


def _brought_back(last: Told, words: Said) -> HostState | None:
    """Where a host stands whose last incident was its return. One that failed leaves it out as before; after the others
    its probation begins, which whatever is said against it breaks off. One that was given up stays so."""
    since = last.until or last.since
    if last.phase is Phase.RECOVERED and last.is_retirement:
        return HostState(word=RETIRED, since=since, why=str(last.phase))
    begun = [(since, Verb.WATCH)] if last.phase is Phase.RECOVERED else []
    return afterwards(last.phase, since, [*begun, *(word for word in words if word[0] >= since)])


def reserve_uses(seen: Iterable[Seen]) -> Mapping[str, ReserveUse]:
    """Return by reserve who has it, or who put it to use last. A use is over once the reserve is described anew, which
    stands in the inventory and not here."""
    records = sorted(seen, key=lambda record: (record.at, record.offset))
    found: dict[str, ReserveUse] = {}
    for view in fold(records):
        if view.incident is not None and not view.phase.is_final:
            found |= _given(view)
    for record in records:
        if isinstance(record.value, Fact) and record.value.kind is FactKind.FINISHED:
            found |= _spent(record.value, record.at)
    return found


def _given(view: IncidentView) -> dict[str, ReserveUse]:
    orders = [(record.value, record.at) for record in view.records if isinstance(record.value, Open)]
    newest = sorted(orders, key=lambda order: order[0].n)[-1:]
    return {
        name: ReserveUse(failed=view.host, at=at, is_spent=False)
        for order, at in newest
        for name in order.reserves
    }


def _spent(fact: Fact, at: BrokerTime) -> dict[str, ReserveUse]:
    return {name: ReserveUse(failed=fact.host, at=at, is_spent=True) for name in fact.reserves_in_use}


def disarmed_by(seen: Iterable[Seen]) -> Mapping[str, Verdict]:
    """Return by segment's id the word that keeps it from acting, whatever its description says."""
    return {
        segment: verdict for segment, verdict in arming_words(seen).items() if verdict.verb is not Verb.ARM
    }


def arming_words(seen: Iterable[Seen]) -> Mapping[str, Verdict]:
    """Return by segment's id the last word that arms or disarms it."""
    last: dict[str, Verdict] = {}
    for record in sorted(seen, key=lambda record: (record.at, record.offset)):
        value = record.value
        if isinstance(value, Verdict) and (value.verb in (Verb.ARM, Verb.DISARM) or _is_bug(value)):
            last[value.segment] = value
    return last


def _is_bug(verdict: Verdict) -> bool:
    return verdict.verb is Verb.ALERT and verdict.reason is Reason.UNDECIDABLE
