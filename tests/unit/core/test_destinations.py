"""A host that is suspected or out of service is no destination, and whoever works on an incident is told so."""

from dataclasses import replace

import pytest

from kasugai.core.deciding.destinations import avoided, may_take
from kasugai.core.deciding.rows import Closed, IncidentRow, SubjectRow
from kasugai.core.deciding.tally import Tally
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.signals import Source
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
