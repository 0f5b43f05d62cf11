"""The numbers agree with what `kasugai status` and `segment show` say of the same records; told of real stories."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.telling.host_states import host_states
from kasugai.core.telling.incident_views import Record, Seen, of_incident
from kasugai.core.telling.numbers import (
    HEALTH,
    NOWHERE,
    RECENT,
    UNKNOWN_AT_MOST,
    UNKNOWN_FOR,
    WAYS_AT_MOST,
    Guests,
    Numbers,
    Waits,
    numbers,
)
from kasugai.core.telling.protection import Unprotected
from kasugai.core.telling.standing import Case, Words, case_of, words_of
from kasugai.core.telling.status import LATELY, status
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import UNKNOWN_SEGMENT
from kasugai.core.words.subject import Kind, Subject, segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Evidence, Reason, Verb, Verdict
from tests.support.incidents import (
    JOB,
    MIDWAY,
    OPENED,
    PLAN,
    SEGMENT,
    START,
    WEB,
    WHOLE,
    decided,
    of_step,
    opened,
    said,
)
from tests.support.stories import records_of

NOW = START + 60_000
RACK = SegmentRecord(segment_id=SEGMENT, name="rack1", created_at=START)
CMP1 = HostRecord(host_uuid="h1", name="cmp1", segment_id=SEGMENT)
STORIES = {
    "host-loses-power": (1e9,),
    "no-fence-device": (100.0, 600.0, 1e9),
    "retry-after-a-failed-start": (40.0, 1e9),
    "armed-ten-minutes-later": (300.0, 1e9),
    "operator-holds-then-approves": (60.0, 1e9),
    "a-guest-crashes": (1e9,),
    "a-failed-restart-is-retried": (1e9,),
    "a-drained-host-dies-and-comes-back": (1e9,),
    "a-planned-stop": (100.0, 1e9),
    "storm-of-20-for-60s": (60.0, 1e9),
    "the-budget-is-used-up": (1e9,),
    "a-degraded-host-is-drained": (1e9,),
    "only-the-agent-dies": (1e9,),
}


def remembered(seen: Iterable[Seen]) -> tuple[list[Case], list[Words]]:
    """Return what is remembered of records, as a process that follows the topics comes to it: bucket by bucket."""
    incidents: dict[UUID, list[Seen]] = defaultdict(list)
    subjects: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        if each.value.incident is not None:
            incidents[each.value.incident].append(each)
        if isinstance(each.value, Verdict):
            subjects[each.value.subject.name].append(each)
    cases = [case_of(of_incident(incident, records)) for incident, records in incidents.items()]
    return cases, [words_of(records) for records in subjects.values()]


def seen(*values: Record) -> list[Seen]:
    """Return records that came a second apart."""
    return [Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(values)]


def of(
    *values: Record,
    segments: Sequence[SegmentRecord] = (RACK,),
    hosts: Sequence[HostRecord] = (CMP1,),
    now: int = NOW,
) -> Numbers:
    return numbers(*remembered(seen(*values)), segments, hosts, now)


def why(*values: Record, segment: SegmentRecord = RACK, host: HostRecord = CMP1) -> Unprotected | None:
    """Return why cmp1 is not protected."""
    return of(*values, segments=[segment], hosts=[host]).hosts[0].unprotected


def suspected(*observers: str) -> Verdict:
    evidence = [
        Evidence(event_id=UUID(int=1), observer=name, symptom="down", episode="1") for name in observers
    ]
    verdict = decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, incident=None)
    return replace(verdict, evidence=tuple(evidence))


def held(reason: Reason) -> Verdict:
    return decided(Verb.HOLD, reason, incident=None)


@pytest.mark.parametrize(("story", "until"), [(story, at) for story, ats in STORIES.items() for at in ats])
def test_the_numbers_are_those_of_status_and_of_segment_show(story: str, until: float) -> None:
    records = records_of(story, until)
    ids = {each.value.segment for each in records}
    segments = [SegmentRecord(segment_id=each, name=each) for each in sorted(ids)]
    now = max(each.at for each in records) + 1
    states = host_states(records)
    hosts = [HostRecord(host_uuid=name, name=name, segment_id=segment) for segment, name in states]
    shown, found = status(records, segments, now), numbers(*remembered(records), segments, hosts, now)
    assert found.health == HEALTH[shown.level]
    assert {(h.segment, h.host): h.state for h in found.hosts} == {p: s.word for p, s in states.items()}
    later = numbers(*remembered(records), segments, hosts, now + 2 * RECENT)
    assert sum(guests.down for guests in later.guests.values()) == shown.down, "of open incidents alone"
    assert sum(guests.back for guests in later.guests.values()) == shown.back
    assert all(0 <= each.coming <= each.down for each in found.guests.values())


def test_without_a_record_all_is_well_and_every_host_is_protected() -> None:
    found = of()
    assert (found.health, found.open, found.guests) == (0, {}, {})
    (host,) = found.hosts
    assert (host.host, host.segment, host.state, host.unprotected) == ("cmp1", "rack1", "in-service", None)


def test_a_recovery_under_way_is_counted_as_coming_back_by_itself() -> None:
    found = of(*MIDWAY)
    assert found.health == 1
    assert found.guests == {("cmp1", "rack1"): Guests(down=1, coming=1, back=1)}
    assert found.open == {("rack1", Kind.HOST, Waits.ITSELF): 1}
    assert (found.hosts[0].state, found.hosts[0].unprotected) == ("recovering", Unprotected.IN_RECOVERY)


def test_a_guest_whose_step_failed_or_whose_incident_is_held_needs_a_hand() -> None:
    failed = of(*MIDWAY, of_step(WEB, StepState.FAILED, tries=2))
    assert failed.guests["cmp1", "rack1"] == Guests(down=2, coming=1)
    waits = of(
        *MIDWAY, said(FactKind.HELD, reason=Reason.NO_CAPACITY), decided(Verb.HOLD, Reason.NO_CAPACITY)
    )
    assert waits.guests["cmp1", "rack1"] == Guests(down=1, coming=0, back=1)
    assert (waits.health, waits.open) == (2, {("rack1", Kind.HOST, Waits.PERSON): 1})
    assert waits.hosts[0].unprotected is Unprotected.HELD


def test_guests_of_what_has_ended_are_counted_for_an_hour_and_never_those_that_were_left() -> None:
    ended = START + 1000 * (len(WHOLE) - 1)
    assert of(*WHOLE, now=ended + RECENT - 1).guests == {("cmp1", "rack1"): Guests(back=2)}
    assert of(*WHOLE, now=ended + RECENT).guests == {}
    withdrawn = (*MIDWAY[:4], said(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE))
    assert of(*withdrawn, decided(Verb.CLOSE, Reason.NOTHING_DONE)).guests == {}


def test_guests_of_one_name_and_of_none_are_told_apart() -> None:
    twins = replace(
        PLAN, steps=(*PLAN.steps[:3], replace(JOB, name="web1"), replace(JOB, subject="third", name=""))
    )
    found = of(OPENED, opened(), said(FactKind.ADOPTED), said(FactKind.PLAN, plan=twins))
    assert [way.guest for way in found.ways] == ["web1 (web)", "web1 (job)", "third"]
    assert {(way.host, way.segment, way.incident, way.state) for way in found.ways} == {
        ("cmp1", "rack1", OPENED.incident, "decide")
    }


def test_very_many_guests_are_counted_and_told_one_by_one_in_part() -> None:
    steps = tuple(replace(WEB, subject=f"g{n}", name=f"g{n}") for n in range(WAYS_AT_MOST + 5))
    plan = replace(PLAN, steps=steps)
    found = of(OPENED, opened(), said(FactKind.ADOPTED), said(FactKind.PLAN, plan=plan))
    assert (len(found.ways), found.guests["cmp1", "rack1"].down) == (WAYS_AT_MOST, WAYS_AT_MOST + 5)


def test_what_was_ordered_waits_for_whoever_ordered_it() -> None:
    found = of(held(Reason.DISARMED))
    assert (found.health, found.open) == (0, {("rack1", Kind.HOST, Waits.ORDERED): 1})
    detailed = replace(held(Reason.MAINTENANCE), detail="ann: disk", also=(Reason.DISARMED,))
    assert of(detailed).open == {("rack1", Kind.HOST, Waits.ORDERED): 1}, "whatever else is said with it"


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ((suspected("liveness"),), Unprotected.AGENT_SILENT),
        ((suspected("liveness", "os-services"),), Unprotected.SUSPECTED),
        ((suspected("os-services"),), Unprotected.SUSPECTED),
        ((held(Reason.NO_FENCE_DEVICE),), Unprotected.NO_FENCE_DEVICE),
        ((held(Reason.DISARMED_BY_COMMAND),), Unprotected.DISARMED),
        ((held(Reason.MAINTENANCE),), Unprotected.MAINTENANCE),
        ((held(Reason.SILENCED),), Unprotected.SILENCED),
        ((held(Reason.APPROVAL_NEEDED),), Unprotected.HELD),
        ((OPENED, opened()), Unprotected.IN_RECOVERY),
        (WHOLE, Unprotected.OUT),
        ((*WHOLE, decided(Verb.WATCH, Reason.ON_PROBATION, incident=None)), None),
        ((decided(Verb.DISARM, Reason.COMMAND, incident=None),), Unprotected.DISARMED),
        ((decided(Verb.ALERT, Reason.UNDECIDABLE, incident=None),), Unprotected.DISARMED),
        ((decided(Verb.BEGIN_STOP, Reason.COMMAND, incident=None),), Unprotected.PLANNED_STOP),
    ],
)
def test_a_host_is_not_protected_for_one_reason(
    records: tuple[Record, ...], reason: Unprotected | None
) -> None:
    assert why(*records) is reason


def test_descriptions_protect_too() -> None:
    assert why(segment=replace(RACK, armed=False)) is Unprotected.DISARMED
    assert why(host=replace(CMP1, on_maintenance=True)) is Unprotected.MAINTENANCE
    assert why(host=replace(CMP1, on_maintenance=True, maintenance_until=NOW)) is None, "it is over"
    orphan = of(hosts=[replace(CMP1, segment_id="gone")]).hosts[0]
    assert (orphan.segment, orphan.unprotected) == (NOWHERE, Unprotected.NO_SEGMENT)


def test_a_host_that_was_given_up_is_protected_no_more() -> None:
    given_up = opened(undoes=UUID(int=9), retired_by="ann")
    assert why(OPENED, given_up, *WHOLE[2:]) is Unprotected.RETIRED


def test_the_last_word_that_arms_or_disarms_counts_whichever_subject_it_is_about() -> None:
    """A bug disarms a segment in a word about a host; a person arms it in one about the segment."""
    bug = decided(Verb.ALERT, Reason.UNDECIDABLE, incident=None)
    arm = replace(decided(Verb.ARM, Reason.COMMAND, incident=None), subject=segment_subject("rack1"))
    assert of(bug).health == 2
    assert why(replace(bug, at=BrokerTime(1)), replace(arm, at=BrokerTime(2))) is None
    assert why(replace(bug, at=BrokerTime(3)), replace(arm, at=BrokerTime(2))) is Unprotected.DISARMED


def test_a_host_in_no_segment_is_told_for_a_day_and_a_thousand_at_most() -> None:
    word = replace(decided(Verb.IGNORE, Reason.UNKNOWN_SUBJECT, incident=None), segment=UNKNOWN_SEGMENT)
    strangers = [replace(word, subject=Subject(kind=Kind.HOST, host=f"new{n}")) for n in range(1_005)]
    found = of(*strangers, now=START + 10).hosts
    assert len(found) == 1 + UNKNOWN_AT_MOST
    assert {(h.segment, h.unprotected) for h in found[1:]} == {(NOWHERE, Unprotected.NO_SEGMENT)}
    assert found[1].host == "new1004", "the last ones heard of"
    assert len(of(*strangers, now=START + UNKNOWN_FOR + 2_000_000).hosts) == 1
    assert len(of(replace(word, subject=OPENED.subject)).hosts) == 1, "described meanwhile"


def test_a_failed_guest_wants_a_person_for_a_day() -> None:
    guest = Subject(kind=Kind.INSTANCE, host="cmp1", detail=str(UUID(int=5)))
    failed = said(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL)
    records = [
        replace(each, subject=guest)
        for each in (OPENED, opened(), failed, decided(Verb.CLOSE, Reason.PARTIAL))
    ]
    assert of(*records).health == 2
    assert of(*records, now=START + 2 * LATELY).health == 0
    assert of(*records, replace(OPENED, subject=guest, incident=UUID(int=8))).health == 1


def test_a_word_that_says_nothing_is_not_kept() -> None:
    assert not words_of(seen(decided(Verb.IGNORE, Reason.STALE, incident=None))).is_worth_keeping
    assert words_of(seen(held(Reason.STORM))).is_worth_keeping
