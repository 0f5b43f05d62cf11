"""Which incident a person means: by the name of what it is about, or by the beginning of its id."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.cli.exits import SaidNo
from kasugai.cli.finding import find
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import BrokerTime
from tests.support.incidents import WHOLE, view_of
from tests.support.smaller import DISABLED, RESTARTED
from tests.support.smaller import UUID as WEB

HOST = view_of(*WHOLE)
GUEST = replace(view_of(*RESTARTED), incident=UUID("8f000000-0000-5000-8000-000000000001"))
PROCESS = replace(view_of(*DISABLED), incident=UUID("8f000000-0000-5000-8000-000000000002"))
ALL = (HOST, GUEST, PROCESS)


def moved(view: IncidentView, subject: Subject) -> IncidentView:
    return replace(view, subject=subject, incident=UUID(int=view.incident.int + 16 if view.incident else 0))


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("cmp1", HOST),
        ("host/cmp1", HOST),
        ("7F3CA1B2", HOST),
        (WEB, GUEST),
        (WEB.upper(), GUEST),
        (WEB.replace("-", ""), GUEST),
        (f"instance/{WEB}", GUEST),
        ("web1", GUEST),
        ("2f3c", GUEST),
        ("nova-compute", PROCESS),
        ("process/cmp1/nova-compute", PROCESS),
        ("8f000000-0000-5000-8000-000000000002", PROCESS),
    ],
)
def test_a_word_means_a_subject_or_the_beginning_of_an_id(word: str, found: IncidentView) -> None:
    assert find(ALL, word) is found


@pytest.mark.parametrize("word", ["8f", "8f000000"])
def test_the_beginning_of_several_ids_is_none(word: str) -> None:
    with pytest.raises(SaidNo, match="beginning of 2 incidents: type more"):
        find(ALL, word)


def test_of_several_incidents_of_one_subject_the_newest_is_meant() -> None:
    newer = replace(GUEST, since=BrokerTime(GUEST.since + 1), incident=UUID(int=7))
    assert find((newer, *ALL), WEB) is newer
    assert find((*ALL, newer), "web1") is newer


def test_a_name_that_several_have_is_no_name() -> None:
    others = [
        moved(PROCESS, Subject(kind=Kind.PROCESS, host=f"cmp{n}", detail="nova-compute")) for n in range(2, 6)
    ]
    with pytest.raises(
        SaidNo, match=r"process/cmp1/nova-compute, process/cmp2/nova-compute, .* and 2 more: type one"
    ):
        find((*ALL, *others), "nova-compute")
    with pytest.raises(SaidNo, match=f"cmp1 may be instance/{WEB}, process/cmp1/nova-compute: type one"):
        find((GUEST, PROCESS), "cmp1")


def test_all_that_there_is_on_a_host_is_meant_by_its_name() -> None:
    assert find((PROCESS,), "cmp1") is PROCESS


@pytest.mark.parametrize("word", ["cmp2", "", "2f3", "instance/web1", "host"])
def test_a_word_that_means_nothing_is_a_no(word: str) -> None:
    far = moved(HOST, host_subject("cmp9"))
    with pytest.raises(SaidNo, match="kasugai incident list"):
        find((far, GUEST, PROCESS), word)
