"""Which hosts are called degraded, and what has come of it: by correlate's verdicts alone, as people are shown it.

It knows what the topics keep (30 d) and no more: an older mark of a drained host is told by Nova's reason alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kasugai.core.telling.host_states import Place
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict

NOTED, WAITING, DRAINING, HELD = "noted", "waiting", "draining", "held"
DRAINED, ENDING = "drained", "ending"
"""`ending`: the mark is over, and what was done is being undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a degraded host stands."""

    word: str
    since: BrokerTime
    why: str


def marks(seen: Iterable[Seen]) -> Mapping[Place, Mark]:
    """Return the hosts that are called degraded."""
    found: dict[Place, Mark | None] = {}
    for record in sorted(seen, key=lambda record: (record.at, record.offset)):
        value = record.value
        if isinstance(value, Verdict) and is_hardware(value.subject):
            place = value.segment, value.subject.host
            found[place] = _after(found.get(place), value, record.at)
    return {place: mark for place, mark in found.items() if mark is not None}


def _after(mark: Mark | None, verdict: Verdict, at: BrokerTime) -> Mark | None:
    """Return where the host stands after a verdict; None: nobody calls it degraded."""
    if _is_over(mark, verdict):
        return None
    word, why = _word(mark, verdict), str(verdict.reason)
    is_news = word != "" and (mark is None or (mark.word, mark.why) != (word, why))
    return Mark(word=word, since=at, why=why) if is_news else mark


def _is_over(mark: Mark | None, verdict: Verdict) -> bool:
    """Whether the mark is over, and nothing is left to be undone."""
    if verdict.verb is Verb.CLOSE:
        return mark is not None and mark.word == ENDING
    return verdict.verb is Verb.WITHDRAW or (verdict.verb, verdict.reason) == (Verb.IGNORE, Reason.CLEARED)


def _word(mark: Mark | None, verdict: Verdict) -> str:
    """Return what a verdict makes of a host; empty: nothing else than before."""
    match verdict.verb:
        case Verb.OPEN:
            return ENDING if verdict.reason is Reason.PROCESS_BACK else DRAINING
        case Verb.HOLD:
            return WAITING if verdict.incident is None else HELD
        case Verb.REOPEN if mark is not None and mark.word == HELD:
            return DRAINING
        case Verb.CLOSE:
            return DRAINED if verdict.reason is Reason.RECOVERED else WAITING
        case _:
            return NOTED if verdict.reason is Reason.DEGRADED_NOTED else ""
