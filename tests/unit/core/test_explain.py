"""What a question about a subject is answered with: recorded verdicts, each once, in the order of time."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.telling.explain import Decided, Planned, about, in_order, plans_about, subjects
from kasugai.core.words.facts import FactKind
from kasugai.core.words.subject import Kind, Subject, host_subject, segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import INCIDENT, JOB, PLAN, WEB, decided, said


def told(n: int, subject: Subject, incident: UUID | None = None, at: int = 0) -> Decided:
    verdict = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, incident)
    return Decided(BrokerTime(at or n), n, replace(verdict, verdict_id=UUID(int=n), subject=subject))


CMP1, CMP10 = told(1, host_subject("cmp1"), INCIDENT), told(2, host_subject("cmp10"))
PROCESS, SEGMENT = (
    told(3, Subject(kind=Kind.PROCESS, host="cmp1", detail="nova-compute")),
    told(4, segment_subject("rack1")),
)
ALL = [CMP1, CMP10, PROCESS, SEGMENT]


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("host/cmp1", [CMP1]),
        ("cmp1", [CMP1]),
        ("cmp10", [CMP10]),
        ("nova-compute", [PROCESS]),
        ("segment/rack1", [SEGMENT]),
        ("7F3C", [CMP1]),
        ("host", []),
        ("nobody", []),
    ],
)
def test_a_word_means_a_subject_a_name_in_one_or_an_incident(word: str, answer: list[Decided]) -> None:
    assert about(ALL, word) == answer


def test_order_and_repetition_of_reading_change_nothing() -> None:
    late = Decided(BrokerTime(9), 9, CMP1.verdict)
    assert in_order([SEGMENT, late, PROCESS, CMP1, CMP10, CMP1]) == ALL


def test_subjects_are_named_once() -> None:
    assert subjects([CMP1, CMP1, CMP10]) == ("host/cmp1", "host/cmp10")


def planned(n: int, incident: UUID = INCIDENT, at: int = 0) -> Planned:
    fact = replace(said(FactKind.PLAN, plan=PLAN, incident=incident), fact_id=UUID(int=n))
    return Planned(BrokerTime(at or n), n, fact, PLAN)


@pytest.mark.parametrize("word", ["web", "web1", "instance/web", "instance/web1"])
def test_a_plan_tells_of_a_guest_that_is_named_only_its_own(word: str) -> None:
    plan = planned(1)
    assert plan.names_guest(word)
    assert (plan.guests(word), plan.left(word)) == ((WEB,), ())


@pytest.mark.parametrize("word", ["old1", "instance/old1"])
def test_a_plan_tells_of_a_guest_that_is_left_only_why(word: str) -> None:
    plan = planned(1)
    assert plan.names_guest(word)
    assert (plan.guests(word), plan.left(word)) == ((), (("old1", "in-error"),))


@pytest.mark.parametrize("word", ["cmp1", "host/cmp1", "7f3c", "we", "instance/", ""])
def test_a_plan_tells_of_all_where_no_guest_is_named(word: str) -> None:
    plan = planned(1)
    assert not plan.names_guest(word)
    assert (plan.guests(word), plan.left(word)) == ((WEB, JOB), (("old1", "in-error"),))


def test_a_guest_without_a_name_is_not_named_by_nothing() -> None:
    nameless = replace(PLAN, steps=(replace(WEB, name=""),), excluded=())
    assert not replace(planned(1), plan=nameless).names_guest("")
    assert not replace(planned(1), plan=nameless).names_guest("instance/"), "which names nobody"


def test_plans_are_those_of_the_incidents_that_are_told_of_and_those_that_name_the_guest() -> None:
    other = UUID(int=9)
    ours, theirs = planned(1), planned(2, other)
    assert plans_about([theirs, ours], [CMP1], "cmp1") == [ours]
    assert plans_about([theirs, ours], [], "web1") == [ours, theirs]
    assert plans_about([theirs, ours], [CMP10], "cmp10") == [], "a verdict about no incident tells of no plan"


def test_a_plan_that_was_read_twice_is_told_once_where_it_came_first() -> None:
    late = replace(planned(1, at=9), offset=9)
    second = planned(2, at=1)
    assert plans_about([late, second, planned(1)], [], "web1") == [planned(1), second]
