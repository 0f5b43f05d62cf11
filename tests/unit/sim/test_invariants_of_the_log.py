"""The watchers over the log and the ledger: each bites a minimal history that breaks it, and no other."""

from typing import Any
from uuid import UUID

from kasugai.core.deciding.rows import IncidentRow, SubjectRow, evidence_of
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, Result, StepRecord, StepState
from kasugai.core.words.incident import Phase
from kasugai.core.words.signals import Fault
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.lab.invariants.at_rest import AtRest
from kasugai.sim.lab.invariants.closed_by_outcome import ClosedByOutcome
from kasugai.sim.lab.invariants.covered import Covered
from kasugai.sim.lab.invariants.epochs_grow import EpochsGrow
from kasugai.sim.lab.invariants.kafka_first import KafkaFirst
from kasugai.sim.lab.invariants.numbered import Numbered
from kasugai.sim.lab.invariants.one_reserve import OneReserve
from kasugai.sim.lab.invariants.watcher import Ended, Kept
from tests.unit.core.makers import HOST, INCIDENT, SEGMENT, down, fact, moment, order, row
from tests.unit.sim.watching import told

OTHER = UUID(int=0xC2)


def kept(*steps: StepRecord, epoch: int = 1, host: str = HOST, incident: UUID = INCIDENT) -> Kept:
    """The ledger takes an entry."""
    entry = Entry(incident=incident, subject=host_subject(host), steps={step.key: step for step in steps})
    return Kept(entry=entry, epoch=epoch)


def step(state: StepState = StepState.STARTED) -> StepRecord:
    """A step's record."""
    return StepRecord(action=Action.FENCE, subject=HOST, state=state, epoch=1)


def closed(incident: UUID | None = INCIDENT, *covers: Fault) -> Verdict:
    """An incident of cmp1 is closed; the verdict covers these faults."""
    return Verdict(
        verdict_id=UUID(int=2),
        verb=Verb.CLOSE,
        subject=host_subject(HOST),
        segment=SEGMENT,
        reason=Reason.RECOVERED,
        evidence=tuple(evidence_of(fault) for fault in covers),
        count=len(covers),
        at=BrokerTime(0),
        incident=incident,
    )


class TestKafkaFirst:
    def test_bites(self) -> None:
        assert told(KafkaFirst, kept(step())) == ["the ledger is ahead of the log: fence:cmp1 started"]

    def test_bites_an_older_state_and_another_incident(self) -> None:
        logged = fact(FactKind.STARTED, step=step())
        assert told(KafkaFirst, logged, kept(step(StepState.DONE))) != []
        assert told(KafkaFirst, logged, kept(step(), incident=OTHER)) != []

    def test_is_silent_behind_the_log(self) -> None:
        assert told(KafkaFirst, fact(FactKind.STARTED, step=step()), kept(), kept(step())) == []


class TestEpochsGrow:
    def test_bites(self) -> None:
        assert told(EpochsGrow, kept(epoch=2), kept(epoch=1), kept(epoch=2)) == [
            "an older epoch wrote to the ledger of cmp1"
        ]

    def test_is_silent_while_they_grow_and_about_each_host_alone(self) -> None:
        assert told(EpochsGrow, kept(epoch=2), kept(epoch=2), kept(epoch=3), kept(epoch=1, host="cmp2")) == []


class TestClosedByOutcome:
    FINISHED = fact(FactKind.FINISHED, result=Result.RECOVERED)

    def test_bites(self) -> None:
        sentence = ["host/cmp1 was closed without an outcome"]
        assert told(ClosedByOutcome, closed()) == sentence
        assert told(ClosedByOutcome, fact(FactKind.HELD), closed()) == sentence
        assert told(ClosedByOutcome, self.FINISHED, closed(OTHER)) == sentence

    def test_is_silent_after_its_outcome(self) -> None:
        assert told(ClosedByOutcome, self.FINISHED, closed()) == []


class TestCovered:
    END = Ended(rows=())

    def test_bites(self) -> None:
        assert told(Covered, down(), self.END) == ["no verdict covers: down of host/cmp1 by peer/1"]
        assert told(Covered, down(), down(episode="e2"), closed(None, down()), self.END) != []

    def test_is_silent_before_the_end(self) -> None:
        assert told(Covered, down()) == []

    def test_is_silent_when_all_are_covered_in_whatever_order(self) -> None:
        assert told(Covered, closed(None, down()), down(), self.END) == []


class TestAtRest:
    def ended(self, phase: Phase, reason: str = "", **given: Any) -> list[str]:
        incident = IncidentRow(
            order=order(), phase=phase, reason=reason, heard=moment(0), published=moment(0)
        )
        rows: tuple[SubjectRow, ...] = (row(incident=incident, **given), row(incident=None))
        return told(AtRest, Ended(rows=rows))

    def test_bites(self) -> None:
        assert self.ended(Phase.RECOVERING) == ["the incident of cmp1 is neither over nor held: recovering"]

    def test_is_silent_about_what_is_held_or_waits(self) -> None:
        assert self.ended(Phase.HELD) == self.ended(Phase.OPENED, "no-reserve") == []

    def test_looks_at_guests_and_processes_too(self) -> None:
        assert self.ended(Phase.RECOVERING, kind=Kind.INSTANCE, named="u1") == [
            "the incident of instance/u1 is neither over nor held: recovering"
        ]


class TestOneReserve:
    GIVEN = order(reserves=("r1", "r2"))
    AGAIN = order(incident=OTHER, reserves=("r2",))

    def test_bites(self) -> None:
        assert told(OneReserve, self.GIVEN, self.AGAIN) == ["the reserve r2 was given to two incidents"]

    def test_the_end_of_another_incident_gives_nothing_back(self) -> None:
        assert told(OneReserve, self.GIVEN, closed(OTHER), self.AGAIN) != []

    def test_is_silent_when_it_was_given_back_and_about_who_has_it(self) -> None:
        assert told(OneReserve, self.GIVEN, self.GIVEN, closed(), self.AGAIN) == []


class TestNumbered:
    def test_bites(self) -> None:
        sentence = ["publication 3 of the incident of cmp1 came before the one below it"]
        assert told(Numbered, order(n=1), order(n=3)) == sentence
        assert told(Numbered, order(n=1), order(n=2), order(n=3, incident=OTHER)) == sentence

    def test_is_silent_about_the_order_and_about_repetitions(self) -> None:
        assert told(Numbered, order(n=1), order(n=2), order(n=1), order(n=3)) == []
