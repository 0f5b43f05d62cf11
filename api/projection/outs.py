"""Which hosts a recovery has taken out of service, and nobody has let in again: by a host's or a process's own records.

It is computed as other views are, and knows what the topics keep. What correlate decides by is its own table.
"""

from collections.abc import Iterable, Mapping, Sequence

from kasugai.api.views import IncidentView, OutView, StepView
from kasugai.core.telling.explain import Decided, in_order
from kasugai.core.telling.host_states import OUT, afterwards
from kasugai.core.words.actions import Meaning, wording
from kasugai.core.words.facts import StepState
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb

TAKES_OUT = (Kind.HOST, Kind.PROCESS)
"""The kinds of subjects whose recovery takes their host out of service."""
_BEGUN = (StepState.STARTED, StepState.UNSURE, StepState.DONE)


def out_by(
    subject: Subject, decided: Sequence[Decided], incidents: Mapping[str, IncidentView]
) -> OutView | None:
    """Return what the subject's recoveries keep out of service; None for nothing. `incidents`: at least those that
    `decided` names."""
    named = {str(each.verdict.incident) for each in decided}
    cases = [incidents[each] for each in named if each in incidents]
    own = sorted((c for c in cases if c.subject == subject.name), key=lambda c: (c.opened_at, c.incident))
    case = _out(own, in_order(decided)) if subject.is_host else _shut(own)
    if case is None:
        return None
    return OutView(segment=case.segment, host=case.host, process=subject.detail)


def _shut(cases: Iterable[IncidentView]) -> IncidentView | None:
    """The service that one of them has disabled is enabled again by another that undoes it; one that could not is left
    to a person, who is told of it as of every failure."""
    shut = None
    for case in cases:
        if _has(case, Meaning.SHUT, *_BEGUN):
            shut = case
        elif _has(case, Meaning.OPENED, StepState.DONE, StepState.FAILED):
            shut = None
    return shut


def _out(cases: Sequence[IncidentView], words: Sequence[Decided]) -> IncidentView | None:
    """From the first word to Nova on, until the host is enabled again or shows life, or somebody calls its recovery
    off. What was withdrawn leaves a host as it was."""
    open_ones = [case for case in cases if case.is_open and not _is_called_off(case, words)]
    going_on = [case for case in open_ones if _has(case, Meaning.OUT, *_BEGUN)]
    if going_on:
        return going_on[-1]
    closed = [case for case in cases if not case.is_open]
    recoveries = (case for case in closed if case.phase != Phase.WITHDRAWN and not _is_return(case))
    last = max(recoveries, key=lambda case: (case.closed_at or 0, case.opened_at), default=None)
    if last is None or _is_brought_back(last, closed):
        return None
    said = [(each.at, each.verdict.verb) for each in words if each.verdict.segment == last.segment]
    state = afterwards(Phase(last.phase), BrokerTime(last.closed_at or last.opened_at), said)
    return last if state is not None and state.word == OUT else None


def _is_brought_back(last: IncidentView, closed: Iterable[IncidentView]) -> bool:
    """Whether a later incident has enabled again what that recovery took out of service. One that follows at once is
    decided before the word that closed the recovery has its time: of one host one incident ends after the other."""
    later = (case for case in closed if (case.closed_at or 0) >= (last.closed_at or last.opened_at))
    return any(_has(case, Meaning.OPENED, StepState.DONE) for case in later)


def _is_return(case: IncidentView) -> bool:
    return _has(case, Meaning.OPENED) or _has(case, Meaning.RETIRED)


def _is_called_off(case: IncidentView, words: Sequence[Decided]) -> bool:
    last = next((d.verdict for d in reversed(words) if str(d.verdict.incident) == case.incident), None)
    return last is not None and (last.verb, last.reason) == (Verb.HOLD, Reason.STOPPED)


def _has(case: IncidentView, meaning: Meaning, *states: StepState) -> bool:
    """Whether it has a step of that meaning in one of these states, or in whatever state where none is named."""
    return any(_is(step, meaning) and (not states or step.state in states) for step in case.steps)


def _is(step: StepView, meaning: Meaning) -> bool:
    """What was so already, and what somebody took back in the same moment, is no doing of ours; but that a host is out
    of service is no matter of who did it."""
    if wording(step.action).meaning is not meaning:
        return False
    is_ours = step.tries > 0 and step.reason != Reason.SERVICE_ENABLED_BY_OTHERS
    return is_ours or meaning is not Meaning.SHUT
