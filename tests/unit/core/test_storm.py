"""Storms: how many hosts are unhealthy, when that is too many, and who may be acted upon nevertheless."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.deciding.rows import Closed, HostRow, IncidentRow, SubjectRow, Word
from kasugai.core.deciding.storm import APPROVAL_LASTS, is_approved, next_count
from kasugai.core.deciding.tally import Tally, is_unhealthy, unhealthy_until
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Millis, SteadyTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.unit.core.makers import S, alive, condition, down, fact, host, moment, order, report, row, uuid_of
from tests.unit.core.story import Story, answer

MINUTES = 60 * S
FOUR = ("cmp1", "cmp2", "cmp3", "cmp4")
SIX = (*FOUR, "cmp5", "cmp6")


def doomed(story: Story, *names: str, at: float | None = None) -> None:
    """Two witnesses speak against each of these hosts."""
    for name in names:
        story.write(down(Source.PEER, host=name), at=at)
        story.write(down(Source.NOVA, host=name))


def closed(phase: Phase, **given: object) -> Closed:
    made = Closed(incident=uuid_of(7), phase=phase, at=moment(0))
    return replace(made, **given)  # type: ignore[arg-type]


def incident(**given: Any) -> IncidentRow:
    made = IncidentRow(order=order(), phase=Phase.HELD, heard=moment(0), published=moment(0), effects=True)
    return replace(made, **given)


@pytest.mark.parametrize(
    ("given", "until"),
    [
        (row(), None),
        (row(conditions=(condition(since=5),)), 5 + 600 * S),
        (row(conditions=(condition(since=5),), verb=Verb.HOLD), 1 << 62),
        (row(conditions=(condition(explained=True),)), None),
        (row(conditions=(condition(),), verb=Verb.HOLD, reason=Reason.MAINTENANCE), None),
        (row(conditions=(condition(),), reason=Reason.UNKNOWN_SUBJECT), None),
        (row(closed=closed(Phase.RECOVERED)), 1 << 62),
        (row(closed=closed(Phase.FAILED)), 1 << 62),
        (row(closed=closed(Phase.WITHDRAWN)), None),
        (row(closed=closed(Phase.RECOVERED, readmitted=True)), None),
        (row(incident=incident()), 1 << 62),
        (row(incident=incident(stopped=True)), 1 << 62),
        (row(incident=incident(), alive=moment(5)), 1 << 62),
        (row(incident=incident(stopped=True), alive=moment(5)), 5 + 600 * S),
        (row(incident=incident(stopped=True), alive=moment(5), conditions=(condition(),)), 1 << 62),
    ],
)
def test_what_counts_as_unhealthy_and_until_when(given: SubjectRow, until: int | None) -> None:
    assert unhealthy_until(given) == until
    assert is_unhealthy(given, SteadyTime(100)) is (until is not None)


def test_a_suspicion_counts_for_ten_minutes_and_its_end_is_a_change_of_the_count() -> None:
    tally = Tally.of([HostRow(record=host())], [row(conditions=(condition(since=5),), turned=5)])
    end = 5 + 600 * S
    assert (tally.unhealthy(SteadyTime(end - 1)), tally.unhealthy(SteadyTime(end))) == (1, 0)
    assert (tally.changed_at(SteadyTime(end - 1)), tally.changed_at(SteadyTime(end))) == (5, end)
    assert tally.counts("cmp1", SteadyTime(end - 1)) and not tally.counts("cmp1", SteadyTime(end))


def test_only_described_hosts_are_counted() -> None:
    gone = HostRow(record=host(deleted=True))
    out = row(closed=closed(Phase.RECOVERED), reason=Reason.STORM)
    other = row(kind=Kind.INSTANCE, named="x", conditions=(condition(),))
    tally = Tally.of([HostRow(record=host())], [out, other])
    assert tally.unhealthy(SteadyTime(0)) == 1 and tally.is_storm
    tally.describe(gone)
    assert tally.unhealthy(SteadyTime(0)) == 0 and not tally.is_storm


def test_a_copy_goes_its_own_way() -> None:
    tally = Tally.of([HostRow(record=host())], [])
    copy = tally.copy()
    copy.put(row(conditions=(condition(),)))
    assert (copy.unhealthy(SteadyTime(0)), tally.unhealthy(SteadyTime(0))) == (1, 0)


def test_a_held_host_is_looked_at_when_the_count_is_steady_and_every_half_minute_then() -> None:
    tally = Tally.of([HostRow(record=host())], [row(turned=10 * S)])
    looks = [next_count(tally, SteadyTime(after * S), Millis(60 * S)) for after in (0, 69, 70, 99, 100)]
    assert looks == [70 * S, 70 * S, 100 * S, 100 * S, 130 * S]


def test_one_host_of_two_and_one_of_one_are_no_storm() -> None:
    for names in (("cmp1",), ("cmp1", "cmp2")):
        story = Story(hosts=names)
        assert story.write(report()) == ["open cmp1 (asserted)"]


def test_two_hosts_of_four_are_held_and_the_third_of_eight_is_not() -> None:
    story = Story(hosts=FOUR)
    assert story.write(report()) == ["open cmp1 (asserted)"]
    assert story.write(report(host="cmp2")) == ["hold cmp2 (storm)"]
    eight = Story(hosts=[f"cmp{n}" for n in range(1, 9)])
    opened = [eight.write(report(host=f"cmp{n}"))[0] for n in (1, 2, 3, 4)]
    assert opened[:3] == [f"open cmp{n} (asserted)" for n in (1, 2, 3)]
    assert opened[3] == "hold cmp4 (storm)"


def test_the_segments_policy_says_how_many_are_too_many() -> None:
    story = Story(hosts=FOUR, policy=Policy(max_unhealthy=51))
    assert story.write(report()) and story.write(report(host="cmp2")) == ["open cmp2 (asserted)"]


def test_a_steady_storm_asks_a_person_once_and_goes_on_asking_nothing() -> None:
    story = Story(hosts=FOUR)
    doomed(story, "cmp1", "cmp2", at=1)
    assert story.wait(6) == ["hold cmp1 (storm)", "hold cmp2 (storm)"]
    said = []
    for at in range(30, 301, 30):
        said += story.wait(at)
        doomed(story, "cmp1", "cmp2")
    assert said == ["hold cmp1 (approval-needed)", "hold cmp2 (approval-needed)"]
    assert story.opens == []


def test_a_storm_that_falls_below_goes_on_by_itself_once_it_is_steady() -> None:
    story = Story(hosts=FOUR)
    doomed(story, "cmp1", "cmp2", at=1)
    story.wait(6)
    story.write(alive(host="cmp2"), at=20)
    doomed(story, "cmp1", at=50)
    assert story.wait(79) == []
    assert story.wait(81) == ["open cmp1 (confirmed)"]


def test_another_host_makes_the_storm_wait_anew_and_takes_no_question_back() -> None:
    story = Story(hosts=FOUR)
    doomed(story, "cmp1", "cmp2", at=1)
    story.wait(62)
    assert story.row().reason is Reason.APPROVAL_NEEDED
    doomed(story, "cmp1", "cmp2", "cmp3")
    assert story.wait(100) == ["hold cmp3 (storm)"]
    assert story.row().reason is Reason.APPROVAL_NEEDED


def test_a_host_that_fails_while_a_storm_calms_down_waits_with_the_others() -> None:
    story = Story(hosts=FOUR)
    doomed(story, "cmp1", "cmp2", at=1)
    story.wait(6)
    story.write(alive(host="cmp1"), at=20)
    story.write(alive(host="cmp2"))
    story.write(down(Source.PEER, host="cmp2"), at=21)
    story.write(down(Source.NOVA, host="cmp2"))
    assert story.wait(30) == ["open cmp2 (confirmed)"]
    again = Story(hosts=FOUR)
    doomed(again, "cmp1", "cmp2", at=1)
    again.wait(6)
    again.write(alive(host="cmp1"), at=20)
    assert again.write(report(host="cmp3")) == ["hold cmp3 (storm)"]


def test_a_mere_suspicion_counts_until_it_is_ten_minutes_old() -> None:
    story = Story(hosts=("cmp1", "cmp2", "cmp3"))
    story.write(down(Source.PEER, host="cmp2"), at=1)
    assert story.write(report(), at=2) == ["hold cmp1 (storm)"]
    said = []
    for at in range(30, 700, 30):
        story.write(down(Source.PEER, host="cmp2"), at=at)
        said += [sentence for sentence in story.wait(at + 29) if "cmp1" in sentence]
    assert said[:3] == ["hold cmp1 (approval-needed)", "hold cmp1 (storm)", "open cmp1 (asserted)"]
    opened = (story.opens[0].decided_at - 1_000_000 * S) / S
    assert 660 < opened < 665


def test_a_host_in_maintenance_is_in_no_storm() -> None:
    story = Story(hosts=("cmp1", "cmp2", "cmp3"))
    story.describe(host("cmp2", version=2, on_maintenance=True))
    doomed(story, "cmp2")
    assert story.write(report()) == ["open cmp1 (asserted)"]


def test_an_incident_without_effects_is_not_published_again_in_a_storm() -> None:
    story = Story(hosts=FOUR)
    story.write(report())
    story.write(report(host="cmp2"))
    assert "hold cmp1 (storm)" in story.wait(31)
    assert len(story.opens) == 1
    story.write(alive(host="cmp2"), at=40)
    assert story.wait(99) == []
    assert "reopen cmp1 (back-off-over)" in story.wait(130)


def test_an_approval_is_good_for_an_hour_and_for_as_many_as_it_says() -> None:
    word = Word(command=uuid_of(1), author="ann", reason="", at=moment(5 * S), up_to=3)
    assert is_approved(word, 3, SteadyTime(6 * S)) and not is_approved(word, 4, SteadyTime(6 * S))
    assert is_approved(word, 3, SteadyTime(5 * S + APPROVAL_LASTS - 1))
    assert not is_approved(word, 3, SteadyTime(5 * S + APPROVAL_LASTS)) and not is_approved(
        None, 1, SteadyTime(0)
    )


def test_the_tally_is_the_same_after_a_restart() -> None:
    story = Story(hosts=FOUR)
    doomed(story, "cmp1", "cmp2", at=1)
    story.write(down(Source.PEER, symptom=Symptom.DOWN, host="cmp3"), at=9)
    kept = story.mailbox._segments["s1"].tally
    rows = list(story.post.table.values())
    made = Tally.of(
        [each for each in rows if isinstance(each, HostRow)],
        [each for each in rows if isinstance(each, SubjectRow)],
    )
    assert made == kept and made.unhealthy(SteadyTime(0)) == 3


def nobody(story: Story) -> list[str]:
    return []


def old_report(story: Story) -> list[str]:
    return story.write(report("r0", host="cmp2", asserted=False))


def fenced_owner(story: Story) -> list[str]:
    finished = fact(FactKind.FINISHED, host="cmp2", result=Result.RECOVERED, reason=Reason.RECOVERED)
    return story.hear(replace(finished, incident=uuid_of(77)))


@pytest.mark.parametrize(
    ("speak", "told"),
    [
        (nobody, []),
        (old_report, ["ignore cmp2 (stale)"]),
        (fenced_owner, ["disregard cmp2 (not-open)"]),
    ],
)
def test_what_a_storm_holds_is_looked_at_again_whoever_has_spoken_since(
    speak: Callable[[Story], list[str]], told: list[str]
) -> None:
    story = Story(hosts=FOUR)
    story.write(report())
    story.write(report("r0", host="cmp2", asserted=False))
    assert story.write(report("r1", host="cmp2")) == ["hold cmp2 (storm)"]
    assert speak(story) == told
    assert story.row("host/cmp2").reason is Reason.STORM
    story.write(alive(), at=2)
    withdrawn = fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE)
    story.hear(answer(withdrawn, story), at=3)
    assert "open cmp2 (asserted)" in story.wait(120)


def accused(story: Story, by: str, *names: str) -> None:
    """One agent says that it reaches none of these hosts."""
    for name in names:
        story.write(down(Source.PEER, observer=by, host=name))


def test_what_one_agent_alone_suspects_counts_as_one() -> None:
    """A hypervisor that lies about all others must not keep the one from being recovered that is really dead."""
    story = Story(hosts=SIX)
    accused(story, "host/cmp4", "cmp2", "cmp3", "cmp5")
    story.write(report())
    assert story.post.verdicts[-1].reason is Reason.ASSERTED


@pytest.mark.parametrize("other", [Source.NOVA, Source.HEARTBEAT])
def test_what_somebody_else_suspects_too_counts_each(other: Source) -> None:
    story = Story(hosts=SIX)
    accused(story, "host/cmp4", "cmp2", "cmp3", "cmp5")
    for name in ("cmp2", "cmp3", "cmp5"):
        story.write(down(other, observer=f"{other}/1", host=name))
    story.write(report())
    assert story.post.verdicts[-1].reason is Reason.STORM


def test_agents_under_many_names_are_one_writer() -> None:
    """They share a topic and a login: what tells them apart is what they call themselves."""
    story = Story(hosts=SIX)
    for by in ("host/cmp2", "host/cmp3", "host/cmp4"):
        accused(story, by, "cmp2", "cmp3", "cmp5")
    story.write(report())
    assert story.post.verdicts[-1].reason is Reason.ASSERTED


def test_whom_an_agent_accused_counts_as_any_other_once_it_is_confirmed_or_out() -> None:
    standing = (condition(Source.PEER, observer="host/cmp4"),)
    open_one = row(incident=incident(), conditions=standing)
    out = row(host="cmp2", closed=closed(Phase.RECOVERED), conditions=standing)
    tally = Tally.of([HostRow(record=host(name)) for name in SIX], [open_one, out])
    assert tally.unhealthy(SteadyTime(1)) == 2
