"""What no order of events may bring about: fencing on one witness's word, acting after a sign of life, a fault that no
verdict covers, an incident that anything but an outcome closes."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding.rows import ClockRow, SubjectRow
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import TRANSITIONS, Open, Phase
from kasugai.core.words.signals import Command, Outcome, Source, Symptom, Tick
from kasugai.core.words.verdicts import Reason, Verb
from tests.unit.core.makers import alive
from tests.unit.core.scripts import (
    HOSTS,
    TESTIMONY,
    Move,
    Pass,
    Say,
    describes,
    examples,
    faults,
    guests,
    passes,
    play,
    sayings,
    scripts,
    town,
    town_story,
    works,
)
from tests.unit.core.story import Story

DENIALS = [Symptom.ALIVE, Symptom.CLEAR]


def one_kind(source: Source) -> st.SearchStrategy[list[Move]]:
    """Return scripts in which only one kind of witness ever speaks against anybody."""
    bad = st.builds(Say, faults([Symptom.DOWN], [source]))
    good = st.builds(Say, faults(DENIALS))
    return scripts(bad, bad, good, works, describes, passes, passes, size=40)


@examples(100)
@given(st.sampled_from([*TESTIMONY, Source.REPORTED, Source.POWER]).flatmap(one_kind))
def test_no_faults_of_a_single_kind_of_witness_open_an_incident(script: list[Move]) -> None:
    assert play(script).post.orders == []


no_proof = st.builds(Say, faults([Symptom.DOWN, Symptom.DOWN, *DENIALS], asserted=True))
quiet = scripts(works, describes, passes, passes, size=12)


@examples(150)
@given(scripts(no_proof, no_proof, no_proof, works, works, describes, passes), quiet)
def test_after_a_sign_of_life_nothing_is_opened_until_there_is_new_evidence(
    before: list[Move], after: list[Move]
) -> None:
    story = play(before)
    for number, name in enumerate(HOSTS):
        story.write(alive(host=name, episode=f"later{number}"))
    seen = len(story.post.orders)
    play([*after, Pass(seconds=1.0, ticks=70)], story)
    assert not [order for order in story.post.orders[seen:] if isinstance(order, Open)]


class Watch:
    """Looks at the rows behind every record."""

    def __init__(self, story: Story | None = None) -> None:
        self.story = story or Story(hosts=HOSTS)
        self.rows: dict[str, SubjectRow] = {}
        self.clock = self.story.clock
        self.read = len(self.story.mail)

    def look(self) -> None:
        """Compare the rows with those before the last record."""
        while self.read < len(self.story.mail):
            self.read += 1
            if self.read == len(self.story.mail):
                self._compare()

    def _compare(self) -> None:
        letter, stamp = self.story.mail[-1]
        rows = {k: r for k, r in self.story.post.table.items() if isinstance(r, SubjectRow)}
        for key, row in rows.items():
            old = self.rows.get(key)
            if old is not None and old != row:
                self.changed(old, row, letter.signal)
        clock = self.story.post.table["~clock"]
        assert isinstance(clock, ClockRow)
        assert clock == self.clock or isinstance(letter.signal, Tick)
        assert clock.now >= self.clock.now and clock.now <= stamp.at
        self.rows, self.clock = rows, clock

    def changed(self, old: SubjectRow, new: SubjectRow, signal: object) -> None:
        """Called for every row that the last record changed."""


class Closing(Watch):
    """Holds incidents to their life."""

    def changed(self, old: SubjectRow, new: SubjectRow, signal: object) -> None:
        if old.incident is not None and (
            new.incident is None or new.incident.order.incident != old.incident.order.incident
        ):
            assert isinstance(signal, Outcome) and signal.fact.kind is FactKind.FINISHED
            assert signal.fact.incident == old.incident.order.incident
            assert new.closed is not None and new.closed.incident == old.incident.order.incident
            assert new.closed.phase.is_final
        if old.incident is not None and new.incident is not None and new.closed == old.closed:
            assert new.incident.epoch >= old.incident.epoch
            assert new.incident.order.n >= old.incident.order.n
            assert new.incident.effects >= old.incident.effects
            allowed = TRANSITIONS[old.incident.phase] | {old.incident.phase}
            assert new.incident.phase in allowed
        if old.incident is None and new.incident is not None:
            retried = old.closed is not None and old.closed.incident == new.incident.order.incident
            assert isinstance(signal, Command) if retried else new.incident.order.n == 1
            assert new.incident.phase is Phase.OPENED or retried


@examples(150)
@given(town())
def test_only_an_outcome_closes_the_incident_of_a_guest_or_a_process(script: list[Move]) -> None:
    watch = Answered(town_story())
    play(script, watch.story, watch.look)


@examples(150)
@given(scripts(size=40))
def test_only_an_outcome_closes_an_incident_and_its_numbers_only_grow(script: list[Move]) -> None:
    watch = Closing()
    play(script, watch.story, watch.look)


class Answered(Watch):
    """Holds incidents of all kinds to their life: a closed one is followed by the next in the same record at most."""

    def changed(self, old: SubjectRow, new: SubjectRow, signal: object) -> None:
        if old.incident is not None and (
            new.incident is None or new.incident.order.incident != old.incident.order.incident
        ):
            assert isinstance(signal, Outcome) and signal.fact.kind in (FactKind.FINISHED, FactKind.HELD)
            assert new.closed is not None and new.closed.incident == old.incident.order.incident
            assert signal.fact.kind is FactKind.FINISHED or old.incident.stopped
        if new.incident is not None and new.incident.order.undoes is not None:
            assert new.incident.order.undoes != new.incident.order.incident
        assert len(new.restarts) <= len(old.restarts) + 1
        assert new.condemned is None or new.incident is None


class Fenced(Watch):
    """Holds an owner of a lower epoch to silence."""

    def changed(self, old: SubjectRow, new: SubjectRow, signal: object) -> None:
        if (
            isinstance(signal, Outcome)
            and old.incident is not None
            and signal.fact.epoch < old.incident.epoch
            and signal.fact.kind is not FactKind.QUEUED
        ):
            told = replace(new, verb=old.verb, reason=old.reason, offset=old.offset, touched=old.touched)
            assert told == old and new.verb is Verb.DISREGARD


@examples(100)
@given(scripts(sayings, works, works, works, passes, size=40))
def test_an_outcome_of_a_lower_epoch_changes_nothing_but_what_is_told(script: list[Move]) -> None:
    watch = Fenced()
    play(script, watch.story, watch.look)


def ids(script: list[Move]) -> set[UUID]:
    return {move.fault.event_id for move in script if isinstance(move, Say)}


@examples(150)
@given(scripts(sayings, sayings, sayings, guests(), works, describes, passes, size=40))
def test_every_fault_is_covered_by_a_verdict(script: list[Move]) -> None:
    story = play(script)
    covered = {e.event_id for verdict in story.post.verdicts for e in verdict.evidence}
    assert ids(script) <= covered


@examples(150)
@given(town())
def test_every_fault_in_a_town_is_covered_by_a_verdict(script: list[Move]) -> None:
    story = play(script, town_story())
    covered = {e.event_id for verdict in story.post.verdicts for e in verdict.evidence}
    assert ids(script) <= covered
    assert all(verdict.reason is not Reason.UNDECIDABLE for verdict in story.post.verdicts)


@examples(150)
@given(town())
def test_a_host_that_is_condemned_has_no_other_incident_beside_its_own(script: list[Move]) -> None:
    story = play(script, town_story())
    evacuated = [order for order in story.opens if order.subject.detail == "libvirtd"]
    assert evacuated == [] and all(order.subject.is_host for order in story.opens if order.condemned)


@examples(100)
@given(st.one_of(scripts(size=40), town()))
def test_no_two_verdicts_share_an_id_and_no_two_publications_a_number(script: list[Move]) -> None:
    story = play(script)
    verdicts = [verdict.verdict_id for verdict in story.post.verdicts]
    numbers = [(order.incident, order.n) for order in story.opens]
    assert len(verdicts) == len(set(verdicts)) and len(numbers) == len(set(numbers))


@examples(60)
@given(scripts(size=40))
def test_what_is_opened_was_proven_and_allowed_at_that_moment(script: list[Move]) -> None:
    story = play(script)
    for order in story.opens:
        if order.n == 1:
            proven = order.asserted_at is not None or "off" in {e.symptom for e in order.evidence}
            assert proven or len(order.evidence) > 1
