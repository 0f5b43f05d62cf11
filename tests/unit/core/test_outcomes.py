"""Outcomes: the newest owner's word is obeyed, any other's is told."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.deciding.closing import reason_of
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.outcomes import take_outcome
from kasugai.core.deciding.rows import IncidentRow
from kasugai.core.deciding.steady import Times
from kasugai.core.words.epochs import FIRST, LEAP, with_owner
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Outcome, Source, Symptom
from kasugai.core.words.timing import PRODUCTION, SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, asked, down, fact, moment, order, report, row, segment, uuid_of
from tests.unit.core.story import Story, answer

NO_OUTCOMES = [kind for kind in FactKind if not kind.is_outcome]


def opened(**policy: int) -> Story:
    story = Story(policy=Policy(**policy))  # type: ignore[arg-type]
    story.write(report())
    story.write(down(Source.PEER))
    return story


def finish(story: Story, result: Result, reason: Reason = Reason.PARTIAL) -> list[str]:
    return story.hear(answer(fact(FactKind.FINISHED, result=result, reason=reason, epoch=9), story))


def test_an_owner_makes_the_incident_recovering() -> None:
    story = opened()
    assert story.hear(answer(fact(FactKind.ADOPTED, epoch=3), story)) == []
    assert (story.incident.phase, story.incident.epoch) == (Phase.RECOVERING, 3)


def test_a_fenced_owner_is_told_and_not_obeyed() -> None:
    story = opened()
    story.hear(answer(fact(FactKind.ADOPTED, epoch=3), story))
    before = story.incident
    late = answer(fact(FactKind.FINISHED, epoch=2, result=Result.RECOVERED), story)
    assert story.hear(late) == ["disregard cmp1 (older-epoch)"]
    assert story.incident == before
    assert story.post.verdicts[-1].detail == "finished by w1"


@pytest.mark.parametrize(
    "kind", [kind for kind in FactKind if kind.is_outcome and kind is not FactKind.QUEUED]
)
@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"epoch": 10**9}, id="an epoch that nobody adopted"),
        pytest.param({"author": "somebody"}, id="another's epoch"),
    ],
)
def test_a_foreign_fact_neither_closes_nor_locks_anybody_out(kind: FactKind, forged: dict[str, Any]) -> None:
    story = opened()
    story.hear(answer(fact(FactKind.ADOPTED, epoch=3), story))
    if kind is FactKind.ADOPTED and "author" in forged:
        return  # two may adopt under one number: the ledger lets one of them go on
    before = story.incident
    foreign = replace(fact(kind, epoch=3, result=Result.RECOVERED), **forged)
    assert story.write(Outcome(fact=answer(foreign, story))) == ["disregard cmp1 (not-its-owner)"]
    assert story.incident == before
    assert story.hear(answer(fact(FactKind.FINISHED, epoch=3, result=Result.RECOVERED), story)) != []
    assert story.row().incident is None


def test_of_two_who_adopted_under_one_epoch_both_are_heard() -> None:
    """One of them published and lost its lease before the ledger took the epoch: the other one goes on."""
    story = opened()
    for author in ("w1", "w2"):
        story.write(Outcome(fact=answer(replace(fact(FactKind.ADOPTED, epoch=3), author=author), story)))
    ended = replace(
        fact(FactKind.FINISHED, epoch=3, result=Result.RECOVERED, reason="recovered"), author="w1"
    )
    assert story.write(Outcome(fact=answer(ended, story))) == ["close cmp1 (recovered)"]


def test_whoever_adopts_next_is_heard_whatever_foreigners_said() -> None:
    story = opened()
    story.hear(answer(fact(FactKind.ADOPTED, epoch=FIRST + LEAP), story))
    for epoch in (FIRST + 2 * LEAP, FIRST + 2 * LEAP + 1):
        assert story.hear(answer(fact(FactKind.ADOPTED, epoch=epoch), story)) == []
    assert story.row().epoch == FIRST + 2 * LEAP + 1


def test_a_worker_without_a_free_lane_has_no_epoch_and_is_heard() -> None:
    story = opened()
    story.hear(answer(fact(FactKind.ADOPTED, epoch=3), story))
    story.hear(answer(fact(FactKind.QUEUED, epoch=0), story), at=9)
    assert (story.incident.epoch, story.incident.heard.at % 1000) == (3, 0)
    assert story.incident.due == story.incident.heard.steady + PRODUCTION.silence


def test_words_about_an_incident_that_is_not_open_are_told() -> None:
    story = opened()
    said = answer(fact(FactKind.WORKING), story)
    assert story.hear(replace(said, incident=uuid_of(8))) == ["disregard cmp1 (not-open)"]
    assert story.post.verdicts[-1].incident == uuid_of(8)
    finish(story, Result.RECOVERED)
    assert story.hear(said) == ["disregard cmp1 (not-open)"]


def test_an_owner_that_waits_in_a_stopped_attempt_is_not_missed_and_not_obeyed() -> None:
    story = opened()
    former = answer(fact(FactKind.WORKING, epoch=3, effects=True), story)
    story.hear(former)
    story.describe(segment(version=2, armed=False))
    story.wait(story.seconds + 10)
    story.describe(segment(version=3, armed=True))
    story.wait(story.seconds + 70)
    assert story.opens[-1].attempt == 2 and story.incident.unanswered > 1
    before = story.incident
    for other in (
        replace(former, author="somebody"),
        replace(former, epoch=2),
        replace(former, kind=FactKind.HELD),
    ):
        story.write(Outcome(fact=other))
        assert story.post.verdicts[-1].reason is Reason.NOT_OPEN and story.incident == before
    story.write(Outcome(fact=former))
    assert (story.incident.unanswered, story.incident.due) == (0, before.due), "the next one is published"
    assert story.incident.phase is before.phase and story.incident.order == before.order


def test_words_about_a_host_that_was_never_heard_of_are_told() -> None:
    assert Story().hear(fact(FactKind.WORKING)) == ["disregard cmp1 (not-open)"]


def test_a_word_says_whether_effects_have_begun_and_that_is_never_taken_back() -> None:
    story = opened()
    for effects in (False, True, False):
        story.hear(answer(fact(FactKind.WORKING, effects=effects), story))
    assert story.incident.effects


def test_only_the_answer_to_the_newest_publication_holds_or_vetoes() -> None:
    story = opened()
    story.hear(answer(fact(FactKind.ADOPTED), story))
    old = answer(fact(FactKind.HELD, reason="fence-refused"), story)
    story.wait(31)
    assert story.incident.order.n == 2
    due = story.incident.due
    assert story.hear(old) == [] and story.hear(replace(old, kind=FactKind.VETOED)) == []
    assert (story.incident.phase, story.incident.due, story.incident.back_off) == (Phase.RECOVERING, due, 0)
    new = answer(fact(FactKind.VETOED, reason="nova-fresh"), story)
    assert story.hear(new) == ["veto cmp1 (nova-fresh)"]


def test_a_veto_is_decided_anew_after_five_seconds_doubling_to_ten_minutes() -> None:
    story = opened()
    pauses = []
    for _ in range(9):
        story.hear(answer(fact(FactKind.VETOED, reason="decision-stale"), story))
        pauses.append(story.incident.back_off // S)
        story.write(down(Source.CLUSTER, f"e{len(story.mail)}"), at=story.seconds + 5)
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert story.incident.phase is Phase.OPENED


@pytest.mark.parametrize("kind", [FactKind.HELD, FactKind.VETOED])
def test_an_answer_that_route_copied_twice_does_not_double_the_pause(kind: FactKind) -> None:
    story = opened()
    said = answer(fact(kind, reason="nova-fresh"), story)
    story.hear(said)
    once = story.incident
    assert story.hear(said, at=3) == []
    assert story.incident == once


def test_a_hold_keeps_its_reason_and_detail() -> None:
    story = opened()
    said = answer(fact(FactKind.HELD, reason="in-migration", detail="web1"), story)
    assert story.hear(said) == ["hold cmp1 (in-migration)"]
    assert (story.incident.phase, story.incident.reason) == (Phase.HELD, "in-migration")
    assert story.post.verdicts[-1].detail == "web1"


def test_a_recovered_incident_is_closed_and_explains_what_still_stands() -> None:
    story = opened()
    incident = story.opened
    assert finish(story, Result.RECOVERED, Reason.RECOVERED) == ["close cmp1 (recovered)"]
    after = story.row()
    assert after.incident is None and after.closed is not None
    assert (after.closed.incident, after.closed.phase) == (incident, Phase.RECOVERED)
    assert [(c.source, c.explained) for c in after.conditions] == [(Source.PEER, True)]


def test_a_standing_witness_opens_nothing_again_after_the_close() -> None:
    story = opened()
    finish(story, Result.RECOVERED, Reason.RECOVERED)
    story.write(down(Source.PEER), at=20)
    assert story.write(down(Source.NOVA)) == ["suspect cmp1 (first-sighting)"]
    assert story.wait(80) == [] and len(story.opens) == 1


def test_the_host_fails_again_after_life_and_gets_a_new_incident() -> None:
    story = opened()
    finish(story, Result.RECOVERED, Reason.RECOVERED)
    first = story.opens[0].incident
    assert story.write(alive(), at=30) == ["ignore cmp1 (sign-of-life)"]
    assert story.write(report("r2"), at=40) == ["open cmp1 (asserted)"]
    assert story.opens[-1].incident != first and story.opens[-1].previous == first


def test_evidence_that_a_closed_incident_explains_is_explained_again_when_repeated_anew() -> None:
    story = opened()
    finish(story, Result.RECOVERED, Reason.RECOVERED)
    story.write(down(Source.PEER, symptom=Symptom.CLEAR, observer="other"))
    assert story.post.verdicts[-1].reason is Reason.PART_OF_INCIDENT


def test_a_re_sent_report_after_the_close_is_stale() -> None:
    story = opened()
    finish(story, Result.RECOVERED, Reason.RECOVERED)
    assert story.write(report(), at=100) == ["ignore cmp1 (stale)"]
    assert story.write(report(), at=101) == []
    made_long_ago = report("r9", observed_at=1)
    assert story.write(made_long_ago) == ["ignore cmp1 (stale)"]
    assert made_long_ago.event_id in story.row().recent


def test_a_failed_attempt_is_followed_by_another_after_a_pause() -> None:
    story = opened()
    assert finish(story, Result.FAILED) == ["retry cmp1 (partial-failure)"]
    assert (story.incident.phase, story.incident.order.attempt) == (Phase.HELD, 2)
    story.wait(31)
    assert (story.opens[-1].n, story.opens[-1].attempt) == (2, 2)


def test_an_attempt_that_is_over_has_nothing_more_to_say() -> None:
    story = opened()
    said = answer(fact(FactKind.FINISHED, result=Result.FAILED, reason="partial-failure"), story)
    story.hear(said)
    assert story.hear(said) == ["disregard cmp1 (not-open)"]
    assert story.incident.order.attempt == 2


def test_the_last_attempt_ends_as_failed() -> None:
    story = opened(attempts=1)
    assert finish(story, Result.FAILED) == ["close cmp1 (partial-failure)"]
    closed = story.row().closed
    assert closed is not None and closed.phase is Phase.FAILED


def test_a_stopped_incident_is_not_tried_again() -> None:
    story = opened()
    story.write(alive())
    assert finish(story, Result.FAILED) == ["close cmp1 (partial-failure)"]


def test_an_end_without_a_result_counts_as_failed() -> None:
    story = opened(attempts=1)
    said = answer(fact(FactKind.FINISHED, reason="poison"), story)
    assert story.hear(said) == ["close cmp1 (poison)"]
    closed = story.row().closed
    assert closed is not None and closed.phase is Phase.FAILED


def test_after_a_withdrawal_what_still_stands_counts_on_in_a_new_incident() -> None:
    story = opened()
    first = story.opened
    said = finish(story, Result.WITHDRAWN, Reason.NOTHING_DONE)
    assert said == ["close cmp1 (nothing-done)", "open cmp1 (asserted)"]
    assert story.opened != first and story.incident.order.previous == first


def test_after_a_withdrawal_one_witness_is_a_suspicion_again() -> None:
    story = opened()
    story.write(alive())
    story.write(down(Source.PEER, "e2"))
    said = finish(story, Result.WITHDRAWN, Reason.NOTHING_DONE)
    assert said == ["close cmp1 (nothing-done)", "suspect cmp1 (first-sighting)"]


@pytest.mark.parametrize("kind", NO_OUTCOMES)
def test_what_is_no_outcome_does_not_belong_in_the_mailbox(kind: FactKind) -> None:
    incident = IncidentRow(
        order=order(),
        phase=Phase.OPENED,
        epoch=1,
        owners=with_owner((), fact(kind)),
        heard=moment(0),
        published=moment(0),
    )
    draft = Draft(
        surroundings=asked(row=row(incident=incident)),
        times=Times(moment=moment(0), deadline=SteadyTime(0)),
        timing=PRODUCTION,
        offset=1,
    )
    with pytest.raises(ValueError, match=f"{kind} is no outcome"):
        take_outcome(draft, fact(kind))


def test_a_newer_workers_word_that_we_do_not_know_is_told_as_it_was_said() -> None:
    assert reason_of(fact(FactKind.HELD, reason="stopped")) is Reason.STOPPED
    newer = reason_of(fact(FactKind.HELD, reason="solar-flare"))
    assert newer == "solar-flare" and not newer.is_known
    assert reason_of(fact(FactKind.HELD, reason="")) is Reason.REFUSED


def test_a_draft_without_an_open_incident_says_so() -> None:
    draft = Draft(
        surroundings=asked(),
        times=Times(moment=moment(0), deadline=SteadyTime(0)),
        timing=PRODUCTION,
        offset=1,
    )
    with pytest.raises(ValueError, match="host/cmp1 has no open incident"):
        draft.enter(Phase.HELD)
