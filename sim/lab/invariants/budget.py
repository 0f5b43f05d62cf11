"""A guest that fails again and again is not restarted without end."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord
from kasugai.core.words.incident import Open, Stop
from kasugai.core.words.policy import Exhausted
from kasugai.core.words.signals import Command, Fault, Instruction
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Asked, Sight, Watcher


class Budget(Watcher):
    """No more attempts at a guest than its budget allows are published within a window (but those that ended before any
    effect, and those that go on with what a Stop has cut short), one more where it is relocated and one for each that a
    person asks for; and Nova takes no more starts of it than there were attempts."""

    sees = (Open, Stop, Fault, Command, Fact, Asked)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing was attempted."""
        super().__init__(cloud)
        self._attempts: dict[str, dict[tuple[UUID, int], BrokerTime]] = defaultdict(dict)
        """By guest: its incidents' attempts, and when each was decided."""
        self._asked_for: dict[str, int] = defaultdict(int)
        """By guest: how many attempts persons have asked for."""
        self._starts: dict[str, int] = defaultdict(int)
        self._spoken_of: set[str] = set()
        """Guests that were reported since their incident was published last."""
        self._cut_short: set[UUID] = set()
        """Incidents that were told to stop, and whose guest nobody has spoken of since they were published last."""
        self._goes_on: set[tuple[UUID, int]] = set()
        """Attempts that go on with what was cut short: no other restart."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Count attempts and starts."""
        match what:
            case Command(order=Instruction.RETRY, subject=subject) if subject is not None:
                self._asked_for[subject.detail] += 1
            case Stop() | Fault():
                self._interrupted(what)
            case Open(subject=subject) if subject.kind is Kind.INSTANCE:
                yield from self._attempted(what)
            case Fact():
                self._heard(what)
            case Asked(action="start", subject=guest) if what.was_taken and guest in self._attempts:
                self._starts[guest] += 1
                if self._starts[guest] > len(self._attempts[guest]):
                    yield f"{self._name(guest)} was started more often than there were attempts"
            case _:
                pass

    def _heard(self, fact: Fact) -> None:
        attempts = self._attempts.get(fact.subject.detail, {})
        match fact:
            case Fact(kind=FactKind.FINISHED, result=Result.WITHDRAWN, effects=False):
                for attempt in [each for each in attempts if each[0] == fact.incident]:
                    del attempts[attempt]
            case Fact(kind=FactKind.STARTED, step=StepRecord(action=Action.RESTORE, subject=guest)):
                self._starts[guest] -= 1  # by its host's recovery, which is another matter
            case _:
                pass

    def _interrupted(self, what: Stop | Fault) -> None:
        guest = what.subject.detail
        if isinstance(what, Fault):
            self._spoken_of.add(guest)
            self._cut_short -= {incident for incident, _ in self._attempts.get(guest, {})}
        elif guest not in self._spoken_of:
            self._cut_short.add(what.incident)

    def _attempted(self, order: Open) -> Iterator[str]:
        guest, policy = order.subject.detail, order.policy
        is_cut_short = order.incident in self._cut_short
        self._cut_short.discard(order.incident)
        self._spoken_of.discard(guest)
        attempts = self._attempts[guest]
        if (order.incident, order.attempt) in attempts:
            return
        attempts[order.incident, order.attempt] = order.decided_at
        if is_cut_short:
            self._goes_on.add((order.incident, order.attempt))
        counted = [at for attempt, at in attempts.items() if attempt not in self._goes_on]
        lately = [at for at in counted if order.decided_at - at < policy.restart_window]
        allowed = policy.restart_budget + (policy.restart_then is Exhausted.RELOCATE)
        if len(lately) > allowed + self._asked_for[guest]:
            yield f"{len(lately)} attempts at {self._name(guest)} within its window, more than its budget"

    def _name(self, guest: str) -> str:
        known = self.cloud.world.guests.get(guest)
        return known.name if known is not None else guest
