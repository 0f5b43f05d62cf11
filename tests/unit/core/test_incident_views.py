"""Incidents are computed from the set of records: order and repetition change nothing, and phases are correlate's."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.recovering.steps.guests import GONE
from kasugai.core.telling.incident_views import Seen, fold, of_incident
from kasugai.core.telling.progress import DELETED, LEFT_ALONE
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.strategies import values_of
from tests.support.incidents import (
    DOWN,
    INCIDENT,
    JOB,
    MIDWAY,
    OPENED,
    PLAN,
    START,
    SWEEP,
    WEB,
    WHOLE,
    decided,
    of_step,
    opened,
    said,
    view_of,
    views_of,
)
from tests.support.smaller import (
    BEGUN,
    DISABLED,
    GUEST,
    MIGRATE,
    PROCESS,
    RELOCATE,
    RESTARTED,
    RUN,
    STOP,
    about,
    ended,
    left_alone,
    of,
)
from tests.support.stories import records_of
from tests.support.subjects import CMP1

STORIES = (
    "host-loses-power",
    "engine-dies-in-50-evacuations",
    "retry-after-a-failed-start",
    "no-fence-device",
)


@pytest.mark.parametrize("story", STORIES)
@given(data=st.data())
def test_any_order_and_any_repetition_of_a_real_incident_give_the_same_view(
    story: str, data: st.DataObject
) -> None:
    records = records_of(story)
    again = data.draw(st.lists(st.sampled_from(records), max_size=20))
    later = [Seen(BrokerTime(seen.at + 5), seen.offset + 100, seen.value) for seen in again]
    assert fold(data.draw(st.permutations([*records, *again, *later]))) == fold(records)


few = st.integers(min_value=0, max_value=3)
steps = values_of(
    StepRecord,
    action=st.just("evacuate"),
    subject=st.sampled_from("ab"),
    epoch=few,
    attempt=few,
    tries=few,
)
plans = values_of(
    Plan,
    attempt=few,
    epoch=few,
    steps=st.just((Step(action=Action.EVACUATE, subject="a"), Step(action=Action.EVACUATE, subject="b"))),
)
facts = values_of(
    Fact,
    incident=st.just(INCIDENT),
    subject=st.just(CMP1),
    segment=st.just("s"),
    attempt=few,
    epoch=few,
    n=few,
    step=st.none() | steps,
    plan=st.none() | plans,
    steps=st.lists(steps, max_size=2).map(tuple),
)
verdicts = values_of(
    Verdict, incident=st.none() | st.just(INCIDENT), subject=st.just(CMP1), segment=st.just("s")
)
orders = values_of(
    Open, incident=st.just(INCIDENT), subject=st.just(CMP1), segment=st.just("s"), n=few, attempt=few
)
places = st.integers(min_value=0, max_value=5)


@given(data=st.data())
def test_any_order_of_any_records_gives_the_same_view(data: st.DataObject) -> None:
    records = data.draw(st.lists(st.builds(Seen, places, places, facts | verdicts | orders), max_size=8))
    shuffled = data.draw(st.permutations(records))
    assert fold(shuffled) == fold(records) == fold([*shuffled, *records])


@pytest.mark.parametrize(
    ("values", "phase"),
    [
        pytest.param([OPENED, opened()], Phase.OPENED, id="opened"),
        pytest.param([OPENED, opened(), said(FactKind.QUEUED, epoch=0)], Phase.OPENED, id="queued"),
        pytest.param([OPENED, opened(), said(FactKind.ADOPTED)], Phase.RECOVERING, id="adopted"),
        pytest.param(
            [OPENED, opened(), said(FactKind.ADOPTED), opened(n=2), decided(Verb.REOPEN, Reason.NO_FACT)],
            Phase.RECOVERING,
            id="published again while its owner works",
        ),
        pytest.param([OPENED, opened(), said(FactKind.HELD)], Phase.HELD, id="held by the worker"),
        pytest.param(
            [OPENED, opened(), said(FactKind.HELD), decided(Verb.HOLD, Reason.NO_FENCE_DEVICE)],
            Phase.HELD,
            id="held",
        ),
        pytest.param(
            [
                OPENED,
                opened(),
                said(FactKind.HELD),
                decided(Verb.HOLD, Reason.NO_FENCE_DEVICE),
                decided(Verb.REOPEN, Reason.BACK_OFF_OVER),
                opened(n=2),
            ],
            Phase.OPENED,
            id="held and published again",
        ),
        pytest.param([OPENED, opened(), said(FactKind.VETOED)], Phase.OPENED, id="vetoed"),
        pytest.param(
            [
                OPENED,
                opened(),
                said(FactKind.FINISHED, result=Result.FAILED),
                decided(Verb.RETRY, Reason.PARTIAL),
            ],
            Phase.HELD,
            id="waits for its second attempt",
        ),
        pytest.param(
            [OPENED, opened(), said(FactKind.FINISHED, result=Result.RECOVERED)],
            Phase.RECOVERED,
            id="answered",
        ),
        pytest.param(
            [OPENED, opened(), decided(Verb.CLOSE, Reason.RECOVERED)], Phase.RECOVERED, id="recovered"
        ),
        pytest.param([OPENED, opened(), decided(Verb.CLOSE, Reason.PARTIAL)], Phase.FAILED, id="failed"),
        pytest.param(
            [OPENED, opened(), decided(Verb.CLOSE, Reason.NOTHING_DONE)], Phase.WITHDRAWN, id="withdrawn"
        ),
    ],
)
def test_the_phase_is_what_the_last_word_says(values: Sequence[Open | Fact | Verdict], phase: Phase) -> None:
    assert view_of(*values).phase is phase


def test_a_fenced_owner_does_not_speak_for_the_incident() -> None:
    view = view_of(opened(), said(FactKind.ADOPTED, epoch=2), said(FactKind.FINISHED, result=Result.FAILED))
    assert view.phase is Phase.RECOVERING


@pytest.mark.parametrize("forged", [{"epoch": 10**6}, {"author": "somebody"}, {"attempt": 9, "epoch": 9}])
def test_who_has_not_adopted_does_not_speak_for_the_incident(forged: dict[str, Any]) -> None:
    foreign = said(FactKind.FINISHED, result=Result.RECOVERED, **forged)
    view = view_of(opened(), said(FactKind.ADOPTED), foreign)
    assert (view.phase, view.epoch, view.attempt) == (Phase.RECOVERING, 1, 1)
    assert foreign in [seen.value for seen in view.records], "it is shown for what it is"


def test_a_host_that_is_held_without_an_incident_is_shown_with_the_reason() -> None:
    view = view_of(
        decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), decided(Verb.HOLD, Reason.DISARMED, None)
    )
    assert (view.incident, view.host, view.phase, view.why) == (None, "cmp1", Phase.HELD, "disarmed")


def test_a_suspicion_that_became_an_incident_is_not_shown_twice() -> None:
    assert view_of(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), OPENED, opened()).incident == INCIDENT


def test_a_suspicion_that_was_withdrawn_is_not_shown() -> None:
    over = decided(Verb.WITHDRAW, Reason.SIGN_OF_LIFE, None)
    assert views_of(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), over) == ()


def test_done_is_not_taken_back_by_an_older_owner() -> None:
    step = Step(action=Action.EVACUATE, subject="a", name="web1")
    plan = Plan(incident=INCIDENT, attempt=1, epoch=1, host="cmp1", window=8, steps=(step,))
    done = StepRecord(action=step.action, subject=step.subject, state=StepState.DONE, epoch=1, tries=1)
    unsure = replace(done, state=StepState.UNSURE, epoch=2)
    view = view_of(
        said(FactKind.PLAN, plan=plan),
        said(FactKind.UNSURE, step=unsure, epoch=2),
        said(FactKind.DONE, step=done),
    )
    assert view.steps[step.key].is_done


def test_a_recovered_host_shows_all_its_steps() -> None:
    (view,) = fold(records_of("host-loses-power"))
    assert (view.host, view.phase) == ("cmp1", Phase.RECOVERED)
    assert (view.steps_done, len(view.steps)) == (6, 6)
    assert (view.instances_done, len(view.instances)) == (3, 3)
    assert view.until is not None


HELD_AGAIN = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, incident=None)
HELD = decided(Verb.HOLD, Reason.DISARMED, incident=None)
BY_ANN = decided(Verb.HOLD, Reason.COMMAND, incident=None)


def idle(verb: Verb, reason: Reason) -> Verdict:
    return decided(verb, reason, incident=None)


@pytest.mark.parametrize(
    ("said_since", "why"),
    [
        ((idle(Verb.REFUSE, Reason.NOT_OPEN),), "disarmed"),
        ((idle(Verb.IGNORE, Reason.STALE),), "disarmed"),
        ((idle(Verb.APPROVE, Reason.COMMAND),), "disarmed"),
        ((decided(Verb.DISREGARD, Reason.OLDER_EPOCH),), "disarmed"),
        ((BY_ANN, idle(Verb.REFUSE, Reason.ALREADY_SO)), "command"),
        ((BY_ANN, idle(Verb.APPROVE, Reason.COMMAND)), None),
        ((idle(Verb.IGNORE, Reason.SIGN_OF_LIFE),), None),
        ((idle(Verb.WITHDRAW, Reason.SIGN_OF_LIFE), idle(Verb.APPROVE, Reason.COMMAND)), None),
    ],
    ids=range(8),
)
def test_a_held_host_stays_in_sight_whatever_changes_nothing_about_it(
    said_since: tuple[Verdict, ...], why: str | None
) -> None:
    assert [view.why for view in views_of(HELD, *said_since) if view.incident is None] == [why] * (
        why is not None
    )


def test_a_held_host_is_as_old_as_what_holds_it() -> None:
    (view,) = views_of(
        HELD, idle(Verb.WITHDRAW, Reason.SIGN_OF_LIFE), HELD_AGAIN, replace(HELD, at=BrokerTime(START + 7))
    )
    assert view.since == START + 2000


def test_an_incident_that_a_person_has_tried_again_is_open_until_its_last_close() -> None:
    records = records_of("retried-by-command")
    closes = sorted(s.at for s in records if isinstance(s.value, Verdict) and s.value.verb is Verb.CLOSE)
    again = next(s.at for s in records if isinstance(s.value, Open) and s.value.attempt == 3)
    views = {at: fold(s for s in records if s.at <= at)[0] for at in (closes[1], again, closes[2])}
    assert [(str(view.phase), view.until) for view in views.values()] == [
        ("failed", closes[1]),
        ("opened", None),
        ("recovered", closes[2]),
    ]
    assert not views[again].is_told


def test_an_incident_is_told_when_the_outcome_that_closed_it_has_been_read_too() -> None:
    closed: Sequence[Open | Verdict] = [OPENED, opened(), decided(Verb.CLOSE, Reason.RECOVERED)]
    assert not view_of(*closed).is_told
    assert view_of(*closed, said(FactKind.FINISHED, result=Result.RECOVERED)).is_told
    assert not view_of(OPENED, opened(), said(FactKind.FINISHED, result=Result.RECOVERED)).is_told


def test_a_view_counts_what_is_done_and_tells_the_window() -> None:
    before, after = view_of(OPENED), view_of(*MIDWAY, said(FactKind.WORKING, window=4, seq=9))
    assert (before.window, before.steps_done, before.instances_done, before.is_told) == (0, 0, 0, False)
    assert after.window == 4
    assert after.steps_done == sum(step.is_done for step in after.steps.values()) > 0
    assert after.instances_done == sum(step.word == "done" for step in after.instances)
    assert any(step.word == "unsure" for step in after.instances)
    records = [Seen(BrokerTime(START + n), n, value) for n, value in enumerate(MIDWAY)]
    assert of_incident(INCIDENT, records) == fold(records)[0]


def test_a_step_without_a_record_waits_and_an_incident_is_told_when_both_ends_are_read() -> None:
    view = view_of(*MIDWAY)
    assert "waiting" in {step.word for step in view.steps.values()}
    closed = (OPENED, opened(), decided(Verb.CLOSE, Reason.RECOVERED))
    ended = said(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED)
    assert not view_of(*closed).is_told and view_of(*closed, ended).is_told


AGAIN = replace(PLAN, attempt=2, epoch=7, steps=(DOWN, JOB, SWEEP))


def test_what_moved_in_an_earlier_attempt_is_not_forgotten_by_the_next() -> None:
    """The second plan lists what is still there: one of two guests has moved, not none of one."""
    adopted = said(FactKind.ADOPTED, attempt=2, epoch=7)
    view = view_of(*MIDWAY, adopted, said(FactKind.PLAN, plan=AGAIN, attempt=2, epoch=7))
    assert [step.step for step in view.instances] == [WEB, JOB]
    assert (view.instances_done, view.progress) == (1, "1 of 2 are elsewhere")
    assert JOB.key in view.steps and WEB.key not in view.steps


def test_what_nobody_saw_moving_is_not_said_to_have_moved() -> None:
    plan = replace(AGAIN, steps=(DOWN, WEB, SWEEP))
    adopted = said(FactKind.ADOPTED, attempt=2, epoch=7)
    view = view_of(*MIDWAY, adopted, said(FactKind.PLAN, plan=plan, attempt=2, epoch=7))
    assert [step.step for step in view.instances] == [WEB]


def test_a_deleted_guest_is_not_elsewhere() -> None:
    assert GONE == DELETED, "the word of those who record it"
    view = view_of(*MIDWAY, of_step(JOB, StepState.DONE, DELETED))
    assert (view.instances_done, view.instances_deleted) == (2, 1)
    assert view.progress == "1 of 2 are elsewhere, 1 was deleted meanwhile"
    both = view_of(*MIDWAY[:-2], of_step(WEB, StepState.DONE, DELETED), of_step(JOB, StepState.DONE, DELETED))
    assert both.progress == "0 of 2 are elsewhere, 2 were deleted meanwhile"


def test_owners_are_counted_by_incident_though_their_numbers_go_on() -> None:
    view = view_of(
        OPENED,
        opened(),
        said(FactKind.QUEUED, epoch=3),
        said(FactKind.ADOPTED, epoch=4),
        said(FactKind.ADOPTED, epoch=5),
    )
    assert (view.owners, view.epoch) == (2, 5)


def test_an_instance_that_was_moved_to_be_started_is_counted_once() -> None:
    moved = about(GUEST, said(FactKind.PLAN, plan=RELOCATE), of(STOP), of(MIGRATE))
    view = view_of(*BEGUN, *moved)
    assert (len(view.instances), view.instances_done, view.progress) == (1, 0, "0 of 1 restarted")
    assert view_of(*BEGUN, *moved, *about(GUEST, of(RUN))).progress == "1 of 1 restarted"


def test_an_instance_is_called_by_its_name_once_its_plan_is_known() -> None:
    assert view_of(*BEGUN).guest == ""
    assert view_of(*RESTARTED).guest == "web1"
    assert view_of(*WHOLE).guest == "", "a host has no such name"


def test_a_process_has_no_instances() -> None:
    view = view_of(*DISABLED)
    assert (view.instances, view.progress, view.phase) == ((), "", Phase.RECOVERED)


@pytest.mark.parametrize("reason", sorted(LEFT_ALONE))
def test_an_incident_that_ended_because_nothing_was_to_be_done_is_withdrawn(reason: Reason) -> None:
    whole = left_alone(reason)
    assert view_of(*whole).phase is Phase.WITHDRAWN
    assert view_of(*whole[:-2], whole[-1]).phase is Phase.WITHDRAWN, "also where the worker's end is not read"


def test_a_process_that_is_back_and_whose_service_others_have_enabled_is_recovered() -> None:
    reason = Reason.SERVICE_ENABLED_BY_OTHERS
    fact, close = about(PROCESS, *ended(Result.RECOVERED, reason, detail="enabled by somebody else"))
    for whole in ((*DISABLED[:2], fact, close), (*DISABLED[:2], close)):
        view = view_of(*whole)
        assert (view.phase, view.why) == (Phase.RECOVERED, "enabled-by-others: enabled by somebody else")


def test_a_verdict_about_another_that_names_the_incident_is_no_word_about_it() -> None:
    other = replace(decided(Verb.EXPLAIN, Reason.PART_OF_INCIDENT), subject=GUEST)
    assert view_of(other, *WHOLE).subject == CMP1
    assert view_of(*WHOLE, other) == view_of(*WHOLE)
    assert view_of(other).subject == GUEST, "nothing else is known"


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (said(FactKind.FINISHED, result=Result.RECOVERED), True),
        (said(FactKind.HELD, reason=Reason.STOPPED), True),
        (said(FactKind.HELD, reason=Reason.NO_CAPACITY), False),
        (said(FactKind.WORKING), False),
    ],
)
def test_a_closed_incident_is_told_once_the_outcome_that_closed_it_was_read(end: Fact, told: bool) -> None:
    assert view_of(OPENED, opened(), decided(Verb.CLOSE, Reason.RECOVERED), end).is_told is told
    assert not view_of(OPENED, opened(), end).is_told
