"""Where the time of a recovery went: its five phases, for an incident and for each of its guests, by the times of
records alone. Pure; shared by metrics, reports and pictures.

Each moment from the first word against a subject to the end of its incident lies in one phase of the incident. All
times are the broker's: of a verdict the `now` that it was decided at, of an order its decision, of a fact its record.
What happened before anybody said anything, nobody has recorded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.telling.incident_views import IncidentView, Seen, held_since
from kasugai.core.telling.progress import StepView, close_of
from kasugai.core.words.actions import About, Meaning
from kasugai.core.words.facts import Fact, FactKind, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.timing import BrokerTime, Millis, between
from kasugai.core.words.verdicts import Verb, Verdict

_HOSTS = frozenset({Meaning.FENCED, Meaning.OUT})
"""What must have been seen of a host before its guests move."""


class Part(StrEnum):
    """A phase of a recovery, in order."""

    DETECT = "detect"
    """From the first word against the subject until enough is known: enough witnesses agree, somebody trusted asserts
    it, a watchdog has run out, or correlate stops waiting for evidence and holds or opens it."""
    DECIDE = "decide"
    """Until the first effect begins: the policy's wait, closed gates, a person's approval, the worker's take-over, its
    plan and its last look."""
    FENCE = "fence"
    """Until the host is seen to be off and out of service; what waits for a person meanwhile is in it. Of a host only.
    """
    MOVE = "move"
    """Until the last guest is seen elsewhere, or running again, or has been given up. Without a guest there is none."""
    PROVE = "prove"
    """Until correlate closes the incident: power states restored, the last look, the answer."""


WAIT, FAILED = "wait", "failed"
"""What a guest may be besides in a phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One phase."""

    part: Part
    begun: BrokerTime
    ended: BrokerTime | None
    """None: it goes on."""

    @property
    def lasted(self) -> Millis | None:
        """How long it took; None while it goes on."""
        return None if self.ended is None else between(self.begun, self.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSpans:
    """One guest's way: it shares the incident's phases until the host is out, and has its own from then on."""

    guest: str
    """Its uuid."""
    name: str
    spans: tuple[Span, ...]
    """Its `move` begins with its own effect: between `fence` and that it waited for room. Its `prove` ends with the
    incident, whose last look has seen it."""


def phases(view: IncidentView, before: Iterable[Seen] = ()) -> tuple[Span, ...]:
    """Return the phases that the incident has reached, in order, one beginning where the one before it ended; the last
    one ends with the incident. None for what is only suspected or held without an incident.

    `before`: other records about its subject, of which the words count that led to the incident; without them it
    begins with what its first order says.
    """
    marks = _marks(view, before)
    return _spans(marks, _end(view)) if view.incident is not None else ()


def guest_phases(view: IncidentView, before: Iterable[Seen] = ()) -> tuple[GuestSpans, ...]:
    """Return the phases of each guest of the incident, in the order of its instances."""
    shared = tuple(s for s in phases(view, before) if s.part in (Part.DETECT, Part.DECIDE, Part.FENCE))
    end = _end(view)
    return tuple(
        GuestSpans(
            guest=step.step.subject, name=step.step.name, spans=(*_cut(shared, step), *_own(step, end))
        )
        for step in view.instances
    )


def guest_states(view: IncidentView) -> tuple[tuple[StepView, str], ...]:
    """Return where each guest of an open incident is on its way back, in the order of its instances: the phase that all
    share until the host is out; then `wait` (for its turn), `move`, `prove` (it is back, its incident still open) or
    `failed`. None of one that has ended."""
    reached = phases(view)
    if not reached or reached[-1].ended is not None:
        return ()
    shared = reached[-1].part
    return tuple((step, _state(step, shared)) for step in view.instances)


def _state(step: StepView, shared: Part) -> str:
    if step.is_done:
        return Part.PROVE
    if step.record is not None and step.record.state is StepState.FAILED:
        return FAILED
    if step.record is not None and step.record.state.is_open:
        return Part.MOVE
    return shared if shared in (Part.DETECT, Part.DECIDE, Part.FENCE) else WAIT


def began(view: IncidentView, before: Iterable[Seen] = ()) -> BrokerTime:
    """Return when the first word that led to the incident was decided on."""
    opening = _opening(view)
    words = [verdict.at for _, verdict in held_since(_led_to(view, before, opening))]
    first = _first_order(view)
    said = [] if first is None else [at for at in (*_known(first), first.seen_at) if at is not None]
    return min([*words, *said, _opened(view, opening)])


def _marks(view: IncidentView, before: Iterable[Seen]) -> Mapping[Part, BrokerTime | None]:
    """Return when each phase that there is began; None for one that has not yet."""
    records = tuple(before)
    effect = _first_effect(view)
    marks: dict[Part, BrokerTime | None] = {
        Part.DETECT: began(view, records),
        Part.DECIDE: _known_at(view, records),
    }
    if view.subject.is_host:
        marks[Part.FENCE] = effect
        moving = _fenced(view)
    else:
        moving = effect
    if view.instances:
        marks[Part.MOVE] = moving
        marks[Part.PROVE] = _moved(view) if moving is not None else None
    else:
        marks[Part.PROVE] = moving
    return marks


def _spans(marks: Mapping[Part, BrokerTime | None], end: BrokerTime | None) -> tuple[Span, ...]:
    """Each begins when the one before it has ended, whatever the clocks of two topics say."""
    found: list[Span] = []
    for part, at in marks.items():
        if at is None:
            break
        begun = max(at, found[-1].begun) if found else at
        begun = begun if end is None else min(begun, end)
        if found:
            found[-1] = Span(part=found[-1].part, begun=found[-1].begun, ended=begun)
        found.append(Span(part=part, begun=begun, ended=end))
    return tuple(found)


def _cut(shared: Sequence[Span], step: StepView) -> tuple[Span, ...]:
    """A guest that moved before the host was seen to be out had no more of what it shares."""
    own = step.began
    if own is None:
        return tuple(shared)
    return tuple(
        Span(part=s.part, begun=s.begun, ended=own if s.ended is None or s.ended > own else s.ended)
        for s in shared
        if s.begun <= own
    )


def _own(step: StepView, end: BrokerTime | None) -> tuple[Span, ...]:
    begun = step.began if step.began is not None else step.ended
    if begun is None:
        return ()
    ended = max(step.ended, begun) if step.ended is not None else end
    move = Span(part=Part.MOVE, begun=begun, ended=ended)
    if not step.is_done or ended is None:
        return (move,)
    return move, Span(part=Part.PROVE, begun=ended, ended=None if end is None else max(end, ended))


def _end(view: IncidentView) -> BrokerTime | None:
    """When correlate closed it, by the broker's clock."""
    closing = close_of([seen.value for seen in view.records if isinstance(seen.value, Verdict)])
    return None if closing is None else closing.at


def _opening(view: IncidentView) -> Seen | None:
    words = (seen for seen in view.records if isinstance(seen.value, Verdict))
    return next(
        (seen for seen in words if isinstance(seen.value, Verdict) and seen.value.verb is Verb.OPEN), None
    )


def _opened(view: IncidentView, opening: Seen | None) -> BrokerTime:
    verdict = None if opening is None else opening.value
    return min(view.since, verdict.at) if isinstance(verdict, Verdict) else view.since


def _led_to(view: IncidentView, before: Iterable[Seen], opening: Seen | None) -> list[Seen]:
    """What was said about the subject in its segment before the incident was opened, oldest first."""
    until = (opening.at, opening.offset) if opening is not None else (view.since, 0)
    return sorted(
        (
            seen
            for seen in before
            if isinstance(seen.value, Verdict)
            and (seen.value.subject, seen.value.segment) == (view.subject, view.segment)
            and (seen.at, seen.offset) < until
        ),
        key=lambda seen: (seen.at, seen.offset),
    )


def _first_order(view: IncidentView) -> Open | None:
    orders = [seen.value for seen in view.records if isinstance(seen.value, Open)]
    return min(orders, key=lambda order: (order.attempt, order.n, order.decided_at), default=None)


def _known(order: Open) -> tuple[BrokerTime | None, ...]:
    return order.confirmed_at, order.asserted_at, order.reset_at


def _known_at(view: IncidentView, before: Iterable[Seen]) -> BrokerTime:
    """When enough was known: by the first order, or when the subject was held for another reason than evidence."""
    opening = _opening(view)
    words = held_since(_led_to(view, before, opening))
    held = [verdict.at for _, verdict in words if verdict.verb is Verb.HOLD]
    first = _first_order(view)
    known = [] if first is None else [at for at in _known(first) if at is not None]
    return min([*held, *known, _opened(view, opening)])


def _told(view: IncidentView) -> list[tuple[BrokerTime, Fact]]:
    return [(seen.at, seen.value) for seen in view.records if isinstance(seen.value, Fact)]


def _first_effect(view: IncidentView) -> BrokerTime | None:
    """When the first effect of ours began; where nothing had to be done about the host, when that was seen."""
    begun = [
        at
        for at, fact in _told(view)
        if fact.step is not None
        and fact.step.words.about is not About.NOBODY
        and (
            fact.kind is FactKind.STARTED
            or (fact.kind is FactKind.DONE and fact.step.words.meaning in _HOSTS)
        )
    ]
    return min(begun, default=None)


def _fenced(view: IncidentView) -> BrokerTime | None:
    """When the last of what the plan wishes of the host was first seen; None before that."""
    wished = {key for key, step in view.steps.items() if step.step.words.meaning in _HOSTS}
    seen: dict[str, BrokerTime] = {}
    for at, fact in _told(view):
        if fact.step is not None and fact.kind is FactKind.DONE and fact.step.key in wished:
            seen[fact.step.key] = min(at, seen.get(fact.step.key, at))
    return max(seen.values()) if wished and wished <= seen.keys() else None


def _moved(view: IncidentView) -> BrokerTime | None:
    """When the last guest was elsewhere, runs again, or was given up; None while one is under way."""
    ends = [step.ended for step in view.instances]
    return max(at for at in ends if at is not None) if ends and None not in ends else None
