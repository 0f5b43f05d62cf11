"""Failed callers: who is counted, when a host is named, and that nothing else comes of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding import evidence
from kasugai.core.deciding.destinations import may_take
from kasugai.core.deciding.gray import KEPT, MANY, WITHIN
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.deciding.tally import unhealthy_until
from kasugai.core.words.signals import Fault, Letter, Source, Symptom, fault
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.unit.core.makers import SEGMENT, S, down
from tests.unit.core.scripts import Move, examples, play, scripts, town
from tests.unit.core.story import START, Mail, Post, Story, serve

LONG = WITHIN // S


def failing(caller: str, episode: str = "r1", *, said_at: int = 0, observed_at: int = 0) -> Fault:
    made = fault(
        host="cmp1",
        observer=f"caller/{caller}",
        source=Source.NOVA,
        symptom=Symptom.FAILING,
        episode=episode,
    )
    return replace(made, said_at=BrokerTime(said_at), observed_at=observed_at)


def row_of(story: Story) -> SubjectRow:
    found = [row for row in story.post.table.values() if isinstance(row, SubjectRow)]
    (row,) = [row for row in found if row.host == "cmp1"]
    return row


COUNTED, NAMED = ["ignore cmp1 (caller-failed)"], ["alert cmp1 (gray-host)"]


def test_the_third_caller_names_the_host_in_the_same_record() -> None:
    story = Story()
    assert story.write(failing("alice"), at=1) == COUNTED
    assert story.write(failing("alice", "r2"), at=2) == COUNTED
    assert story.write(failing("bob"), at=100) == COUNTED
    assert story.write(failing("carol"), at=200) == NAMED
    assert "caller/alice, caller/bob, caller/carol" in story.post.verdicts[-1].detail
    assert story.post.orders == []


def test_a_host_is_named_once_in_ten_minutes() -> None:
    story = Story()
    for number in range(MANY):
        story.write(failing(f"user{number}"), at=number + 1)
    assert story.write(failing("dave"), at=10) == COUNTED
    assert story.write(failing("erin"), at=11) == COUNTED
    assert len(row_of(story).callers.failed) == KEPT
    assert story.write(failing("frank"), at=MANY + LONG - 1) == COUNTED
    assert story.write(failing("grace"), at=MANY + LONG + 1) == NAMED
    assert story.write(failing("heidi"), at=MANY + LONG + 2) == COUNTED


def test_who_failed_longer_ago_is_not_counted() -> None:
    story = Story()
    story.write(failing("alice"), at=1)
    story.write(failing("bob"), at=2)
    assert story.write(failing("carol"), at=1 + LONG) == COUNTED
    assert [each.observer for each in row_of(story).callers.failed] == ["caller/bob", "caller/carol"]


def test_the_same_word_again_is_no_news() -> None:
    story = Story()
    story.write(failing("alice"), at=1)
    before = row_of(story)
    assert story.write(failing("alice"), at=2) == []
    assert row_of(story) == before and before.recent == ()


@pytest.mark.parametrize(("said_at", "observed_at"), [(START + S, 0), (START + 900 * S, START + S)])
def test_what_comes_too_late_is_not_counted(said_at: int, observed_at: int) -> None:
    story = Story()
    late = failing("alice", said_at=said_at, observed_at=observed_at)
    assert story.write(late, at=900) == ["ignore cmp1 (stale)"]
    assert row_of(story).callers.failed == ()


def test_a_host_that_nobody_has_described_is_not_named() -> None:
    story = Story()
    said = [
        replace(failing(f"user{n}"), subject=replace(failing("x").subject, host="far")) for n in range(MANY)
    ]
    told = [line for n, each in enumerate(said) for line in story.write(each, at=n + 1)]
    assert told == ["ignore far (unknown-subject)"] * MANY


def test_what_is_held_against_the_host_is_no_part_of_it() -> None:
    """A report that is looked into is not ignored because somebody has failed there."""
    story = Story()
    assert story.write(down(Source.REPORTED), at=1) == ["suspect cmp1 (first-sighting)"]
    for number in range(MANY):
        story.write(failing(f"user{number}"), at=number + 2)
    told = [verdict for verdict in story.post.verdicts if verdict.reason != Reason.FIRST_SIGHTING]
    assert [(v.verb, [e.observer for e in v.evidence]) for v in told] == [
        (Verb.IGNORE, ["caller/user0"]),
        (Verb.IGNORE, ["caller/user1"]),
        (Verb.ALERT, ["caller/user2"]),
    ]
    assert (row_of(story).verb, row_of(story).reason) == (Verb.SUSPECT, Reason.FIRST_SIGHTING)


def test_a_gray_host_is_well_to_everybody_else() -> None:
    story = Story()
    for number in range(MANY):
        story.write(failing(f"user{number}"), at=number + 1)
    row = row_of(story)
    assert evidence.standing(row.conditions) == ()
    assert unhealthy_until(row) is None and may_take(row) and row.phase is None


Failure = tuple[float, str, str]
"""How far into the story, on which host, of which caller."""
failures = st.tuples(
    st.floats(0, 1),
    st.sampled_from(["cmp1", "cmp2", "cmp3"]),
    st.sampled_from(["alice", "bob", "carol", "dave"]),
)


def among(mail: list[Mail], failed: list[Failure]) -> list[Mail]:
    """The same mailbox in which callers fail as well, each at the moment of the record before."""
    marked = sorted((round(share * (len(mail) - 1)), host, caller) for share, host, caller in failed)
    woven = []
    for number, (letter, stamp) in enumerate(mail):
        woven.append((letter, stamp))
        for place, host, caller in marked:
            if place == number:
                said = failing(caller, f"r{len(woven)}")
                said = replace(said, subject=replace(said.subject, host=host))
                woven.append((Letter(segment=SEGMENT, signal=said), stamp))
    return [(letter, replace(stamp, offset=offset)) for offset, (letter, stamp) in enumerate(woven)]


@examples(100)
@given(st.one_of(scripts(), town()), st.lists(failures, min_size=3, max_size=25))
def test_whoever_fails_nobody_is_ordered_to_do_anything_else(
    script: list[Move], failed: list[Failure]
) -> None:
    """Nothing is opened, fenced, stopped or held up by failed callers alone, nor by them beside anything else."""
    mail = play(script).mail
    calm, crowded = Post(), Post()
    serve(calm, mail)
    serve(crowded, among(mail, failed))
    assert crowded.orders == calm.orders
