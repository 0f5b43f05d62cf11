"""What a question about a subject is answered with: recorded verdicts, each once, in the order of time."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.telling.explain import Decided, about, in_order, subjects
from kasugai.core.words.subject import Kind, Subject, host_subject, segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import INCIDENT, decided


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
        ("cmp1", [CMP1, PROCESS]),
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
