"""Stands in for the workers of incidents that the recording has no answers to.

An incident that is published in the very record in which it was is answered by what its workers really said. Any other
one nobody has carried out: it is taken to go as the recorded one of its subject went, or, where there is none, to end
as recovered after the usual time. That is an assumption, and the report says where it was made.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.cli.replaying.past import Course, Past, publication
from kasugai.core.words.actions import WORDINGS, Meaning
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState, make_fact
from kasugai.core.words.incident import Open, Order, Resume, Stop
from kasugai.core.words.signals import Letter, Outcome
from kasugai.core.words.timing import BrokerTime, Timing, later
from kasugai.core.words.verdicts import Reason

AUTHOR = "replay"
"""Under this name it speaks."""
DONE = (Meaning.FENCED, Meaning.OUT)
"""What a host's recovery is taken to have done where nothing is recorded: its return must know it."""


@dataclass(slots=True)
class _Work:
    """An incident that it answers for."""

    order: Open
    epoch: int
    next_at: BrokerTime
    ends_at: BrokerTime
    like: Course | None
    seq: int = 0
    is_stopped: bool = False


class StandIn:
    """Answers in the place of workers, by the time of the records."""

    def __init__(self, past: Past, timing: Timing, known: Iterable[UUID] = ()) -> None:
        """Answer what `past` does not. `known`: incidents that were open before the recording begins."""
        self._timing = timing
        self._past = past
        self._works: dict[UUID, _Work] = {}
        self._known = set(known)
        self.assumed: dict[UUID, UUID | None] = {}
        """The incidents that it has answered for, with the recorded one after which it did."""

    def hear(self, orders: Iterable[Order]) -> None:
        """Take what was decided to publish."""
        for order in orders:
            match order:
                case Open():
                    self._open(order)
                case Stop() if (work := self._works.get(order.incident)) is not None:
                    work.is_stopped, work.ends_at = True, order.decided_at
                case Stop() | Resume():
                    pass

    def _open(self, order: Open) -> None:
        self._known.add(order.incident)
        if order.incident in self._works:
            self._works[order.incident].order = order
            self._works[order.incident].is_stopped = False
        elif order.incident in self.assumed or publication(order) not in self._past.published:
            self._take_on(order)

    def _take_on(self, order: Open) -> None:
        courses = self._past.courses()
        like = courses.like(order)
        took = like.took if like is not None else courses.usual(order)
        epoch = self._past.epochs.get(order.subject, 0) + 1
        self._past.epochs[order.subject] = epoch
        self._works[order.incident] = _Work(
            order=order,
            epoch=epoch,
            next_at=order.decided_at,
            ends_at=later(order.decided_at, took),
            like=like,
        )
        self.assumed[order.incident] = like.incident if like is not None else None

    @property
    def is_busy(self) -> bool:
        """Whether it answers for anybody just now."""
        return bool(self._works)

    def obeys(self, fact: Fact) -> bool:
        """Whether a recorded answer still counts: not of an incident that somebody stands in for, and not of one that
        was opened then and is not now."""
        if fact.incident in self.assumed:
            return False
        return fact.incident in self._known or fact.incident not in self._past.opened

    def due(self) -> BrokerTime | None:
        """Return when the next answer is due; None: none is."""
        return min((min(work.next_at, work.ends_at) for work in self._works.values()), default=None)

    def answer(self, at: BrokerTime) -> tuple[Letter, Fact]:
        """Return the answer that is due at `at`, as it comes into the mailbox."""
        work = min(self._works.values(), key=lambda w: (min(w.next_at, w.ends_at), w.order.incident))
        fact = self._fact(work, at)
        return Letter(segment=work.order.segment, signal=Outcome(fact=fact)), fact

    def _fact(self, work: _Work, at: BrokerTime) -> Fact:
        work.seq += 1
        if work.seq == 1:
            work.next_at = later(at, self._timing.working)
            return make_fact(_draft(work, FactKind.ADOPTED))
        if at < work.ends_at:
            work.next_at = later(at, self._timing.working)
            return make_fact(replace(_draft(work, FactKind.WORKING), seq=work.seq, effects=True))
        del self._works[work.order.incident]
        return make_fact(_end(work))


def _draft(work: _Work, kind: FactKind) -> Fact:
    order = work.order
    return Fact(
        fact_id=order.incident,
        kind=kind,
        incident=order.incident,
        segment=order.segment,
        subject=order.subject,
        attempt=order.attempt,
        epoch=work.epoch,
        author=AUTHOR,
        n=order.n,
    )


def _end(work: _Work) -> Fact:
    draft = replace(_draft(work, FactKind.FINISHED), effects=True)
    if work.is_stopped:
        return replace(draft, result=Result.WITHDRAWN, reason=Reason.STOPPED)
    if work.like is None:
        return replace(draft, result=Result.RECOVERED, reason=Reason.RECOVERED, steps=_steps(work))
    end = work.like.end
    return replace(
        draft, result=end.result, reason=end.reason, detail=end.detail, plan=end.plan, steps=end.steps
    )


def _steps(work: _Work) -> tuple[StepRecord, ...]:
    order = work.order
    if not order.subject.is_host or order.undoes is not None:
        return ()
    actions = [next(w.action for w in WORDINGS.values() if w.meaning is meaning) for meaning in DONE]
    return tuple(
        StepRecord(action=action, subject=order.host, state=StepState.DONE, epoch=work.epoch, tries=1)
        for action in actions
    )
