"""Planned stops as people are told of them: which segments are in one, and what ran before and does not run after.

It computes from recorded verdicts and from two lists of guests, and asks nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StopState:
    """Where a segment's last planned stop stands."""

    since: BrokerTime
    """When it began."""
    said: str
    """Who began it, and why."""
    ending: str = ""
    """Who said that it ends, and why; empty: nobody yet."""
    over: BrokerTime | None = None
    """When it was over; None: it lasts."""


def stops(seen: Iterable[Seen]) -> Mapping[str, StopState]:
    """Return by segment's id its last planned stop, as far as the topics keep it."""
    found: dict[str, StopState] = {}
    for record in sorted(seen, key=lambda record: (record.at, record.offset)):
        value = record.value
        if isinstance(value, Verdict) and value.verb in (Verb.BEGIN_STOP, Verb.END_STOP):
            after = _after(found.get(value.segment), value)
            if after is not None:
                found[value.segment] = after
    return found


def _after(before: StopState | None, verdict: Verdict) -> StopState | None:
    if verdict.verb is Verb.BEGIN_STOP:
        return StopState(since=verdict.at, said=verdict.detail)
    since, said = (before.since, before.said) if before is not None else (verdict.at, "")
    ending = (
        verdict.detail if verdict.reason is Reason.COMMAND else before.ending if before is not None else ""
    )
    is_over = Reason.STOP_OVER in (verdict.reason, *verdict.also)
    return StopState(since=since, said=said, ending=ending, over=verdict.at if is_over else None)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Ran:
    """A guest that ran when a stop began."""

    host: str
    name: str
    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One of those that does not run now."""

    guest: Ran
    now: str
    """How Nova shows it: its vm_state, its task, or that it is gone."""


def missing(before: Iterable[Ran], now: Mapping[str, str]) -> tuple[Missing, ...]:
    """Return who ran before and does not run now, by host and name; `now`: by uuid how Nova shows each guest, `RUNS`
    for one that runs. One that has been deleted meanwhile is no loss."""
    shown = ((guest, now.get(guest.uuid, GONE)) for guest in sorted(before))
    return tuple(Missing(guest=guest, now=word) for guest, word in shown if word not in (RUNS, GONE))


RUNS = "active"
GONE = "deleted"
