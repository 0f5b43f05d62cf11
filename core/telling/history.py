"""All that was said about an incident, from the first word against its subject to the last: what was decided before it
was opened, its own records, and what persons said about its subject or its segment meanwhile. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kasugai.core.telling.incident_views import IncidentView, Seen, each_once
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verb, Verdict

ENDS = frozenset({Verb.CLOSE, Verb.WITHDRAW, Verb.READMIT})
"""Words after which nothing stands against a subject: what is said later begins another story."""


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict with its place."""

    seen: Seen
    verdict: Verdict


def history(view: IncidentView, seen: Iterable[Seen]) -> tuple[Seen, ...]:
    """Return the records of the story that `view` is the state of, in the order of time, each once; `seen` may hold
    any others."""
    own = view.records if view.incident is not None else ()
    known = {each.value for each in own}
    words = [
        Told(each, each.value)
        for each in each_once(seen)
        if isinstance(each.value, Verdict) and each.value.segment == view.segment and each.value not in known
    ]
    about = [each for each in words if each.verdict.subject == view.subject]
    before = _last_run([each for each in about if view.incident is None or each.seen.at <= view.since])
    begun = min([view.since, *(each.seen.at for each in before)])
    meanwhile = [
        each
        for each in words
        if _is_within(each.seen.at, begun, view.until)
        and (not each.verdict.subject.host or _is_aside(view, each))
    ]
    return tuple(each_once([*own, *(each.seen for each in (*before, *meanwhile))]))


def _last_run(about: Sequence[Told]) -> Sequence[Told]:
    ends = [place for place, each in enumerate(about, start=1) if each.verdict.verb in ENDS]
    return about[ends[-1] :] if ends else about


def _is_within(at: BrokerTime, begun: BrokerTime, until: BrokerTime | None) -> bool:
    return at >= begun and (until is None or at <= until)


def _is_aside(view: IncidentView, told: Told) -> bool:
    """Whether it is said about the incident's subject without naming any incident, as a refusal is."""
    return told.verdict.subject == view.subject and told.verdict.incident is None
