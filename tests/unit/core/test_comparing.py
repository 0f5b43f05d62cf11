"""What was decided beside what would be: what counts as the same, what as one that went otherwise, and what is told of
an incident that nobody has carried out."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from kasugai.core.telling.comparing import Comparison, Story, Window, compare
from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime, Millis, later
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import INCIDENT, START, WHOLE, decided, opened, said

BEGIN = BrokerTime(START)
OTHER = UUID(int=77)
HOUR = Millis(3_600_000)
WINDOW = Window(begin=BEGIN, end=later(BEGIN, Millis(10 * HOUR)))


def records(*values: Record) -> list[Seen]:
    return [Seen(later(BEGIN, Millis(offset)), offset, value) for offset, value in enumerate(values)]


def compared(was: Sequence[Record], would: Sequence[Record], **assumed: UUID | None) -> Comparison:
    """`assumed`: by the hexadecimal digits of an incident's id behind an x."""
    ids = {UUID(int=int(name[1:], 16)): like for name, like in assumed.items()}
    return compare(records(*was), records(*would), WINDOW, ids)


def told(verb: Verb, reason: Reason, number: int, *, at: int = 0, incident: UUID | None = None) -> Verdict:
    verdict = decided(verb, reason, incident)
    return replace(verdict, verdict_id=UUID(int=number), at=later(BEGIN, Millis(at)))


def the_other(at: int, incident: UUID = OTHER) -> tuple[Record, ...]:
    """Another incident of the same host, opened so many milliseconds later."""
    when = later(BEGIN, Millis(at))
    order = opened(incident=incident, decided_at=when, opened_at=when)
    return told(Verb.OPEN, Reason.CONFIRMED, at + 1000, at=at, incident=incident), order


def test_nothing_differs_where_all_is_the_same_however_often_it_was_published() -> None:
    comparison = compared(WHOLE, [*WHOLE, *WHOLE])
    assert not comparison.differs
    assert (comparison.same_incidents, comparison.same_decisions) == (1, 1)


def test_an_incident_that_would_not_be_is_told_with_what_would_be_decided_instead() -> None:
    hold = told(Verb.HOLD, Reason.STORM, 1)
    later_on = told(Verb.HOLD, Reason.APPROVAL_NEEDED, 2, at=5)
    (pair,) = compared(WHOLE, [hold, later_on]).incidents
    assert (pair.was and pair.was.incident, pair.would, pair.instead) == (INCIDENT, None, hold)


def test_an_incident_that_nobody_opened_is_told_with_what_was_decided() -> None:
    (pair,) = compared([], WHOLE).incidents
    assert pair.was is None and pair.instead is None
    assert pair.story.opened_at == START


def test_an_incident_by_another_id_is_the_same_outage_within_an_hour() -> None:
    (pair,) = compared(the_other(0, INCIDENT), the_other(HOUR)).incidents
    assert pair.was is not None and pair.would is not None
    comparison = compared(the_other(0, INCIDENT), the_other(HOUR + 1))
    assert [(p.was is None, p.would is None) for p in comparison.incidents] == [(False, True), (True, False)]


def test_of_two_the_nearer_one_is_the_same_outage() -> None:
    would = [*the_other(2_000, UUID(int=1)), *the_other(1_000, UUID(int=2))]
    first, second = compared(the_other(0, INCIDENT), would).incidents
    assert first.would is not None and first.would.incident == UUID(int=2)
    assert second.was is None


def test_an_id_alone_is_no_difference() -> None:
    comparison = compared(the_other(5, INCIDENT), the_other(5))
    assert comparison.incidents == () and comparison.same_incidents == 1


def test_a_decision_at_another_time_differs_and_both_times_are_told() -> None:
    was, would = (
        told(Verb.SUSPECT, Reason.FIRST_SIGHTING, 1),
        told(Verb.SUSPECT, Reason.FIRST_SIGHTING, 1, at=3),
    )
    (pair,) = compared([was], [would]).decisions
    assert (pair.was, pair.would, pair.at) == (was, would, was.at)


def test_decisions_are_laid_side_by_side_by_what_they_say() -> None:
    sighting, hold = told(Verb.SUSPECT, Reason.FIRST_SIGHTING, 1), told(Verb.HOLD, Reason.STORM, 2, at=1)
    waiting = told(Verb.SUSPECT, Reason.WAITING_TO_CONFIRM, 3, at=1)
    comparison = compared([sighting, hold], [sighting, waiting, hold])
    (pair,) = comparison.decisions
    assert (pair.was, pair.would, comparison.same_decisions) == (None, waiting, 2)
    assert pair.subject == host_subject("cmp1")


def test_what_lies_outside_the_window_is_not_compared() -> None:
    early = told(Verb.SUSPECT, Reason.FIRST_SIGHTING, 1, at=-1)
    late = told(Verb.SUSPECT, Reason.FIRST_SIGHTING, 2, at=10 * HOUR)
    assert not compared([early, late], []).differs
    assert not compared([], the_other(10 * HOUR)).differs


def test_an_incident_whose_opening_is_not_there_is_not_compared() -> None:
    again = opened(n=2)
    assert compared([again], []).incidents == ()


def story_of(comparison: Comparison) -> Story:
    (pair,) = comparison.incidents
    assert pair.would is not None
    return pair.would


def test_what_workers_did_is_counted_once_for_each_step() -> None:
    (pair,) = compared(WHOLE, []).incidents
    assert pair.was is not None
    assert (pair.was.fencings, pair.was.moves, pair.was.end) == (1, 2, Phase.RECOVERED)


def test_nobody_knows_the_guests_of_a_host_that_was_never_recovered() -> None:
    story = story_of(compared([], the_other(0), x4d=None))
    assert (story.fencings, story.moves) == (1, None)


def test_an_incident_that_goes_otherwise_has_as_much_to_do_as_the_one_that_was() -> None:
    story = story_of(compared(WHOLE, the_other(7), x4d=INCIDENT))
    assert (story.fencings, story.moves) == (1, 2)


def test_a_return_fences_nobody() -> None:
    order = opened(incident=OTHER, undoes=UUID(int=5))
    end = said(FactKind.FINISHED, incident=OTHER, result=Result.RECOVERED, reason="host-back")
    story = story_of(compared([], [order, end], x4d=None))
    assert (story.undoes, story.fencings, story.moves) == (True, 0, 0)
