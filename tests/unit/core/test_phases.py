"""Every moment of a recovery lies in one phase, by the broker's times, told of real stories."""

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest

from kasugai.core.telling.incident_views import IncidentView, Record, Seen, fold
from kasugai.core.telling.phases import Part, Span, began, guest_phases, guest_states, phases
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import (
    DOWN,
    FENCE,
    MIDWAY,
    OPENED,
    PLAN,
    START,
    WEB,
    WHOLE,
    decided,
    of_step,
    opened,
    said,
)
from tests.support.stories import records_of

HOST = [Part.DETECT, Part.DECIDE, Part.FENCE, Part.MOVE, Part.PROVE]
STORIES = (
    "host-loses-power",
    "no-fence-device",
    "retry-after-a-failed-start",
    "engine-dies-in-50-evacuations",
    "armed-ten-minutes-later",
    "a-guest-crashes",
    "operator-holds-then-approves",
    "a-degraded-host-is-drained",
)


def of(*values: Record, before: tuple[Record, ...] = ()) -> tuple[IncidentView, list[Seen]]:
    """Return the view of records that came a second apart, each verdict decided when it came."""
    seen = []
    for offset, value in enumerate((*before, *values)):
        at = BrokerTime(START + 1000 * offset)
        seen.append(Seen(at, offset, replace(value, at=at) if isinstance(value, Verdict) else value))
    views = [view for view in fold(seen) if view.incident is not None]
    return views[-1], seen


def lasted(spans: tuple[Span, ...]) -> dict[Part, int | None]:
    return {span.part: span.lasted for span in spans}


@pytest.mark.parametrize("story", STORIES)
def test_the_phases_of_every_incident_fill_its_time_without_a_gap(story: str) -> None:
    records = records_of(story)
    views = [view for view in fold(records) if view.incident is not None]
    assert views
    for view in views:
        spans = phases(view, records)
        assert [span.part for span in spans] == sorted((s.part for s in spans), key=HOST.index)
        assert all(one.ended == other.begun for one, other in pairwise(spans))
        assert spans[0].begun == began(view, records) <= view.since
        assert (spans[-1].ended is None) is (view.until is None)
        assert all(span.lasted is None or span.lasted >= 0 for span in spans)


def test_a_host_that_loses_power_is_told_by_all_five() -> None:
    """By the story's log: suspected after 2 s, confirmed 14 s later, opened after the policy's 4 s, back in 2 s."""
    records = records_of("host-loses-power")
    (view,) = fold(records)
    assert [span.part for span in phases(view, records)] == HOST
    took = lasted(phases(view, records))
    assert took[Part.DETECT] == 14_000
    assert 4_000 <= (took[Part.DECIDE] or 0) < 5_000
    assert (took[Part.FENCE] or 0) < 200 and 2_000 <= (took[Part.MOVE] or 0) < 2_500
    assert (took[Part.PROVE] or 0) < 100


def test_without_the_words_before_it_an_incident_begins_with_its_first_order() -> None:
    records = records_of("host-loses-power")
    (view,) = fold(records)
    assert lasted(phases(view)) | {Part.DETECT: 0} == lasted(phases(view, records)) | {Part.DETECT: 0}
    assert phases(view)[0].lasted == 0, "what was said before the witnesses agreed is not in the incident"


def test_a_gate_that_stood_closed_counts_as_deciding() -> None:
    records = records_of("armed-ten-minutes-later")
    (view,) = fold(records)
    took = lasted(phases(view, records))
    assert took[Part.DETECT] == 14_000 and (took[Part.DECIDE] or 0) > 600_000


def test_a_hold_ends_the_detection_where_no_order_says_when_enough_was_known() -> None:
    suspect = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, incident=None)
    hold = decided(Verb.HOLD, Reason.DISARMED, incident=None)
    view, seen = of(*WHOLE, before=(suspect, hold, hold))
    # the order itself was decided at START, before all of it: it must not drag the beginning along
    view = replace(view, since=BrokerTime(START + 3_000))
    took = lasted(phases(view, seen))
    assert (took[Part.DETECT], phases(view, seen)[0].begun) == (1_000, START)


def test_a_word_that_was_taken_back_led_to_nothing() -> None:
    suspect = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, incident=None)
    over = decided(Verb.WITHDRAW, Reason.SIGN_OF_LIFE, incident=None)
    view, seen = of(*WHOLE, before=(suspect, over, suspect))
    view = replace(view, since=BrokerTime(START + 3_000))
    assert began(view, seen) == START + 2_000


def test_another_segments_and_anothers_words_are_not_its_own() -> None:
    suspect = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, incident=None)
    view, seen = of(*WHOLE, before=(replace(suspect, segment="elsewhere"), suspect))
    view = replace(view, since=BrokerTime(START + 2_000))
    assert began(view, seen) == START + 1_000


def test_a_phase_that_goes_on_has_no_end_and_the_later_ones_are_not_there() -> None:
    view, seen = of(*MIDWAY)
    assert [span.part for span in phases(view, seen)] == HOST[:4]
    assert phases(view, seen)[-1].ended is None and phases(view, seen)[-1].lasted is None
    view, seen = of(OPENED, opened())
    assert [span.part for span in phases(view, seen)] == HOST[:2]
    view, seen = of(OPENED, opened(), said(FactKind.ADOPTED), of_step(FENCE, StepState.STARTED))
    assert [span.part for span in phases(view, seen)] == HOST[:3], "no plan has been read"


def test_an_incident_that_ends_early_ends_in_the_phase_that_it_had_reached() -> None:
    end = decided(Verb.CLOSE, Reason.NOTHING_DONE)
    view, seen = of(OPENED, opened(), said(FactKind.ADOPTED), end)
    assert lasted(phases(view, seen)) == {Part.DETECT: 0, Part.DECIDE: 3_000}


def test_where_there_is_no_guest_nothing_moves() -> None:
    plan = replace(PLAN, steps=(FENCE, DOWN))
    view, seen = of(
        OPENED,
        opened(),
        said(FactKind.ADOPTED),
        said(FactKind.PLAN, plan=plan),
        of_step(FENCE, StepState.STARTED),
        of_step(FENCE, StepState.DONE),
        of_step(DOWN, StepState.STARTED),
        of_step(DOWN, StepState.DONE),
        said(FactKind.FINISHED, plan=plan),
        decided(Verb.CLOSE, Reason.RECOVERED),
    )
    assert lasted(phases(view, seen)) == {
        Part.DETECT: 0,
        Part.DECIDE: 4_000,
        Part.FENCE: 3_000,
        Part.PROVE: 2_000,
    }


def test_an_operators_own_step_before_all_others_is_no_effect() -> None:
    view, seen = of(OPENED, opened(), said(FactKind.ADOPTED), of_step(FENCE, StepState.STARTED))
    custom = replace(FENCE, action="custom-step", subject="ring")
    with_one, later = of(
        OPENED,
        opened(),
        said(FactKind.ADOPTED),
        of_step(custom, StepState.STARTED),
        of_step(FENCE, StepState.STARTED),
    )
    assert phases(view, seen)[2].begun - START == 3_000
    assert phases(with_one, later)[2].begun - START == 4_000


def test_what_is_merely_suspected_has_no_phases() -> None:
    suspect = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, incident=None)
    (view,) = fold([Seen(BrokerTime(START), 0, suspect)])
    assert phases(view, [Seen(BrokerTime(START), 0, suspect)]) == () == guest_phases(view)


def test_a_guest_has_its_own_way_from_the_fence_on() -> None:
    view, seen = of(*WHOLE)
    web, job = guest_phases(view, seen)
    assert (web.guest, web.name, job.name) == ("web", "web1", "batch1")
    assert [span.part for span in web.spans] == HOST == [span.part for span in job.spans]
    assert web.spans[:3] == job.spans[:3] == phases(view, seen)[:3]
    assert (web.spans[3].lasted, job.spans[3].lasted) == (1_000, 4_000)
    assert web.spans[-1].ended == job.spans[-1].ended == phases(view, seen)[-1].ended


def test_a_guest_that_waits_for_room_has_no_move_yet_and_one_under_way_no_end() -> None:
    view, seen = of(*MIDWAY[:8])
    web, job = guest_phases(view, seen)
    assert [span.part for span in web.spans] == HOST[:3]
    assert [span.part for span in job.spans] == HOST[:4] and job.spans[-1].ended is None


def test_a_guest_that_was_seen_elsewhere_at_once_moved_in_no_time() -> None:
    elsewhere = of_step(WEB, StepState.DONE, "guest-elsewhere", tries=0)
    view, seen = of(*MIDWAY[:7], elsewhere)
    web, _ = guest_phases(view, seen)
    assert (web.spans[3].lasted, web.spans[4].part, web.spans[4].ended) == (0, Part.PROVE, None)


def test_a_guest_that_moved_before_its_host_was_seen_to_be_out_shares_no_more_than_that() -> None:
    """Clocks of two topics, and a fence that is done again in a later attempt."""
    view, seen = of(*MIDWAY[:5], of_step(WEB, StepState.STARTED), *MIDWAY[5:7])
    web, _ = guest_phases(view, seen)
    assert [span.part for span in web.spans] == HOST[:4]
    assert web.spans[2].ended == web.spans[3].begun == START + 5_000


def states(*values: Record) -> dict[str, str]:
    view, _ = of(*values)
    return {step.step.name: state for step, state in guest_states(view)}


def test_where_each_guest_is_on_its_way_back() -> None:
    planned = MIDWAY[:4]
    both = {"web1": "decide", "batch1": "decide"}
    assert states(*MIDWAY[:2]) == {}, "before there is a plan nobody has counted them"
    assert states(*planned) == both
    assert states(*MIDWAY[:6]) == dict.fromkeys(both, "fence")
    assert states(*MIDWAY[:7]) == dict.fromkeys(both, "wait")
    assert states(*MIDWAY[:9]) == dict.fromkeys(both, "move")
    assert states(*MIDWAY) == {"web1": "prove", "batch1": "move"}
    assert states(*MIDWAY, of_step(WEB, StepState.FAILED, tries=2))["web1"] == "failed"
    assert states(*WHOLE) == {}


def test_records_that_are_lost_leave_what_is_known() -> None:
    """The verdict that opened it, or its orders, may be older than what the topics keep."""
    view, seen = of(opened(incident=UUID(int=5)), said(FactKind.ADOPTED, incident=UUID(int=5)))
    assert [span.part for span in phases(view, seen)] == HOST[:2]
    view, seen = of(OPENED)
    assert lasted(phases(view, seen)) == {Part.DETECT: 0, Part.DECIDE: None}
