"""Where an incident and its steps stand, by all records about them: the rules behind `views`, pure.

An answer closes nothing: an incident is over when correlate's verdict says so.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kasugai.core.telling.ties import Tie
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict

_RANKS = {
    StepState.STARTED: 0,
    StepState.UNSURE: 1,
    StepState.ABSOLVED: 2,
    StepState.FAILED: 3,
    StepState.DONE: 4,
}
LEFT_ALONE = frozenset(
    {
        Reason.NOTHING_DONE,
        Reason.NOT_MARKED,
        Reason.GUEST_LEFT,
        Reason.USERS_WISH,
        Reason.USERS_DOING,
        Reason.GUEST_STATE,
        Reason.GUEST_GONE,
        Reason.GUEST_ELSEWHERE,
        Reason.RESTARTED_SINCE,
    }
)
"""Reasons with which an incident ends because nothing was to be done about its subject."""
_ENDS = {
    Reason.RECOVERED: Phase.RECOVERED,
    Reason.SERVICE_ENABLED_BY_OTHERS: Phase.RECOVERED,
    **dict.fromkeys(LEFT_ALONE, Phase.WITHDRAWN),
}
_OUTCOMES = {
    Result.RECOVERED: Phase.RECOVERED,
    Result.FAILED: Phase.FAILED,
    Result.WITHDRAWN: Phase.WITHDRAWN,
}
_PAUSES = (Verb.HOLD, Verb.RETRY)
"""Verdicts after which correlate waits."""
_WORDS = (Verb.OPEN, Verb.REOPEN, Verb.HOLD, Verb.RETRY, Verb.VETO)
"""Verdicts that say whether an incident goes on."""


DELETED = "deleted"
"""What the worker's record of a step says whose guest is no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of a plan and its last record."""

    step: Step
    record: StepRecord | None
    began: BrokerTime | None
    """When its effect was first begun."""
    ended: BrokerTime | None
    """When its end was recorded."""

    @property
    def is_done(self) -> bool:
        """Whether its wished-for state was seen."""
        return self.record is not None and self.record.state is StepState.DONE

    @property
    def is_gone(self) -> bool:
        """Whether it is done because its guest was deleted meanwhile."""
        return self.is_done and self.record is not None and self.record.reason == DELETED

    @property
    def word(self) -> str:
        """Where it stands, in one word."""
        return "waiting" if self.record is None else str(self.record.state)


def phase_of(order: Open | None, fact: Fact | None, verdicts: Sequence[Verdict]) -> Phase:
    """Return the phase; `verdicts` in the order of their log."""
    closing = close_of(verdicts)
    if closing is not None:
        return _closed(closing, fact)
    words = [verdict.verb for verdict in verdicts if verdict.verb in _WORDS]
    pauses = bool(words) and words[-1] in _PAUSES
    if fact is None or fact.kind in (FactKind.QUEUED, FactKind.VETOED):
        return Phase.HELD if pauses else Phase.OPENED
    if fact.kind.is_answer:
        return _answered(order, fact, pauses)
    return Phase.RECOVERING


def close_of(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict that closed it; None while it is open, also after a person had a failed one tried again."""
    words = [verdict for verdict in verdicts if verdict.verb in (*_WORDS, Verb.CLOSE)]
    return words[-1] if words and words[-1].verb is Verb.CLOSE else None


def _closed(closing: Verdict, fact: Fact | None) -> Phase:
    """By the answer that closed it; where that has not been read, by the verdict's reason."""
    is_its = fact is not None and fact.kind is FactKind.FINISHED and fact.reason == closing.reason
    if is_its and fact is not None and fact.result is not None:
        return _OUTCOMES[fact.result]
    return _ENDS.get(closing.reason, Phase.FAILED)


def _answered(order: Open | None, fact: Fact, pauses: bool) -> Phase:
    """After an answer the incident waits, unless it has been published anew since."""
    is_newer = order is not None and (order.attempt, order.n) > (fact.attempt, fact.n)
    if is_newer:
        return Phase.HELD if pauses else Phase.OPENED
    if fact.kind is FactKind.HELD or pauses:
        return Phase.HELD
    return _OUTCOMES[fact.result or Result.FAILED]


def why_of(fact: Fact | None, verdicts: Sequence[Verdict]) -> str:
    """Return the reason for where it stands with all that was said: the last word of correlate, or the worker's answer
    where correlate has said nothing."""
    last = _last_word(verdicts)
    if last is None:
        return reason_of(fact, verdicts)
    detail = "" if last.verb is Verb.CLOSE and last.reason is Reason.RECOVERED else last.detail
    also = f" (also {', '.join(last.also)})" if last.also else ""
    return f"{last.reason}{also}{': ' + detail if detail else ''}"


def reason_of(fact: Fact | None, verdicts: Sequence[Verdict]) -> str:
    """Return the word alone of that reason; empty where nobody has said any."""
    last = _last_word(verdicts)
    if last is not None:
        return str(last.reason)
    return fact.reason if fact is not None else ""


def _last_word(verdicts: Sequence[Verdict]) -> Verdict | None:
    words = [verdict for verdict in verdicts if verdict.verb in (*_WORDS, Verb.CLOSE, Verb.SUSPECT)]
    return words[-1] if words else None


def step_views(plan: Plan | None, facts: Sequence[tuple[BrokerTime, Fact]]) -> Mapping[str, StepView]:
    """Return the plan's steps in its order; `facts` with their times, in any order."""
    if plan is None:
        return {}
    told = [(at, fact.step) for at, fact in facts if fact.step is not None]
    records = [step for _, step in told] + [step for _, fact in facts for step in fact.steps]
    newest: dict[str, StepRecord] = {}
    for record in sorted(records, key=_age):
        newest[record.key] = record
    own: dict[str, list[tuple[BrokerTime, StepRecord]]] = defaultdict(list)
    for at, record in told:
        own[record.key].append((at, record))
    steps = [step for step in plan.steps if step.words.meaning is not Meaning.ALL_SEEN]
    return {step.key: _view(step, newest.get(step.key), own[step.key]) for step in steps}


def moved_before(
    plans: Sequence[Plan], newest: Plan | None, facts: Sequence[tuple[BrokerTime, Fact]]
) -> tuple[StepView, ...]:
    """Return the evacuations that earlier plans have seen through and that the newest therefore lacks, oldest first."""
    if newest is None:
        return ()
    current = {step.key for step in newest.steps}
    views = [
        view
        for plan in sorted(plans, key=lambda p: (p.attempt, p.epoch, len(p.steps), Tie(p)))
        for view in step_views(plan, facts).values()
        if view.step.words.meaning is Meaning.MOVED and view.is_done and view.step.key not in current
    ]
    return tuple({view.step.key: view for view in views}.values())


def _age(record: StepRecord) -> tuple[int, int, bool, int, int, Tie]:
    """A later attempt or try wins; within one try `done` is never taken back."""
    state = record.state
    return record.attempt, record.tries, state is StepState.DONE, record.epoch, _RANKS[state], Tie(record)


def _view(step: Step, record: StepRecord | None, own: Sequence[tuple[BrokerTime, StepRecord]]) -> StepView:
    began = min((at for at, other in own if other.state is StepState.STARTED), default=None)
    is_over = record is not None and record.state.is_final
    ended = min((at for at, other in own if other == record), default=None) if is_over else None
    return StepView(step=step, record=record, began=began, ended=ended)
