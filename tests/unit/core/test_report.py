"""A report is computed from records alone: what failed, what was done, what is left, told of real stories."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.telling.headline import NAMED, Headline
from kasugai.core.telling.incident_views import Record, Seen, fold
from kasugai.core.telling.noes import FAIL
from kasugai.core.telling.phases import Part
from kasugai.core.telling.report import Report, report
from kasugai.core.telling.status import Level
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.big_incident import big_incident
from tests.support.incidents import (
    DOWN,
    FENCE,
    INCIDENT,
    JOB,
    MIDWAY,
    NAMES,
    OPENED,
    PLAN,
    REST,
    START,
    WEB,
    WHOLE,
    decided,
    of_step,
    opened,
    said,
)
from tests.support.smaller import BEGUN, DISABLE, DISABLED, PROCESS, SHUT, left_alone, of
from tests.support.smaller import about as all_about
from tests.support.stories import records_of

NOW = START + 60_000


def seen(*values: Record) -> list[Seen]:
    """Return records that came a second apart."""
    return [Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(values)]


def made(*values: Record) -> Report:
    """Return the report about the only incident, or about what is held without one."""
    records = seen(*values)
    (view,) = fold(records)
    return report(view, records, NAMES, NOW)


def of_story(name: str, until: float = 1e9, place: int = 0) -> Report:
    """Return the report about one of a story's incidents, by age."""
    records = records_of(name, until)
    now = max(record.at for record in records)
    return report(fold(records)[place], records, {}, now)


def told(head: Headline) -> list[str]:
    return [each.text for each in (head.failed, *head.done, *head.left)]


def test_a_host_that_is_back_is_in_service() -> None:
    head = of_story("back-by-itself").headline
    assert head.level is Level.WELL and "cmp1 is in service." in told(head)


STORIES: Mapping[str, tuple[Level, str, tuple[str, ...]]] = {
    "host-loses-power": (
        Level.NOTE,
        "confirmed",
        ("It was proven that it is off.", "Nova was told that it is down.", "cmp1 is out of service"),
    ),
    "states-of-guests": (
        Level.NOTE,
        "confirmed",
        ("4 guests were left there on purpose", "were seen to be on or off as before."),
    ),
    "user-deletes-a-guest-meanwhile": (Level.NOTE, "confirmed", ("had been deleted meanwhile",)),
    "reserve-takes-over": (Level.NOTE, "confirmed", ("Put to use as a reserve: ",)),
    "a-guest-crashes": (Level.WELL, "observed", ("1 of 1 guest was started again.",)),
    "returns-before-anything-was-done": (Level.WELL, "confirmed", ("it ended before anything was done",)),
}


@pytest.mark.parametrize("name", STORIES)
def test_the_headline_says_what_failed_what_was_done_and_what_is_left(name: str) -> None:
    level, reason, sentences = STORIES[name]
    head = of_story(name).headline
    assert (head.level, str(head.failed.reason)) == (level, reason)
    for sentence in sentences:
        assert any(sentence in text for text in told(head)), (sentence, told(head))


def test_what_waits_for_a_person_says_so_and_the_next_command() -> None:
    head = of_story("no-fence-device", until=600.0).headline
    assert head.level is Level.ACT and head.next == "kasugai explain cmp1"
    assert (head.left[0].text, head.left[0].reason) == (
        "It is held, and waits for a person.",
        Reason.NO_FENCE_DEVICE,
    )
    assert "It has not been proven that it is off." in told(head)
    assert any("type: kasugai incident approve cmp1 --limit fence" in text for text in told(head))


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason.MAINTENANCE, "It is held because somebody wished it so."),
        (Reason.DUMPING, "It is held, and goes on by itself."),
        (Reason.STORM, "It is held, and waits for a person."),
    ],
)
def test_a_suspicion_that_is_held_says_whether_anybody_is_needed(reason: Reason, sentence: str) -> None:
    found = made(
        decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), decided(Verb.HOLD, reason, None, "300 s")
    )
    assert found.headline.left[0].text == sentence
    assert told(found.headline)[0] == "Host cmp1 of segment rack1 is suspected of having failed."
    assert "Nothing was done about it." in told(found.headline)
    assert (found.spans, found.begun, found.ended) == ((), START, NOW)


def test_a_recovery_under_way_names_who_is_missing() -> None:
    head = made(*MIDWAY).headline
    assert (head.level, head.next) == (Level.COMING, "kasugai incident watch cmp1")
    assert told(head)[-3:] == [
        "It goes on by itself.",
        "Not back: batch1.",
        "1 guest was left there on purpose: see the guests.",
    ]


def test_of_many_that_are_missing_some_are_named() -> None:
    steps = tuple(Step(action=Action.EVACUATE, subject=f"u{n}", name=f"g{n:02}") for n in range(NAMED + 3))
    plan = Plan(incident=INCIDENT, attempt=1, epoch=1, host="cmp1", window=8, steps=steps)
    ended = said(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL, plan=plan)
    found = made(OPENED, opened(), said(FactKind.PLAN, plan=plan), ended, decided(Verb.CLOSE, Reason.PARTIAL))
    assert found.headline.level is Level.ACT
    assert "It failed: a person has to go on." in told(found.headline)
    assert told(found.headline)[-1].endswith("g09 and 3 more.")


def test_a_process_and_hardware_are_told_of_as_what_they_are() -> None:
    shut = made(*DISABLED).headline
    assert told(shut)[:2] == [
        "Process nova-compute on cmp1 of segment rack1 failed.",
        "Its compute service was disabled: no new guests go there.",
    ]
    half = made(
        *all_about(PROCESS, OPENED, opened(), said(FactKind.PLAN, plan=SHUT), of(DISABLE, StepState.STARTED))
    )
    assert "Its compute service has not been disabled." in told(half.headline)
    degraded = made(*all_about(hardware_subject("cmp1"), OPENED, opened()))
    assert told(degraded.headline)[0] == "The hardware of host cmp1 of segment rack1 was called degraded."


def test_what_undoes_another_incident_and_what_is_given_up_say_so() -> None:
    undone = made(OPENED, opened(undoes=UUID(int=9)))
    assert "what had been done about it was undone" in told(undone.headline)[0]
    given = made(OPENED, opened(undoes=UUID(int=9), retired_by="ann"))
    assert "was given up for good" in told(given.headline)[0]


def test_a_guest_about_which_nothing_was_to_be_done() -> None:
    head = made(*left_alone(Reason.USERS_WISH)).headline
    assert head.level is Level.WELL and "was said to have failed" in told(head)[0]
    assert head.left[0].reason is Reason.USERS_WISH


def test_a_host_with_a_newer_incident_says_so() -> None:
    again = replace(OPENED, incident=UUID(int=7))
    records = seen(*WHOLE, again)
    first = next(view for view in fold(records) if view.incident == INCIDENT)
    assert "cmp1 has another incident, which is opened." in told(report(first, records, NAMES, NOW).headline)


def test_before_anything_is_known_of_an_incident_it_has_no_reason() -> None:
    found = made(opened())
    assert found.headline.failed.reason is None and found.headline.left[0].reason is None


def test_the_bars_are_the_phases_from_the_first_word_to_the_close() -> None:
    found = of_story("host-loses-power")
    assert [span.part for span in found.spans] == list(Part)
    assert (found.begun, found.ended) == (found.spans[0].begun, found.view.until)
    midway = made(*MIDWAY)
    assert (midway.ended, midway.spans[-1].ended) == (NOW, None)


def test_a_guests_bars_are_its_own_and_end_where_nothing_is_known() -> None:
    rows = {guest.name: guest for guest in made(*WHOLE).guests}
    assert [span.part for span in rows["web1"].spans][-2:] == [Part.MOVE, Part.PROVE]
    assert {guest.state for guest in rows.values()} == {"back"}
    midway = {guest.name: guest for guest in made(*MIDWAY).guests}
    assert (midway["batch1"].state, midway["batch1"].spans[-1].ended) == ("evacuate: unsure", None)
    waiting = {guest.name: guest for guest in made(OPENED, opened(), said(FactKind.PLAN, plan=PLAN)).guests}
    assert waiting["web1"].state == "evacuate: waiting"
    assert Part.MOVE not in {span.part for span in waiting["web1"].spans}


def test_guests_that_leave_a_degraded_host_have_a_bar_once_they_are_on_their_way() -> None:
    name = "a-degraded-host-is-drained"
    done = of_story(name)
    assert done.guests and all(guest.spans[-1].ended is not None for guest in done.guests)
    begun = min(guest.spans[0].begun for guest in done.guests)
    early = of_story(name, until=(begun - 1_767_225_600_000) / 1000 + 0.1)
    assert any(guest.spans == () or guest.spans[-1].ended is None for guest in early.guests)


def test_a_process_has_no_guests() -> None:
    assert made(*DISABLED).guests == () and Part.MOVE not in {span.part for span in made(*DISABLED).spans}


def test_a_deleted_guest_is_told_as_deleted() -> None:
    found = of_story("user-deletes-a-guest-meanwhile")
    assert "deleted meanwhile" in {guest.state for guest in found.guests}


def test_evidence_and_what_the_order_stands_on_are_listed_once() -> None:
    found = of_story("host-loses-power")
    assert len(found.witnesses) >= 2 and all(each.first <= each.last for each in found.witnesses)
    assert [proof.what for proof in found.proofs] == ["enough witnesses agree since then"]
    order = opened(
        confirmed_at=BrokerTime(1), asserted_at=BrokerTime(2), reset_at=BrokerTime(3), vouched_by="ann"
    )
    proofs = made(order, opened(n=2, asserted_at=BrokerTime(4))).proofs
    assert [proof.what for proof in proofs] == [
        "enough witnesses agree since then",
        "ann vouches that it is off",
        "its own watchdog has reset it, at the latest then",
        "a trusted sender says that it is off",
    ]


def test_each_no_is_told_once_with_how_often_and_its_last_detail() -> None:
    found = of_story("no-fence-device", until=1000.0)
    (held,) = [no for no in found.noes if no.reason is Reason.NO_FENCE_DEVICE]
    assert (held.verb, held.times) == (Verb.HOLD, 5) and "kasugai incident approve" in held.detail
    assert held.last - held.first > 800_000
    assert {no.reason for no in found.noes} >= {Reason.FIRST_SIGHTING, Reason.WAITING_TO_CONFIRM}


def test_a_workers_no_that_correlate_has_not_repeated_yet_is_told_too() -> None:
    found = made(OPENED, opened(), said(FactKind.VETOED, reason="sign-of-life"))
    (no,) = found.noes
    assert (no.verb, no.reason, no.times) == (Verb.VETO, Reason.SIGN_OF_LIFE, 1)


def test_steps_that_failed_are_told_by_their_reason_and_how_many_they_are() -> None:
    records = big_incident(9, stuck=3)
    (view,) = fold(records)
    found = report(view, records, NAMES, NOW)
    (no,) = [no for no in found.noes if no.verb == FAIL]
    assert (no.about, no.reason, no.times) == ("evacuate", Reason.NO_VALID_HOST, 3)


def test_persons_are_told_with_their_words_and_what_came_of_them() -> None:
    found = of_story("operator-holds-then-approves")
    assert [(str(each.verb), each.said, each.refused) for each in found.ordered] == [
        ("hold", "ann: so it is written", None),
        ("refuse", "retry by ann: so it is written", Reason.HELD_BY_COMMAND),
        ("refuse", "approve by ann: so it is written", Reason.NOTHING_TO_APPROVE),
        ("refuse", "arm by ann: so it is written", Reason.ALREADY_SO),
        ("approve", "ann: so it is written", None),
    ]
    assert [owner.epoch for owner in found.owners] == [1, 2]


def test_whose_word_counted_as_a_proof_is_told() -> None:
    found = of_story("person-vouches-for-a-host-without-a-device")
    (word,) = found.vouched
    assert (word.by, word.step, word.reason) == ("ann", "fence cmp1", "vouched")
    assert "on the word of ann" in told(found.headline)[1]


def test_the_chain_has_each_try_from_its_intent_to_its_end() -> None:
    links = {link.key: link for link in made(*WHOLE).chain}
    (fence,) = links[FENCE.key].tries
    assert (fence.intended, fence.state, fence.reason) == (None, StepState.DONE, "power-off")
    (down,) = links[DOWN.key].tries
    assert down.intended is not None and down.ended is not None and down.intended < down.ended
    (job,) = links[JOB.key].tries
    assert job.unsure is not None and job.ended is not None
    assert links[WEB.key].name == "web1" and links[REST.key].tries[0].intended is None


def test_a_step_that_is_called_again_has_two_tries_and_what_is_seen_again_is_no_try() -> None:
    again = of_step(WEB, StepState.STARTED, tries=2)
    found = made(
        *MIDWAY[:5], of_step(WEB, StepState.STARTED), of_step(WEB, StepState.ABSOLVED, "no trace"), again
    )
    (web,) = [link for link in found.chain if link.key == WEB.key]
    assert [(each.state, each.ended is None) for each in web.tries] == [
        (StepState.ABSOLVED, False),
        (StepState.STARTED, True),
    ]
    fenced = MIDWAY[4]
    assert isinstance(fenced, Fact)
    twice = made(*MIDWAY[:5], replace(fenced, epoch=2))
    assert [len(link.tries) for link in twice.chain] == [1]


def test_the_story_begins_with_the_first_word_and_leaves_other_stories_out() -> None:
    earlier = decided(Verb.CLOSE, Reason.RECOVERED, UUID(int=5))
    before = replace(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None, "long ago"), verdict_id=UUID(int=6))
    refused = replace(
        decided(Verb.REFUSE, Reason.ALREADY_SO, None, "arm by ann: why"), verdict_id=UUID(int=7)
    )
    other = replace(decided(Verb.HOLD, Reason.STORM, None), segment="another", verdict_id=UUID(int=8))
    suspect = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None)
    order = opened(opened_at=BrokerTime(START + 4000), decided_at=BrokerTime(START + 4000))
    records = seen(before, earlier, suspect, other, OPENED, order, refused)
    view = next(view for view in fold(records) if view.incident == INCIDENT)
    found = report(view, records, {}, NOW)
    assert found.segment == view.segment[:8]
    assert [no.reason for no in found.noes] == [Reason.FIRST_SIGHTING, Reason.ALREADY_SO]


@pytest.mark.parametrize("name", ["operator-holds-then-approves", "retry-after-a-failed-start"])
@given(data=st.data())
def test_any_order_and_any_repetition_of_the_records_give_the_same_report(
    name: str, data: st.DataObject
) -> None:
    records = records_of(name)
    view, now = fold(records)[0], max(record.at for record in records)
    again = [Seen(BrokerTime(each.at + 5), each.offset + 100, each.value) for each in records[::7]]
    shuffled = data.draw(st.permutations([*records, *again]))
    assert report(view, shuffled, {}, now) == report(view, records, {}, now)


def test_of_an_instance_that_was_begun_nothing_is_known_yet() -> None:
    found = made(*BEGUN)
    assert found.guests == () and found.headline.failed.text.startswith("Instance 2f3c9d1a on cmp1")


@pytest.mark.parametrize(
    "name", ["a-degraded-host-is-drained", "host-loses-power", "operator-holds-then-approves"]
)
def test_no_clock_that_goes_backwards_makes_a_time_shorter_than_none(name: str) -> None:
    """A broker that follows another, and whoever writes the report, may be behind."""
    records = records_of(name)
    last = max(each.at for each in records)
    backwards = [replace(each, at=BrokerTime(2 * last - each.at)) for each in records]
    made_by = [
        report(view, told, {}, now)
        for told, now in ((backwards, last), (records, START - 1_000_000_000))
        for view in fold(told)
    ]
    assert made_by and all(each.begun <= each.ended for each in made_by)
    spans = [span for each in made_by for span in (*each.spans, *(s for g in each.guests for s in g.spans))]
    assert spans and all(span.lasted is None or span.lasted >= 0 for span in spans)
