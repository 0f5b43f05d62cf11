"""How things stand in one glance: a word for all of it, and for each matter that is not well what it is, since when,
and what to type next. Pure; by the same records as views.

It knows what the topics keep (30 d). What correlate decides by is its own table; this is for people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from shlex import quote

from kasugai.core.telling.degraded import DRAINING, ENDING, marks
from kasugai.core.telling.degraded import HELD as DRAIN_HELD
from kasugai.core.telling.host_states import (
    ON_PROBATION,
    OUT,
    AnyTold,
    HostState,
    Told,
    disarmed_by,
    host_states,
)
from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.telling.stops import stops
from kasugai.core.words.hardware import hardware_subject, is_hardware
from kasugai.core.words.incident import Phase
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import BrokerTime, Instant, Millis
from kasugai.core.words.verdicts import Reason


class Level(IntEnum):
    """How much a matter wants of whoever looks."""

    WELL = 0
    NOTE = 1
    """As somebody ordered it, or it can wait for the day."""
    COMING = 2
    """It comes back by itself."""
    ACT = 3
    """Nothing goes on without a person."""


WORDS: Mapping[Level, str] = {
    Level.WELL: "well: nothing is wrong",
    Level.NOTE: "well, but for what somebody has ordered or can wait for the day",
    Level.COMING: "recovering: what is down comes back by itself",
    Level.ACT: "act: something waits for a person",
}
"""The first line."""

ORDERED = frozenset(
    {
        Reason.MAINTENANCE,
        Reason.PLANNED_STOP,
        Reason.SILENCED,
        Reason.HELD_BY_COMMAND,
        Reason.DISARMED,
        Reason.DISARMED_BY_COMMAND,
        Reason.DEGRADED_NOTED,
        Reason.PROCESS_NOTED,
    }
)
"""Why something is held that a person wanted so."""
BY_ITSELF = frozenset(
    {
        Reason.HOST_FIRST,
        Reason.LOCAL_WAIT,
        Reason.JUST_BOOTED,
        Reason.DUMPING,
        Reason.STORM_FIRST,
        Reason.DOMAIN_PACE,
        Reason.DRAIN_LIMIT,
    }
)
"""Why something is held that is looked at again without anybody."""


LATELY: Millis = Millis(86_400_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing that is not simply well."""

    level: Level
    segment: str
    """Its name; its id where the inventory does not know it."""
    about: str
    """What people call it."""
    what: str
    since: BrokerTime
    next: str
    """The command that goes on from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All matters, what wants a person first, the oldest first among equals."""

    matters: tuple[Matter, ...]
    down: int
    """Guests of open incidents that are not back yet."""
    back: int
    """Guests of open incidents that are."""

    @property
    def level(self) -> Level:
        """The worst."""
        return max((matter.level for matter in self.matters), default=Level.WELL)


def status(
    seen: Iterable[Seen], segments: Sequence[SegmentRecord], now: Instant, more: Iterable[Matter] = ()
) -> Status:
    """Return how things stand by these records; `more`: what others have found, such as processes that do not run."""
    records = list(seen)
    views = list(fold(records))
    names = {segment.segment_id: segment.name for segment in segments}
    live = [view for view in views if not view.phase.is_final]
    found = [
        *more,
        *(_of_incident(view, names) for view in live),
        *_failed(views, names, now),
        *_hosts(host_states(records), live, names),
        *_segments(records, segments),
        *_degraded(records, live, names),
    ]
    return Status(
        matters=tuple(sorted(found, key=lambda matter: (-matter.level, matter.since, matter.about))),
        down=sum(len(view.instances) - view.instances_done for view in live),
        back=sum(view.instances_done for view in live),
    )


def _of_incident(view: IncidentView, names: Mapping[str, str]) -> Matter:
    counted = f", {view.instances_done} of {len(view.instances)} guests back" if view.instances else ""
    why = f" ({view.why})" if view.why else ""
    return Matter(
        level=level_of(view),
        segment=names.get(view.segment, view.segment),
        about=view.called,
        what=f"{view.phase}{why}{counted}",
        since=view.since,
        next=_watch(view) if view.phase is Phase.RECOVERING else _explain(view.subject),
    )


def level_of(view: Told) -> Level:
    """Return how much an incident that is open, or what is held without one, wants of whoever looks."""
    if view.phase is not Phase.HELD or view.reason in BY_ITSELF:
        return Level.COMING
    return Level.NOTE if view.reason in ORDERED else Level.ACT


def _failed(views: Sequence[IncidentView], names: Mapping[str, str], now: Instant) -> Iterable[Matter]:
    """What has failed lately wants a person; later it is told until the topics forget it, for nobody says that it was
    seen to."""
    for view in left_failed((view.segment, view.subject, view) for view in views):
        yield Matter(
            level=level_of_failed(view, now),
            segment=names.get(view.segment, view.segment),
            about=view.called,
            what=f"failed ({view.why})" if view.why else "failed",
            since=view.until or view.since,
            next=_explain(view.subject),
        )


def left_failed(told: Iterable[tuple[str, Subject, AnyTold]]) -> list[AnyTold]:
    """Return the last incidents of guests and processes that have failed and that have none open; `told`: of which
    segment and subject each is. Hosts are told of by their state."""
    last: dict[tuple[str, Subject], AnyTold] = {}
    busy: set[Subject] = set()
    for segment, subject, each in sorted(told, key=lambda one: one[2].since):
        if not each.phase.is_final:
            busy.add(subject)
        if each.is_incident and not subject.is_host:
            last[segment, subject] = each
    return [each for (_, subject), each in last.items() if each.phase is Phase.FAILED and subject not in busy]


def level_of_failed(told: Told, now: Instant) -> Level:
    """Return how much what has failed wants of whoever looks: for a day a person, later it can wait."""
    return Level.ACT if now - (told.until or told.since) < LATELY else Level.NOTE


def _hosts(
    states: Mapping[tuple[str, str], HostState], live: Sequence[IncidentView], names: Mapping[str, str]
) -> Iterable[Matter]:
    open_ = {(view.segment, view.host) for view in live if view.subject.is_host}
    for (segment, host), state in states.items():
        if (segment, host) in open_ or state.word not in (OUT, ON_PROBATION):
            continue
        level = level_of_host(state)
        yield Matter(
            level=level,
            segment=names.get(segment, segment),
            about=host,
            what=_OUT_OR_BACK[state.word] + (", which failed" if level is Level.ACT else ""),
            since=state.since,
            next=f"kasugai explain {quote(host)}",
        )


def level_of_host(state: HostState) -> Level:
    """Return how much a host without an open incident wants of whoever looks."""
    has_failed = state.word == OUT and state.why == Phase.FAILED
    return Level.ACT if has_failed else Level.NOTE


_OUT_OR_BACK = {OUT: "out of service since its recovery", ON_PROBATION: "back, on probation"}


def _segments(records: Sequence[Seen], segments: Sequence[SegmentRecord]) -> Iterable[Matter]:
    words, planned = disarmed_by(records), stops(records)
    for segment in segments:
        name = quote(segment.name)
        stop = planned.get(segment.segment_id)
        if stop is not None and stop.over is None:
            yield _of_segment(
                segment, f"in a planned stop ({stop.said})", stop.since, f"kasugai stop show {name}"
            )
        word = words.get(segment.segment_id)
        if word is not None:
            level = level_of_disarmed(word.reason)
            yield _of_segment(
                segment,
                f"disarmed: nothing is done there ({word.reason})",
                word.at,
                f"kasugai segment arm {name}",
                level,
            )
        elif not segment.armed:
            at = BrokerTime(segment.updated_at or segment.created_at)
            yield _of_segment(segment, "disarmed by its description", at, f"kasugai segment show {name}")


def level_of_disarmed(reason: Reason) -> Level:
    """Return how much a segment that may not act wants: a person's word is an order, a bug is none."""
    return Level.ACT if reason is Reason.UNDECIDABLE else Level.NOTE


def _of_segment(
    segment: SegmentRecord, what: str, since: BrokerTime, command: str, level: Level = Level.NOTE
) -> Matter:
    return Matter(level=level, segment=segment.name, about=segment.name, what=what, since=since, next=command)


def _degraded(
    records: Sequence[Seen], live: Sequence[IncidentView], names: Mapping[str, str]
) -> Iterable[Matter]:
    """Hosts that are called degraded and have no incident of their own to tell of it."""
    told = {(view.segment, view.host) for view in live if is_hardware(view.subject)}
    for (segment, host), mark in marks(records).items():
        if (segment, host) not in told and mark.word not in (DRAINING, DRAIN_HELD, ENDING):
            yield Matter(
                level=Level.NOTE,
                segment=names.get(segment, segment),
                about=f"hardware on {host}",
                what=f"degraded: {mark.word} ({mark.why})",
                since=mark.since,
                next=_explain(hardware_subject(host)),
            )


def _explain(subject: Subject) -> str:
    return f"kasugai explain {quote(subject.host if subject.is_host else subject.name)}"


def _watch(view: IncidentView) -> str:
    name = view.subject.host if view.subject.is_host else view.subject.name
    return f"kasugai incident watch {quote(name)}"
