"""What has to be remembered of incidents and of words to say at any time how things stand: a few fields of each. Pure.

Whoever reads all records at once needs none of this (`status`, `host_states`); a process that follows the topics keeps
these instead of records, and comes to the same answers, for both stand on the same rules.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.core.telling.host_states import Said, arming_words, words_about
from kasugai.core.telling.incident_views import SHORT, IncidentView, Seen, fold
from kasugai.core.telling.phases import guest_states
from kasugai.core.telling.progress import StepView
from kasugai.core.telling.status import Level, level_of
from kasugai.core.telling.stops import stops
from kasugai.core.words.facts import StepState
from kasugai.core.words.incident import Phase
from kasugai.core.words.signals import UNKNOWN_SEGMENT
from kasugai.core.words.subject import OfKind, Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict

LIVENESS = "liveness"
"""The observer that hears hosts' own heartbeats (core/watching)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Where one guest of an open incident is on its way back."""

    name: str
    """What it is called; with the beginning of its uuid where another one of the incident is called the same."""
    state: str
    """One of `phases.guest_states`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(OfKind):
    """What is remembered of an incident, or of what is held against a subject without one (then `incident` is None)."""

    incident: UUID | None
    subject: Subject
    segment: str
    """The segment's id."""
    phase: Phase
    reason: str
    since: BrokerTime
    until: BrokerTime | None = None
    is_told: bool = False
    """Whether it is closed and the outcome that closed it has been read too."""
    is_return: bool = False
    is_retirement: bool = False
    down: int = 0
    """Its guests that are not back yet; of one that was withdrawn none: it left them as they were."""
    coming: int = 0
    """Those of them that come back by themselves."""
    back: int = 0
    """Its guests that are back, or were deleted meanwhile."""
    guests: tuple[Guest, ...] = ()
    """Its guests while it is open, each under another name."""
    heartbeats_alone: bool = False
    """Whether nothing but the silence of its host's own agent speaks against its subject."""

    @property
    def why(self) -> str:
        """Why it stands where it stands: the reason's word is all that is remembered."""
        return self.reason

    @property
    def is_incident(self) -> bool:
        """Whether it is one; else something is held without one."""
        return self.incident is not None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return not self.phase.is_final


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One of correlate's, and when it was said."""

    at: BrokerTime
    verb: Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is remembered of what correlate has said about a subject apart from its incidents."""

    subject: Subject
    segment: str
    """The segment's id: the one in which the last word was said."""
    held: Case | None = None
    """What is suspected or held without an incident."""
    said: tuple[Word, ...] = ()
    """Of a host: the last word that let it in again, and the last of all that may begin or end a probation."""
    unknown_since: BrokerTime | None = None
    """Since when the inventory is known not to know it; None: it knows it."""
    armed_by: Verdict | None = None
    """The last word that arms or disarms its segment, without its evidence."""
    stopping: bool = False
    """Whether a planned stop of its segment lasts."""

    @property
    def is_worth_keeping(self) -> bool:
        """Whether it says anything at all."""
        return bool(self.held or self.said or self.unknown_since or self.armed_by or self.stopping)


def case_of(view: IncidentView) -> Case:
    """Return what is to be remembered of an incident, or of what is held without one."""
    left = [step for step in view.instances if not step.is_done]
    comes_back = not view.phase.is_final and level_of(view) is Level.COMING
    was_left = view.phase in (Phase.WITHDRAWN, Phase.IGNORED)
    return Case(
        incident=view.incident,
        subject=view.subject,
        segment=view.segment,
        phase=view.phase,
        reason=view.reason,
        since=view.since,
        until=view.until,
        is_told=view.is_told,
        is_return=view.is_return,
        is_retirement=view.is_retirement,
        down=0 if was_left else len(left),
        coming=sum(not _has_failed(step) for step in left) if comes_back else 0,
        back=view.instances_done,
        guests=_guests(view),
        heartbeats_alone=_is_silence_alone(view),
    )


def _guests(view: IncidentView) -> tuple[Guest, ...]:
    states = guest_states(view)
    names = Counter(step.step.name for step, _ in states)
    return tuple(Guest(name=_called(step, names), state=state) for step, state in states)


def _called(step: StepView, names: Mapping[str, int]) -> str:
    """A name that two guests share tells neither from the other; nor does none."""
    name, uuid = step.step.name, step.step.subject
    if name == "":
        return uuid
    return name if names[name] == 1 else f"{name} ({uuid[:SHORT]})"


def words_of(seen: Iterable[Seen]) -> Words:
    """Return what is to be remembered of all verdicts about one subject; there is at least one."""
    records = sorted(seen, key=lambda record: (record.at, record.offset))
    last = [(record.at, record.value) for record in records if isinstance(record.value, Verdict)][-1]
    at, verdict = last
    subject, segment = verdict.subject, verdict.segment
    held = next((view for view in fold(records) if view.incident is None), None)
    stop = stops(records).get(segment)
    armed_by = arming_words(records).get(segment)
    return Words(
        subject=subject,
        segment=segment,
        held=None if held is None else case_of(held),
        said=_shortened(words_about(records).get((segment, subject.host), ())),
        unknown_since=at if _is_unknown(verdict) else None,
        armed_by=None if armed_by is None else replace(armed_by, evidence=(), detail=""),
        stopping=stop is not None and stop.over is None,
    )


def _shortened(said: Said) -> tuple[Word, ...]:
    """Of all such words only these count (`host_states.afterwards`)."""
    back = [word for word in said if word[1] is Verb.READMIT][-1:]
    return tuple(Word(at=at, verb=verb) for at, verb in dict.fromkeys((*back, *said[-1:])))


def _is_unknown(verdict: Verdict) -> bool:
    is_unknown = verdict.reason is Reason.UNKNOWN_SUBJECT and verdict.segment == UNKNOWN_SEGMENT
    return verdict.subject.is_host and is_unknown


def _has_failed(step: StepView) -> bool:
    return step.record is not None and step.record.state is StepState.FAILED


def _is_silence_alone(view: IncidentView) -> bool:
    if view.phase is not Phase.SUSPECTED:
        return False
    last = [seen.value for seen in view.records if isinstance(seen.value, Verdict)][-1]
    return {evidence.observer for evidence in last.evidence} == {LIVENESS}
