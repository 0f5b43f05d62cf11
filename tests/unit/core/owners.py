"""What the small worlds of recoveries share: owners one after another, on one ledger, who ask `advance` on each look
and do as it says. What is true, what a look shows of it and what must never begin is each world's own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kasugai.core.recovering.advance import advance, procedure_of
from kasugai.core.recovering.ledger import Entry, Flag, apply
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Act, Begin, Extend, Finish, Note, Wait
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan
from kasugai.core.words.timing import TEST, BrokerTime, MonoTime
from tests.unit.core.makers import fact

_STATES = {FactKind.ABSOLVED: StepState.ABSOLVED, FactKind.UNSURE: StepState.UNSURE}
_AT_MOST = 30
"""So many answers without a wait are no recovery but a loop."""


@dataclass(kw_only=True)
class Owners(ABC):
    """Owners of one incident."""

    order: Open
    has_device: bool = False
    entry: Entry = field(init=False)
    flag: Flag | None = None
    memory: Memory = field(default_factory=lambda: Memory(owner_since=MonoTime(0), epoch=0))
    plan: Plan | None = None
    look: Look | None = None
    calls: dict[str, Begin] = field(default_factory=dict)
    answer: Finish | None = None

    def __post_init__(self) -> None:
        """Begin with an empty ledger."""
        self.entry = Entry(incident=self.order.incident, subject=self.order.subject)

    @property
    @abstractmethod
    def now(self) -> int:
        """What time it is, in milliseconds."""

    @abstractmethod
    def check(self, s: Situation, begins: tuple[Begin, ...]) -> None:
        """Assert that these may begin."""

    @abstractmethod
    def check_end(self, s: Situation, answer: Finish) -> None:
        """Assert that it may answer so."""

    @abstractmethod
    def wait(self, wait: Wait) -> None:
        """Keep what the next look has to show."""

    def own(self) -> None:
        """Get the next epoch; whatever the last owner had under way is on the wire or lost."""
        self.memory = Memory(owner_since=MonoTime(self.now), epoch=self.entry.epoch + 1)
        self.calls, self.plan, self.look = {}, None, None
        self.say(FactKind.ADOPTED)

    def take(self, look: Look) -> None:
        """Go on by a look."""
        mark = procedure_of(self.order).mark(self.entry, self.order)
        self.memory = replace(self.memory.observe(look, mark), before=self.look)
        self.look = look
        self.go_on()

    def go_on(self) -> None:
        """Ask and do until there is something to wait for."""
        if self.answer is not None or self.look is None or not self._has_plan(self.look):
            return
        for _ in range(_AT_MOST):
            if not self._once():
                return
        raise AssertionError("it acts for ever on the same look")

    def _has_plan(self, look: Look) -> bool:
        """Adopt the attempt's plan if an effect stands on it, else make one, as `workers.ownership` does."""
        procedure = procedure_of(self.order)
        if self.plan is None and self.entry.has_begun(self.order.attempt):
            self.plan = self.entry.plan
        if self.plan is None and procedure.can_plan(look, self.memory.before):
            self.plan = procedure.plan(self.order, look, self.entry, self.memory.epoch)
            self.say(FactKind.PLAN, plan=self.plan)
        return self.plan is not None

    def _situation(self) -> Situation:
        """Return what `advance` is asked about."""
        assert self.plan is not None and self.look is not None
        return Situation(
            order=self.order,
            entry=self.entry,
            plan=self.plan,
            look=self.look,
            memory=self.memory,
            flag=self.flag,
            has_device=self.has_device,
            timing=TEST,
            now=MonoTime(self.now),
            broker_now=BrokerTime(self.now),
        )

    def _once(self) -> bool:
        s = self._situation()
        answer = advance(s)
        assert answer == advance(s)
        match answer:
            case Act(notes=notes, begins=begins):
                self._act(s, notes, tuple(begins))
            case Extend(plan=longer):
                assert len(longer.steps) + len(longer.excluded) > len(s.plan.steps) + len(s.plan.excluded)
                self.plan = longer
                self.say(FactKind.PLAN, plan=longer)
            case Wait(until=until):
                asks_more = not answer.hosts <= s.look.others.keys()
                assert until > s.look.at or asks_more, "it looks again at once, and for nothing new"
                self.wait(answer)
                return False
            case Finish():
                self._finish(s, answer)
                return False
        return True

    def _act(self, s: Situation, notes: Iterable[Note], begins: tuple[Begin, ...]) -> None:
        before = self.entry
        for note in notes:
            self.say(note.kind, step=note.record)
            assert self.entry.steps[note.step.key] == note.record
        self.check(s, begins)
        for begin in begins:
            self._begin(begin)
        assert self.entry != before, "it acts without getting on"

    def _begin(self, begin: Begin) -> None:
        key = begin.step.key
        self.say(FactKind.STARTED, step=begin.record)
        self.calls[key] = begin
        self.memory = replace(
            self.memory,
            begun=MappingProxyType({**self.memory.begun, key: MonoTime(self.now)}),
            in_flight=self.memory.in_flight | {key},
            aims={**self.memory.aims, key: begin.record.target},
        )

    def end(self, key: str, kind: FactKind | None, reason: str = "") -> None:
        """End a call that is not among `calls` any more, as the record says that is left of it; None: Nova has accepted
        it."""
        if kind is not None:
            record = self.entry.steps[key]
            self.say(kind, step=replace(record, state=_STATES[kind], reason=reason))
        self.memory = replace(
            self.memory,
            begun=MappingProxyType({**self.memory.begun, key: MonoTime(self.now)}),
            in_flight=self.memory.in_flight - {key},
            accepted=self.memory.accepted | ({key} if kind is None else set()),
        )

    def _finish(self, s: Situation, answer: Finish) -> None:
        assert not self.calls, "it answers while a call is under way"
        self.check_end(s, answer)
        self.answer = answer
        self.say(answer.kind, result=answer.result, reason=answer.reason)

    def order_again(self) -> None:
        """Correlate publishes the incident again, with the next attempt if this one failed."""
        if self.answer is None or self.answer.result in (Result.RECOVERED, Result.WITHDRAWN):
            return
        failed = self.answer.result is Result.FAILED
        self.order = replace(
            self.order,
            n=self.order.n + 1,
            attempt=self.order.attempt + failed,
            decided_at=BrokerTime(self.now),
        )
        self.answer = None
        self.own()

    def say(self, kind: FactKind, **given: object) -> None:
        """Write a fact to the ledger."""
        said = fact(
            kind,
            epoch=self.memory.epoch,
            attempt=self.order.attempt,
            n=self.order.n,
            subject=self.order.subject,
            **given,
        )
        self.entry = apply(self.entry, said)
