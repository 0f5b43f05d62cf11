"""Signals: names of subjects, and ids that a re-send repeats."""

import pytest

from kasugai.core.words.facts import FactKind
from kasugai.core.words.signals import Outcome, Source, Symptom, Tick, fault, subject_of
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import Millis
from tests.unit.core.makers import down, fact


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Kind.HOST, "host/cmp1"), (Kind.INSTANCE, "instance/nova-x"), (Kind.PROCESS, "process/cmp1/nova-x")],
)
def test_subjects_are_named_by_what_they_are(kind: Kind, name: str) -> None:
    assert Subject(kind=kind, host="cmp1", detail="nova-x").name == name
    made = fault(kind=kind, host="cmp1", detail="nova-x", observer="o", source=Source.PEER, episode="e")
    assert made.subject.name == name


def test_an_instance_is_the_same_subject_on_whichever_host() -> None:
    assert (
        Subject(kind=Kind.INSTANCE, host="cmp1", detail="u").name
        == Subject(kind=Kind.INSTANCE, host="cmp2", detail="u").name
    )


def test_only_reports_are_told_once() -> None:
    assert [source for source in Source if not source.repeats] == [Source.REPORTED]


def test_a_re_sent_fault_has_the_same_id_at_whatever_time_and_place_in_the_inventory() -> None:
    first = fault(host="cmp1", observer="o", source=Source.PEER, episode="e", observed_at=1)
    again = fault(
        host="cmp1", observer="o", source=Source.PEER, episode="e", observed_at=2, inventory_offset=7
    )
    assert first.event_id == again.event_id


def test_another_episode_symptom_or_boot_is_another_fault() -> None:
    made = {
        fault(host="cmp1", observer="o", source=Source.PEER, episode="e").event_id,
        fault(host="cmp1", observer="o", source=Source.PEER, episode="f").event_id,
        fault(host="cmp1", observer="o", source=Source.PEER, episode="e", boot_id="b").event_id,
        fault(host="cmp1", observer="o", source=Source.PEER, episode="e", symptom=Symptom.ALIVE).event_id,
    }
    assert len(made) == 4


def test_a_signal_says_whom_it_is_about_if_it_names_anybody() -> None:
    assert subject_of(down()) == host_subject("cmp1")
    assert subject_of(Outcome(fact=fact(FactKind.WORKING))) == host_subject("cmp1")
    assert subject_of(Tick(period=Millis(1))) is None
