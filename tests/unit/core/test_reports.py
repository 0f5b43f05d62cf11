"""How long what is said counts: a report without a second witness, what comes too late, what is said more surely."""

from dataclasses import replace

import pytest

from kasugai.core.deciding.evidence import REPORT_STANDS, expire_alone
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import REPORT_LASTS, Fault, Source, Symptom
from kasugai.core.words.timing import BrokerTime, SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, down, report
from tests.unit.core.story import START, Story

LASTS = REPORT_LASTS // S
UNKNOWN = report(asserted=False)


def said(fault: Fault, second: float, *, seen: float | None = None) -> Fault:
    """The fault as route hands it on: of a record of that second, about what was seen then or earlier."""
    at = BrokerTime(START + round(second * S))
    return replace(fault, said_at=at, observed_at=at if seen is None else START + round(seen * S))


def observers(story: Story) -> list[str]:
    return [condition.observer for condition in story.row().conditions]


def test_a_report_that_nobody_joins_is_told_of_and_waits_for_a_person() -> None:
    story = Story()
    story.write(said(UNKNOWN, 0))
    assert story.wait(LASTS + 60) == ["suspect cmp1 (insufficient-evidence)"]
    assert observers(story) == ["api"]


@pytest.mark.parametrize(
    ("word", "policy", "stands"),
    [
        pytest.param(UNKNOWN, Policy(), False, id="a report"),
        pytest.param(report(trusted=False), Policy(), False, id="a word of nobody's trust"),
        pytest.param(report(), Policy(trust_assertions=False), False, id="a segment that trusts nobody"),
        pytest.param(report(), Policy(), True, id="an assertion"),
        pytest.param(UNKNOWN, Policy(confirm_observers=1), True, id="one that is enough for its segment"),
        pytest.param(down(Source.NOVA), Policy(), True, id="what is repeated ends by silence"),
    ],
)
def test_for_a_day(word: Fault, policy: Policy, stands: bool) -> None:
    story = Story(armed=False, policy=policy)
    story.write(said(word, 0))
    conditions = story.row().conditions
    seen = conditions[0].seen.steady
    assert expire_alone(conditions, policy, SteadyTime(seen + REPORT_STANDS - 1)) == conditions
    over = expire_alone(conditions, policy, SteadyTime(seen + REPORT_STANDS))
    assert over == (conditions if stands else ())


def test_a_witness_that_comes_later_does_not_prove_it_right() -> None:
    story = Story()
    story.write(said(UNKNOWN, 0))
    story.write(down(Source.NOVA), at=LASTS + 1)
    story.wait(LASTS + 60)
    assert observers(story) == ["api", "nova/1"] and story.opens == []


def test_nor_do_two_that_agree_with_each_other_need_it() -> None:
    story = Story()
    story.write(said(UNKNOWN, 0))
    for source in (Source.NOVA, Source.CLUSTER):
        story.write(down(source), at=LASTS + 1)
    assert story.wait(LASTS + 6) == ["open cmp1 (confirmed)"]
    assert story.opens[0].confirmed_at == START + (LASTS + 1) * S


def test_who_reports_it_again_is_a_witness_again() -> None:
    story = Story()
    story.write(said(UNKNOWN, 0))
    story.write(said(report("r2", asserted=False), LASTS + 1), at=LASTS + 1)
    story.write(down(Source.NOVA), at=LASTS + 2)
    assert story.wait(LASTS + 7) == ["open cmp1 (confirmed)"]


def test_a_report_that_another_witness_joins_in_time_stands_with_it() -> None:
    story = Story(policy=Policy(confirm_after=20 * 60 * S))  # type: ignore[arg-type]
    story.write(said(UNKNOWN, 0))
    for second in range(int(LASTS) - 30, int(LASTS) + 1000, 30):
        story.write(down(Source.NOVA), at=second)
    assert observers(story) == ["api", "nova/1"]
    assert story.opens == []
    for second in range(int(LASTS) + 1000, int(LASTS) + 1300, 30):
        story.write(down(Source.NOVA), at=second)
    assert story.opens != []


def test_a_report_that_is_enough_for_its_segment_waits_for_a_gate_as_long_as_it_takes() -> None:
    """A storm is held until a person approves: what the reports said counts until then."""
    story = Story(policy=Policy(confirm_observers=1), armed=False)
    story.write(said(UNKNOWN, 0))
    story.wait(3 * LASTS)
    assert observers(story) == ["api"]


def test_a_report_is_as_old_as_its_record_however_late_it_is_read() -> None:
    story = Story()
    story.write(said(UNKNOWN, 0), at=LASTS - 60)
    story.write(down(Source.NOVA), at=LASTS + 1)
    assert story.wait(LASTS + 60) == [] and story.opens == []


@pytest.mark.parametrize("word", [UNKNOWN, report(), down(Source.NOVA), down(Source.HEARTBEAT)])
def test_a_record_that_is_decided_too_late_is_no_evidence(word: Fault) -> None:
    """A route that lost its place reads 30 days again."""
    story = Story()
    story.write(said(word, 0), at=LASTS)
    assert observers(story) != []
    story = Story()
    assert story.write(said(word, 0), at=LASTS + 1) == ["ignore cmp1 (stale)"]
    assert observers(story) == [] and story.opens == []
    assert "came too late" in story.post.verdicts[-1].detail
    assert [evidence.event_id for evidence in story.post.verdicts[-1].evidence] == [word.event_id]


def test_all_that_is_read_again_gets_one_verdict_each_and_changes_nothing() -> None:
    story = Story()
    story.write(said(down(Source.PEER), 2 * LASTS), at=2 * LASTS)
    for _ in range(3):
        story.write(said(down(Source.NOVA, "old"), 0))
    assert [v.reason for v in story.post.verdicts].count(Reason.STALE) == 1
    assert observers(story) == ["peer/1"]
    assert story.row().reason is Reason.FIRST_SIGHTING, "its last word is what it is suspected for"


@pytest.mark.parametrize("source", [Source.PEER, Source.NOVA, Source.HEARTBEAT])
def test_what_an_observer_saw_long_ago_is_no_witness_however_often_it_says_so(source: Source) -> None:
    """An outbox that sends late, an agent that repeats what it once knew."""
    story = Story()
    assert story.write(said(down(source), LASTS + 2, seen=1), at=LASTS + 2) == ["ignore cmp1 (stale)"]
    assert story.write(said(down(source), LASTS + 32, seen=1), at=LASTS + 32) == []
    assert observers(story) == []
    assert story.write(said(down(source), LASTS + 62), at=LASTS + 62) == ["suspect cmp1 (first-sighting)"]


def test_the_clock_of_whoever_asserts_decides_nothing() -> None:
    story = Story()
    assert story.write(said(report(), LASTS + 2, seen=1), at=LASTS + 2) == ["open cmp1 (asserted)"]


def test_a_sign_of_life_that_is_read_late_ends_what_is_older_and_nothing_else() -> None:
    story = Story()
    late = said(alive(Source.NOVA), 30)
    story.write(down(Source.PEER), at=LASTS)
    assert story.write(late, at=LASTS + 60) == ["ignore cmp1 (stale)"]
    assert observers(story) == ["peer/1"]
    story = Story(armed=False)
    story.write(said(report(), 10), at=10)
    assert story.write(late, at=LASTS + 60) == ["withdraw cmp1 (sign-of-life)"]
    assert observers(story) == []


def test_a_word_taken_back_late_ends_its_observers_older_word_only() -> None:
    story = Story()
    late = said(down(Source.NOVA, "c", symptom=Symptom.CLEAR), 30)
    for observer in ("nova/1", "nova/2"):
        story.write(down(Source.NOVA, observer=observer), at=LASTS)
    assert story.write(late, at=LASTS + 60) == ["ignore cmp1 (stale)"]
    assert observers(story) == ["nova/1", "nova/2"]
    story = Story(armed=False)
    story.write(said(report(), 10), at=10)
    back = said(down(Source.REPORTED, "c", observer="api", symptom=Symptom.CLEAR), 30)
    assert story.write(back, at=LASTS + 60) == ["withdraw cmp1 (cleared)"]


def test_an_assertion_makes_more_of_a_report_of_the_same_id() -> None:
    story = Story()
    story.write(said(UNKNOWN, 1), at=1)
    more = said(report(), 5)
    assert more.event_id == UNKNOWN.event_id
    assert story.write(more, at=5) == ["open cmp1 (asserted)"]
    (condition,) = story.row().conditions
    assert condition.asserted and condition.since.at == START + 1 * S
    assert story.row().recent.count(more.event_id) == 1
    assert story.write(said(UNKNOWN, 9), at=9) == [], "and no less is made of it again"
    assert story.row().conditions[0].asserted


def test_a_trusted_assertion_makes_more_of_one_of_nobodys_trust() -> None:
    story = Story()
    story.write(said(report(trusted=False), 1), at=1)
    assert story.write(said(report(), 5), at=5) == ["open cmp1 (asserted)"]
    assert story.write(said(report(trusted=False), 9), at=9) == []


def test_times_are_those_of_the_architecture() -> None:
    assert REPORT_LASTS == 600 * S
    assert REPORT_LASTS < REPORT_STANDS == 24 * 3600 * S
