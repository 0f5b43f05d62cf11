"""A subject with an open incident: what belongs to it, when it is published again, when it must stop."""

from itertools import pairwise

import pytest

from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Open, Phase, Resume, Stop
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Instruction, Source, Symptom
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, down, fact, host, report, segment
from tests.unit.core.story import START, Story, answer, bid

CLEAR = down(symptom=Symptom.CLEAR)


def opened() -> Story:
    """Two witnesses opened an incident between second 4 and 5."""
    story = Story()
    story.write(down(Source.PEER))
    story.write(down(Source.NOVA))
    assert story.wait(5) == ["open cmp1 (confirmed)"]
    return story


def repeat(story: Story, at: float) -> None:
    story.write(down(Source.PEER), at=at)
    story.write(down(Source.NOVA))


def begun(story: Story) -> None:
    """A worker adopts the incident, and effects begin."""
    story.hear(answer(fact(FactKind.ADOPTED), story))
    story.hear(answer(fact(FactKind.WORKING, effects=True), story))


def held(story: Story, reason: Reason = Reason.FENCE_REFUSED) -> list[str]:
    story.hear(answer(fact(FactKind.ADOPTED), story))
    return story.hear(answer(fact(FactKind.HELD, reason=reason, effects=True), story))


def test_new_evidence_belongs_to_the_incident_and_a_repetition_is_silent() -> None:
    story = opened()
    assert story.write(down(Source.CLUSTER)) == ["explain cmp1 (part-of-incident)"]
    assert story.write(down(Source.CLUSTER, "e2")) == ["explain cmp1 (part-of-incident)"]
    assert story.write(down(Source.CLUSTER, "e2"), at=20) == []
    assert len(story.opens) == 1


def test_an_incident_that_nobody_speaks_about_is_published_again_every_30_seconds() -> None:
    story = opened()
    first = story.opens[0]
    assert story.wait(33) == []
    assert story.wait(35) == ["reopen cmp1 (no-fact)"]
    second = story.opens[1]
    assert (second.n, second.incident, second.attempt) == (2, first.incident, first.attempt)
    assert second.opened_at == first.opened_at and second.decided_at > START + 33 * S


def test_any_word_of_a_worker_puts_the_next_publication_off() -> None:
    story = opened()
    story.hear(answer(fact(FactKind.WORKING), story), at=30)
    assert story.wait(59) == []
    repeat(story, 59)
    assert story.wait(61) == ["reopen cmp1 (no-fact)"]


def test_after_five_publications_without_an_answer_a_person_is_told_and_the_pause_doubles() -> None:
    story = opened()
    told = []
    for second in range(10, 600, 10):
        told += [(second, said) for said in story.wait(second)]
        repeat(story, second)
    stalled = [(second, said) for second, said in told if "stalled" in said]
    assert stalled == [(160, "alert cmp1 (stalled)")]
    assert [round((o.decided_at - START) / S) for o in story.opens] == [
        4,
        34,
        64,
        94,
        124,
        154,
        214,
        334,
        574,
    ]


def test_the_pause_of_a_stalled_incident_is_never_longer_than_ten_minutes() -> None:
    story = opened()
    for second in range(30, 5000, 30):
        repeat(story, second)
    times = [order.decided_at for order in story.opens]
    assert max(b - a for a, b in pairwise(times)) == 600 * S


def test_a_word_after_the_stall_starts_the_count_anew() -> None:
    story = opened()
    for second in range(10, 170, 10):
        repeat(story, second)
    story.hear(answer(fact(FactKind.QUEUED), story))
    assert story.incident.unanswered == 0
    repeat(story, 189)
    assert story.wait(191) == ["reopen cmp1 (no-fact)"]


def test_a_sign_of_life_stops_the_owner_once() -> None:
    story = opened()
    begun(story)
    assert story.write(alive()) == ["stop cmp1 (sign-of-life)"]
    stop = story.post.orders[-1]
    assert isinstance(stop, Stop) and stop.reason == "sign-of-life"
    assert (stop.n, stop.incident, stop.decided_at) == (1, story.opened, START + 5 * S)
    assert len(story.write(alive(episode="a2"))) == 1
    assert [type(order) for order in story.post.orders].count(Stop) == 1


def test_a_sign_of_life_does_not_stop_what_power_off_proves() -> None:
    story = Story()
    story.write(down(Source.POWER, symptom=Symptom.OFF))
    (said,) = story.write(alive())
    assert said.startswith("explain cmp1") and len(story.post.orders) == 1


def test_without_effects_the_end_of_all_evidence_stops_the_owner() -> None:
    story = opened()
    story.write(CLEAR)
    assert story.write(down(Source.NOVA, symptom=Symptom.CLEAR)) == ["stop cmp1 (cleared)"]
    silent = opened()
    for second in (30, 60, 90):
        silent.hear(answer(fact(FactKind.WORKING), silent), at=second)
    assert silent.wait(97) == ["stop cmp1 (evidence-expired)"]


def test_what_was_begun_is_carried_to_its_end_though_witnesses_fall_silent() -> None:
    story = opened()
    for second in (6, 30, 55, 80):
        story.hear(answer(fact(FactKind.WORKING, effects=True), story), at=second)
    assert story.wait(109) == [] and story.row().conditions == ()
    assert story.wait(111) == ["reopen cmp1 (no-fact)"]
    assert not story.incident.stopped


def test_what_was_begun_is_stopped_when_the_last_word_against_the_host_is_taken_back() -> None:
    story = opened()
    begun(story)
    assert story.write(CLEAR) == ["explain cmp1 (part-of-incident)"]
    assert story.write(down(Source.NOVA, symptom=Symptom.CLEAR)) == ["stop cmp1 (cleared)"]
    assert story.incident.stopped


@pytest.mark.parametrize(
    ("closed", "why"),
    [
        (segment(version=2, armed=False), "disarmed"),
        (segment(version=2, deleted=True), "unknown-subject"),
        (host(version=2, on_maintenance=True), "maintenance"),
    ],
)
def test_a_gate_that_closes_stops_an_incident_without_effects_and_a_disarmed_segment_any(
    closed: SegmentRecord | HostRecord, why: str
) -> None:
    story = opened()
    assert story.describe(closed) == [f"stop cmp1 ({why})"]
    stop = story.post.orders[-1]
    assert isinstance(stop, Stop) and stop.reason == why
    late = opened()
    begun(late)
    stops = why == "disarmed"
    assert late.describe(closed) == [f"stop cmp1 ({why})"] * stops
    assert late.incident.stopped is stops


def test_a_stopped_incident_waits_for_its_answer_and_says_so() -> None:
    story = opened()
    story.write(alive())
    assert story.wait(34) == []
    assert story.wait(36) == ["hold cmp1 (stopped)"]
    assert story.wait(90) == []
    assert len(story.opens) == 1


def test_new_proof_after_a_stop_resumes_the_incident_before_it_is_published_again() -> None:
    story = opened()
    story.write(alive())
    story.write(down(Source.PEER, "e2"), at=8)
    story.write(down(Source.NOVA, "e2"))
    assert story.wait(36) == ["reopen cmp1 (no-fact)"]
    resume, order = story.post.orders[-2:]
    assert isinstance(resume, Resume) and resume.incident == story.opened and resume.reason == "changed"
    assert order == story.opens[-1] and not story.incident.stopped
    assert [each.attempt for each in story.opens] == [1, 2] and story.incident.order.attempt == 2


def test_one_witness_after_a_stop_resumes_nothing() -> None:
    story = opened()
    story.write(alive())
    story.write(down(Source.PEER, "e2"), at=8)
    assert story.wait(36) == ["hold cmp1 (first-sighting)"]


def test_one_witness_after_a_stop_resumes_nothing_though_effects_have_begun() -> None:
    story = opened()
    begun(story)
    story.write(alive())
    story.write(down(Source.PEER, "e2"), at=8)
    assert story.wait(36) == ["hold cmp1 (first-sighting)"]
    assert story.incident.phase is Phase.RECOVERING


def test_without_effects_a_publication_needs_its_proof_again() -> None:
    story = opened()
    story.write(CLEAR)
    assert story.wait(36) == ["hold cmp1 (first-sighting)"]
    assert story.incident.phase is Phase.HELD


def test_an_incident_whose_segment_is_disarmed_is_not_published_again() -> None:
    story = opened()
    story.describe(segment(version=2, armed=False))
    assert story.wait(36) == ["hold cmp1 (disarmed)"]
    assert story.describe(segment(version=3)) == ["reopen cmp1 (changed)"]


def test_an_incident_of_a_host_set_aside_is_not_published_again() -> None:
    story = opened()
    story.describe(host(version=2, on_maintenance=True))
    assert story.wait(36) == ["hold cmp1 (maintenance)"]


def test_a_held_incident_is_looked_at_again_after_a_minute_doubling_to_an_hour() -> None:
    story = opened()
    pauses = []
    for _ in range(9):
        assert held(story) == ["hold cmp1 (fence-refused)"]
        before, count = story.seconds, len(story.opens)
        while len(story.opens) == count:
            repeat(story, story.seconds + 20)
        pauses.append(round((story.opens[-1].decided_at - START) / S - before))
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert story.post.verdicts[-1].reason is Reason.BACK_OFF_OVER


def test_news_about_a_held_incident_has_it_looked_at_at_once() -> None:
    story = opened()
    held(story)
    said = story.write(down(Source.CLUSTER), at=10)
    assert said == ["explain cmp1 (part-of-incident)", "reopen cmp1 (changed)"]
    assert story.opens[-1].n == 2 and story.incident.phase is Phase.OPENED


def test_news_right_after_a_publication_has_a_held_incident_looked_at_five_seconds_after_it() -> None:
    story = opened()
    held(story)
    assert story.write(down(Source.CLUSTER), at=6) == ["explain cmp1 (part-of-incident)"]
    assert story.incident.due == story.incident.published.steady + 5 * S
    assert story.wait(8) == [] and len(story.opens) == 1
    assert story.wait(10) == ["reopen cmp1 (back-off-over)"]


def test_news_does_not_put_off_a_pause_that_ends_sooner() -> None:
    story = opened()
    held(story)
    story.write(down(Source.CLUSTER), at=6)
    due = story.incident.due
    story.write(down(Source.CLUSTER, "e2"), at=7)
    assert story.incident.due == due


def test_a_gate_that_opens_right_after_a_publication_is_waited_for_a_little() -> None:
    story = opened()
    story.describe(segment(version=2, armed=False))
    assert story.describe(segment(version=3)) == []
    assert story.wait(8) == []
    assert story.wait(10) == ["reopen cmp1 (no-fact)"]
    assert [type(order) for order in story.post.orders] == [Open, Stop, Resume, Open]


def test_a_word_taken_back_is_no_news_for_a_held_incident() -> None:
    story = opened()
    held(story)
    assert story.write(CLEAR) == ["explain cmp1 (part-of-incident)"]


def test_an_assertion_that_arrives_later_stands_in_the_next_publication() -> None:
    story = opened()
    held(story)
    story.write(report(), at=10)
    assert story.opens[-1].asserted_at == START + 10 * S
    assert len(story.opens[-1].evidence) == 3


def test_a_pause_over_which_no_proof_stands_is_waited_for_again() -> None:
    story = opened()
    story.hear(answer(fact(FactKind.VETOED, reason="nova-fresh"), story))
    assert story.incident.back_off == 5 * S
    story.write(CLEAR)
    assert story.wait(11) == ["hold cmp1 (first-sighting)"]
    assert story.incident.due is not None and story.incident.phase is Phase.HELD


def test_an_incident_that_no_worker_answered_after_its_stop_closes_by_its_outcome_only() -> None:
    story = opened()
    story.write(alive())
    done = answer(fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason="nothing-done"), story)
    assert story.hear(done) == ["close cmp1 (nothing-done)"]
    assert story.row().incident is None


def test_a_stopped_incident_is_resumed_as_soon_as_new_evidence_is_proof() -> None:
    story = opened()
    begun(story)
    story.write(alive())
    story.hear(answer(fact(FactKind.HELD, reason=Reason.STOPPED, effects=True), story), at=6)
    story.write(down(Source.PEER, "e2"), at=100)
    assert story.write(down(Source.NOVA, "e2"), at=101)[-1] == "hold cmp1 (waiting-to-confirm)"
    assert story.wait(104.5) == []
    assert story.wait(106) == ["reopen cmp1 (changed)"]
    assert isinstance(story.post.orders[-2], Resume)


@pytest.mark.parametrize(("attempts", "attempt"), [(1, 2), (2, 1)])
def test_a_person_s_retry_of_what_is_held_in_its_last_attempt_is_another_attempt(
    attempts: int, attempt: int
) -> None:
    """It may have given up a guest beside what holds it, and nobody would look at that again."""
    story = Story(policy=Policy(attempts=attempts))
    story.write(report())
    held(story, Reason.IN_MIGRATION)
    story.write(bid(Instruction.RETRY, host="cmp1"), at=10)
    assert (story.opens[-1].n, story.opens[-1].attempt) == (2, attempt)


def test_a_retry_of_what_has_not_begun_is_no_other_attempt() -> None:
    story = Story(policy=Policy(attempts=1))
    story.write(report())
    story.hear(answer(fact(FactKind.HELD, reason=Reason.NO_CAPACITY), story))
    story.write(bid(Instruction.RETRY, host="cmp1"), at=10)
    assert story.opens[-1].attempt == 1
