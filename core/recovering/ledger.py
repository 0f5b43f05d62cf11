"""What is known about an incident's attempt: the fold of its facts, the same for a log, for Redis and for memory.

It refuses to know where facts are kept. Fold in log order: a fact counts from whoever adopted under its epoch, and once
a higher one has been adopted, facts of a lower one count only if they say `done` (architecture.md 5).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from uuid import UUID

from kasugai.core.words.actions import Meaning
from kasugai.core.words.epochs import KEPT, Owners, is_next, speaks_for_itself, with_owner
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState
from kasugai.core.words.incident import Resume, Stop
from kasugai.core.words.plan import Plan, Prior
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import BrokerTime

NO_PRIORS: Mapping[str, Prior] = MappingProxyType({})
NO_STEPS: Mapping[str, StepRecord] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """All that the ledger holds of one incident."""

    incident: UUID
    subject: Subject | None = None
    """None before the first fact."""
    attempt: int = 0
    epoch: int = 0
    """The highest that was adopted."""
    owners: Owners = ()
    """Who adopted it lately."""
    answered: int = 0
    """The highest number of an Open that was answered (held, vetoed or finished)."""
    plan: Plan | None = None
    """Of the current attempt."""
    steps: Mapping[str, StepRecord] = field(default_factory=lambda: NO_STEPS)
    """Of all attempts: an unresolved record of an earlier attempt is kept."""
    priors: Mapping[str, Prior] = field(default_factory=lambda: NO_PRIORS)
    """By guest: the power state before its host died, from the last plan before an effect touched the guest."""
    effects: bool = False
    """Whether any effect has ever begun."""
    fenced: bool = False
    """Whether the effect of a fence step has ever begun."""
    result: Result | None = None
    """Of the current attempt, once finished."""
    reason: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether an effect has begun and no attempt has ended since."""
        return self.effects and self.result is None

    def has_begun(self, attempt: int) -> bool:
        """Whether any effect of that attempt has begun."""
        return any(record.attempt == attempt and record.has_begun for record in self.steps.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Whether effects of an incident may begin, by the Stop or Resume that was decided last.

    Not the one that came last: a correlate that was paused may send its word when a successor has long said another.
    """

    said_at: BrokerTime
    """The order's `decided_at`: broker time of the record that decided it."""
    offset: int
    """Of the Stop or Resume: says which is newer of two that were decided at the same instant."""
    stop: bool
    reason: str = ""


def newer(old: Flag | None, new: Flag) -> Flag:
    """Return the flag that was decided later."""
    return new if old is None or (new.said_at, new.offset) > (old.said_at, old.offset) else old


def flag_of(order: Stop | Resume, offset: int) -> Flag:
    """Return the flag that the order at `offset` of its topic raises."""
    return Flag(said_at=order.decided_at, offset=offset, stop=isinstance(order, Stop), reason=order.reason)


def apply(entry: Entry, fact: Fact, known: int = 0) -> Entry:
    """Return the entry after `fact`, the next one in log order; a repeated or outdated fact changes nothing, nor does
    one by somebody who has not adopted under its epoch. `known`: the highest epoch of its subject."""
    if is_next(fact, entry.epoch, known):
        entry = replace(entry, epoch=fact.epoch, owners=with_owner(entry.owners, fact))
    return _after(entry, fact) if _counts(entry, fact) else entry


def _counts(entry: Entry, fact: Fact) -> bool:
    is_fenced = fact.epoch < entry.epoch and fact.kind is not FactKind.DONE
    return speaks_for_itself(entry.owners, fact) and not is_fenced


def _after(entry: Entry, fact: Fact) -> Entry:
    if fact.attempt > entry.attempt:
        entry = replace(entry, attempt=fact.attempt, plan=None, result=None, reason="")
    entry = replace(entry, subject=fact.subject)
    if fact.kind is FactKind.ADOPTED:
        return replace(entry, reason="")
    if fact.step is not None:
        return _with_step(entry, fact.step)
    if fact.plan is not None and fact.attempt == entry.attempt:
        entry = _with_plan(entry, fact.plan)
    for step in fact.steps:
        entry = _with_step(entry, step)
    return _answered(entry, fact) if fact.kind.is_answer else entry


def fold(entries: Mapping[UUID, Entry], facts: Iterable[Fact], known: int = 0) -> dict[UUID, Entry]:
    """Return a subject's entries after `facts` in log order; incidents that were unknown are added. `known`: the
    subject's highest epoch before them."""
    after = dict(entries)
    for fact in facts:
        entry = apply(after.get(fact.incident) or Entry(incident=fact.incident), fact, known)
        if entry.epoch > 0:
            after[fact.incident] = entry
        known = max(known, entry.epoch)
    return after


def highest(entries: Mapping[UUID, Entry]) -> int:
    """Return the highest epoch that was adopted for one of these; 0: for none."""
    return max((entry.epoch for entry in entries.values()), default=0)


def join(kept: Entry, logged: Entry) -> Entry:
    """Return what a ledger that may have forgotten and a log that keeps 30 days know together about an incident. Where
    they contradict, `logged` counts, unless it has not come as far as `kept`: then the log has lost its beginning."""
    if _rank(kept) > _rank(logged):
        return kept
    joined = replace(
        logged,
        owners=tuple(dict.fromkeys((*kept.owners, *logged.owners)))[-KEPT:],
        plan=logged.plan or (kept.plan if kept.attempt == logged.attempt else None),
        steps=kept.steps,
        priors=MappingProxyType({**kept.priors, **logged.priors, **touched_priors(kept)}),
        effects=kept.effects or logged.effects,
        fenced=kept.fenced or logged.fenced,
    )
    for step in logged.steps.values():
        joined = _with_step(joined, step)
    return joined


def _rank(entry: Entry) -> tuple[int, int, int]:
    return entry.attempt, entry.epoch, entry.answered


def _with_plan(entry: Entry, plan: Plan) -> Entry:
    if entry.plan is not None and entry.plan.attempt == plan.attempt and entry.plan.epoch > plan.epoch:
        return entry
    known = {step.subject: step.prior for step in plan.steps if step.prior is not None}
    priors = {**entry.priors, **known, **touched_priors(entry)}
    return replace(entry, plan=plan, priors=MappingProxyType(priors))


def touched_priors(entry: Entry) -> Mapping[str, Prior]:
    """Return the power states of the guests that an effect has touched: what Nova shows of those is our own doing. Of
    all others the newest plan knows best, for their users may have changed them since."""
    touched = {step.subject for step in entry.steps.values() if step.tries > 0}
    return {guest: prior for guest, prior in entry.priors.items() if guest in touched}


def _with_step(entry: Entry, step: StepRecord) -> Entry:
    old = entry.steps.get(step.key)
    if old is not None and not _supersedes(old, step):
        return entry
    steps = MappingProxyType({**entry.steps, step.key: step})
    begun = step.has_begun
    fenced = entry.fenced or (begun and step.words.meaning is Meaning.FENCED)
    return replace(entry, steps=steps, effects=entry.effects or begun, fenced=fenced)


def _supersedes(old: StepRecord, new: StepRecord) -> bool:
    """A later try or attempt wins; within one try, `done` is never taken back."""
    if (new.attempt, new.tries) != (old.attempt, old.tries):
        return (new.attempt, new.tries) > (old.attempt, old.tries)
    return old.state is not StepState.DONE or new.state is StepState.DONE


def _answered(entry: Entry, fact: Fact) -> Entry:
    answered = max(entry.answered, fact.n)
    return replace(
        entry,
        answered=answered,
        result=fact.result,
        reason=fact.reason,
        effects=entry.effects or fact.effects,
    )
