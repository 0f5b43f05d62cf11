"""A host that is suspected or out of service is no destination, and whoever works on an incident is told so."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.destinations import (
    HEALTH,
    MOST,
    avoided,
    has_news,
    has_turned,
    mark_of,
    may_take,
    published,
    wait,
)
from kasugai.core.deciding.rows import Closed, IncidentRow, SubjectRow
from kasugai.core.deciding.tally import Tally
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.signals import Source
from kasugai.core.words.subject import Kind
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import INCIDENT, alive, asked, condition, down, fact, moment, order, row
from tests.unit.core.story import Story, answer

M = moment(0)
OPENED = IncidentRow(order=order(), phase=Phase.OPENED, heard=M, published=M)
OUT = Closed(incident=INCIDENT, phase=Phase.RECOVERED, at=M)


@pytest.mark.parametrize(
    ("about", "takes"),
    [
        (None, True),
        (row(), True),
        (row(conditions=(condition(Source.NOVA),)), False),
        (row(incident=OPENED), False),
        (row(closed=OUT), False),
        (row(closed=replace(OUT, readmitted=True)), True),
    ],
)
def test_what_nothing_is_held_against_takes_guests(about: SubjectRow | None, takes: bool) -> None:
    assert may_take(about) is takes


def test_the_own_host_is_not_named() -> None:
    rows = [row(host=name, conditions=(condition(Source.NOVA),)) for name in ("cmp1", "cmp3", "cmp2")]
    assert avoided(asked(tally=Tally.of((), rows))) == ("cmp2", "cmp3")


def test_an_order_carries_no_more_names_than_fit_into_a_record() -> None:
    rows = [row(host=f"cmp{n:05}", conditions=(condition(Source.NOVA),)) for n in range(MOST + 5)]
    named = avoided(asked(tally=Tally.of((), rows)))
    assert len(named) == MOST and named[-1] == f"cmp{MOST - 1:05}"


def opened(*suspected: str) -> Story:
    """Incident of cmp1 of ten hosts, adopted by a worker and published once."""
    story = Story(hosts=[f"cmp{n}" for n in range(10)])
    for name in suspected:
        story.write(down(Source.PEER, host=name))
    story.write(down(Source.PEER))
    story.write(down(Source.NOVA))
    assert story.wait(5)[-1] == "open cmp1 (confirmed)"
    story.hear(answer(fact(FactKind.ADOPTED), story))
    story.hear(answer(fact(FactKind.WORKING, effects=True), story))
    return story


def named(story: Story) -> list[tuple[str, ...]]:
    return [each.avoid for each in story.opens if each.host == "cmp1"]


def test_an_order_names_who_is_suspected_when_it_is_published() -> None:
    assert named(opened("cmp2", "cmp4")) == [("cmp2", "cmp4")]


def test_a_host_that_falls_under_suspicion_is_told_to_who_works_already() -> None:
    story = opened()
    assert story.write(down(Source.PEER, host="cmp2"), at=8) == [
        "suspect cmp2 (first-sighting)",
        "reopen cmp1 (destinations-changed)",
    ]
    assert named(story) == [(), ("cmp2",)]
    assert [each.n for each in story.opens] == [1, 2]


def test_several_hosts_are_told_together_within_a_second() -> None:
    story = opened()
    story.write(down(Source.PEER, host="cmp2"), at=8)
    for n in (3, 4, 5):
        assert story.write(down(Source.PEER, host=f"cmp{n}")) == [f"suspect cmp{n} (first-sighting)"]
    story.wait(10)
    assert named(story) == [(), ("cmp2",), ("cmp2", "cmp3", "cmp4", "cmp5")]


def test_a_host_that_shows_life_again_is_a_destination_again() -> None:
    story = opened()
    story.write(down(Source.PEER, host="cmp2"), at=8)
    story.write(alive(host="cmp2"), at=12)
    assert named(story) == [(), ("cmp2",), ()]


def test_hosts_that_flap_do_not_make_an_incident_stalled() -> None:
    story = opened()
    told: list[str] = []
    for second in range(8, 40, 4):
        told += story.write(down(Source.PEER, f"e{second}", host="cmp2"), at=second)
        told += story.write(alive(episode=f"a{second}", host="cmp2"), at=second + 2)
    assert len(named(story)) == 17
    assert not [said for said in told if "stalled" in said]


def test_an_incident_that_waits_is_not_published_for_that() -> None:
    story = opened()
    story.hear(answer(fact(FactKind.HELD, reason="fence-refused", effects=True), story))
    story.write(down(Source.PEER, host="cmp2"), at=8)
    assert named(story) == [()]


def test_a_host_whose_incident_closed_stays_no_destination_until_it_is_readmitted() -> None:
    story = opened()
    story.write(down(Source.PEER, host="cmp2"), at=6)
    story.write(down(Source.NOVA, host="cmp2"))
    story.wait(11)
    theirs = next(each for each in story.opens if each.host == "cmp2")
    assert theirs.avoid == ("cmp1",)
    end = fact(FactKind.FINISHED, result=Result.RECOVERED, reason="recovered", incident=theirs.incident)
    story.hear(replace(end, subject=theirs.subject, n=theirs.n), at=12)
    story.wait(20)
    assert named(story)[-1] == ("cmp2",)


def test_the_tally_s_mark_follows_from_who_is_unfit_whatever_happened_on_the_way() -> None:
    ill = [row(host=name, conditions=(condition(Source.NOVA),)) for name in ("cmp2", "cmp3")]
    tally = Tally.of((), ill)
    assert (tally.unfit, tally.unfit_mark) == ({"cmp2", "cmp3"}, mark_of("cmp2") ^ mark_of("cmp3"))
    tally.put(ill[0])
    assert (tally.unfit, tally.unfit_mark) == ({"cmp2", "cmp3"}, mark_of("cmp2") ^ mark_of("cmp3"))
    own = tally.copy()
    tally.put(row(host="cmp2"))
    tally.put(row(host="cmp2"))
    assert (tally.unfit, tally.unfit_mark) == ({"cmp3"}, mark_of("cmp3"))
    assert own.unfit == {"cmp2", "cmp3"} and own.unfit_mark != tally.unfit_mark


def test_a_process_or_an_instance_makes_its_host_no_worse_a_destination() -> None:
    process = row(kind=Kind.PROCESS, named="nova-compute", host="cmp2", conditions=(condition(),))
    assert Tally.of((), [process]).unfit == set()
    assert not has_turned(replace(process, conditions=()), process)


def test_a_host_turns_when_something_is_held_against_it_and_when_it_is_not_any_more() -> None:
    ill = row(conditions=(condition(),))
    assert has_turned(row(), ill) and has_turned(ill, row())
    assert not has_turned(ill, replace(ill, incident=OPENED)) and not has_turned(row(), row())


AT_WORK = replace(OPENED, phase=Phase.RECOVERING)


def about_cmp1(incident: IncidentRow, *unfit: str) -> Asked:
    rows = [row(host=name, conditions=(condition(Source.NOVA),)) for name in unfit]
    return asked(row=row(incident=incident), tally=Tally.of((), rows))


def test_who_works_knows_the_hosts_that_were_published_and_no_others() -> None:
    told = published(about_cmp1(AT_WORK, "cmp2"), AT_WORK, order(avoid=("cmp2",)))
    assert told.order.avoid == () and told.avoided == mark_of("cmp2")
    assert not has_news(about_cmp1(told, "cmp2")) and not has_news(about_cmp1(told, "cmp2", "cmp1"))
    assert has_news(about_cmp1(told)) and has_news(about_cmp1(told, "cmp3"))
    assert not has_news(asked(tally=Tally.of((), [row(host="cmp2", conditions=(condition(),))])))


@pytest.mark.parametrize("idle", [{"reason": Reason.NO_CAPACITY}, {"stopped": True}])
def test_who_does_not_work_waits_for_no_news_of_hosts(idle: dict[str, Any]) -> None:
    waiting = replace(AT_WORK, **idle)
    assert not has_news(about_cmp1(waiting, "cmp2"))
    assert wait(row(incident=waiting)).on == wait(row()).on == frozenset()
    assert wait(row(incident=AT_WORK)).on == {HEALTH}
