"""The projection: notifications follow what became of them, and the set of records alone decides what is shown."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kasugai.adapters.kafka.records import Incoming
from kasugai.api.announcements import Announcement
from kasugai.api.own.shown import stamp as shown_at
from kasugai.api.project_app import newest
from kasugai.api.projection import projector as projection
from kasugai.api.projection.buckets import held, unkept
from kasugai.api.projection.cache import Cache
from kasugai.api.projection.projector import Came, Projector
from kasugai.api.view_store import ViewStore
from kasugai.api.views import MoveStatus, Status, VMoveView
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.telling.documents import Kept, NotOwner
from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.words.bounds import LATEST
from kasugai.core.words.facts import DESTINATION, FactKind, Result, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.policy import HostReturn, Policy
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.schemas.topics import REPORTED, VERDICTS
from tests.support.incidents import (
    INCIDENT,
    JOB,
    MIDWAY,
    OPENED,
    PLAN,
    REST,
    WEB,
    WHOLE,
    decided,
    of_step,
    opened,
    said,
)
from tests.support.memory_documents import MemoryDocuments
from tests.support.projections import UUID_1, came, came_from, naming, posted, posted_as, projected, shown
from tests.support.stories import records_of
from tests.unit.core.makers import down, fact, segment
from tests.unit.core.story import Story, answer

STORIES = ("host-loses-power", "retry-after-a-failed-start", "no-fence-device")
POSTED = posted()
LINKED = naming(OPENED, POSTED)
STARTED = posted("22222222-0000-4000-8000-000000000003", symptom=Symptom.ALIVE)


def status_of(*values: Record | Fault, uuid: str = UUID_1) -> tuple[Status, str]:
    view = shown(*values).notification(uuid)
    assert view is not None
    return view.status, view.message


def with_notification(story: str) -> list[Came]:
    """A story, and a notification that is its first fault."""
    records: Sequence[Seen] = records_of(story)
    first = next(r.value for r in records if isinstance(r.value, Verdict) and r.value.evidence)
    told = replace(POSTED, event_id=first.evidence[0].event_id, subject=first.subject)
    return [*came_from(records), *came(told)]


@pytest.mark.parametrize("story", STORIES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_order_and_any_repetition_give_the_same_bytes(story: str, data: st.DataObject) -> None:
    records = with_notification(story)
    again = data.draw(st.lists(st.sampled_from(records), max_size=10))
    shuffled = data.draw(st.permutations([*records, *again]))
    cut = data.draw(st.integers(min_value=0, max_value=len(shuffled)))
    whole, parts = projected(records), projected(shuffled[:cut], shuffled[cut:])
    assert parts.texts == whole.texts
    assert (parts.lists, parts.hosts) == (whole.lists, whole.hosts)


@pytest.mark.parametrize("story", STORIES)
def test_whichever_record_comes_last_the_bytes_are_the_same(story: str) -> None:
    records = with_notification(story)
    whole = projected(records)
    for last in range(len(records)):
        parts = projected(records[:last] + records[last + 1 :], [records[last]])
        assert parts.texts == whole.texts, records[last]
        assert (parts.lists, parts.hosts) == (whole.lists, whole.hosts), records[last]


def test_a_fact_that_comes_alone_changes_what_is_shown_of_the_notification() -> None:
    """It is kept with its incident only; the notification lies in its subject's bucket."""
    records = came(POSTED, LINKED, *MIDWAY[1:], said(FactKind.HELD))
    before, after = projected(records[:-1]), projected(records[:-1], records[-1:])
    name = f"notification/{UUID_1}"
    assert before.texts[name] != after.texts[name] == projected(records).texts[name]


def test_words_count_in_the_order_of_time_not_of_their_places() -> None:
    """Offset 9 is before 10, and a fault that was sent twice is the one that came first."""
    suspected = naming(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), POSTED)
    over = naming(decided(Verb.WITHDRAW, Reason.SIGN_OF_LIFE, None))
    others = [posted(str(UUID(int=n)), host=f"cmp{n}") for n in range(2, 10)]
    told: list[Record | Fault] = [POSTED, *others, suspected, over, POSTED]
    view = shown(*told).notification(UUID_1)
    assert view is not None and (view.status, view.message[:12]) == (Status.IGNORED, "sign-of-life")
    first = shown(POSTED).notification(UUID_1)
    assert first is not None and (view.number, view.created_at) == (first.number, first.created_at)


def test_a_notification_that_nobody_has_looked_at_is_new() -> None:
    view = shown(POSTED).notification(UUID_1)
    assert view is not None
    assert (view.status, view.updated_at, view.incident, view.message) == (Status.NEW, None, "", "")
    assert (view.type, view.source_host_uuid, view.payload) == (
        "COMPUTE_HOST",
        "h",
        {
            "event": "STOPPED",
            "host_status": "NORMAL",
            "cluster_status": "OFFLINE",
        },
    )


def test_a_notification_runs_while_its_incident_does_and_finishes_with_it() -> None:
    assert status_of(POSTED, LINKED, *MIDWAY[1:]) == (Status.RUNNING, "")
    assert status_of(POSTED, LINKED, *WHOLE[1:]) == (Status.FINISHED, "")


@pytest.mark.parametrize(
    ("after", "status", "message"),
    [
        pytest.param([decided(Verb.CLOSE, Reason.PARTIAL)], Status.FAILED, "partial-failure", id="failed"),
        pytest.param(
            [decided(Verb.CLOSE, Reason.NOTHING_DONE)], Status.IGNORED, "nothing-done", id="withdrawn"
        ),
        pytest.param(
            [said(FactKind.HELD), decided(Verb.HOLD, Reason.NO_FENCE_DEVICE)],
            Status.RUNNING,
            "no-fence-device",
            id="held",
        ),
        pytest.param(
            [said(FactKind.FINISHED, result=Result.FAILED), decided(Verb.RETRY, Reason.NO_VALID_HOST)],
            Status.ERROR,
            "no-valid-host",
            id="a second attempt follows",
        ),
        pytest.param(
            [
                said(FactKind.FINISHED, result=Result.FAILED),
                decided(Verb.RETRY, Reason.NO_VALID_HOST),
                decided(Verb.REOPEN, Reason.BACK_OFF_OVER),
                opened(n=2, attempt=2),
                said(FactKind.ADOPTED, attempt=2, epoch=2, n=2),
            ],
            Status.RUNNING,
            "",
            id="the second attempt",
        ),
    ],
)
def test_the_status_is_the_phase_in_masakaris_words(
    after: Sequence[Record], status: Status, message: str
) -> None:
    assert status_of(POSTED, LINKED, *MIDWAY[1:], *after) == (status, message)


@pytest.mark.parametrize(
    ("verdicts", "status", "reason"),
    [
        pytest.param(
            [(Verb.SUSPECT, Reason.FIRST_SIGHTING)], Status.RUNNING, "first-sighting", id="suspected"
        ),
        pytest.param([(Verb.HOLD, Reason.MAINTENANCE)], Status.RUNNING, "maintenance", id="held"),
        pytest.param([(Verb.HOLD, Reason.DISARMED)], Status.IGNORED, "disarmed", id="segment disabled"),
        pytest.param(
            [(Verb.IGNORE, Reason.UNKNOWN_SUBJECT)], Status.IGNORED, "unknown-subject", id="unknown"
        ),
        pytest.param([(Verb.IGNORE, Reason.STALE)], Status.IGNORED, "stale", id="repeated"),
        pytest.param(
            [(Verb.EXPLAIN, Reason.PART_OF_INCIDENT)], Status.IGNORED, "part-of-incident", id="explained"
        ),
    ],
)
def test_without_an_incident_the_last_word_counts(
    verdicts: Sequence[tuple[Verb, Reason]], status: Status, reason: str
) -> None:
    told = [naming(decided(verb, why, None), POSTED) for verb, why in verdicts]
    found, message = status_of(POSTED, *told)
    assert (found, message.split(":")[0]) == (status, reason)
    assert len(message.split(": ")[1]) > 10, "it says what the reason means"


def test_a_suspicion_that_was_withdrawn_is_ignored_though_the_withdrawal_does_not_name_it() -> None:
    suspected = naming(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), POSTED)
    assert (
        status_of(POSTED, suspected, naming(decided(Verb.WITHDRAW, Reason.SIGN_OF_LIFE, None)))[0]
        is Status.IGNORED
    )


def test_a_suspicion_whose_observer_then_said_more_ends_with_the_incident_that_followed() -> None:
    """UNKNOWN, then NORMAL: correlate keeps one condition per observer, so the incident's evidence names the second."""
    other = "22222222-0000-4000-8000-000000000002"
    first = posted(other, host_status="UNKNOWN")
    suspected = naming(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), first)
    before: list[Record | Fault] = [first, suspected]
    assert status_of(*before, uuid=other)[0] is Status.RUNNING
    assert status_of(*before, POSTED, LINKED, *MIDWAY[1:], uuid=other) == (Status.RUNNING, "")
    assert status_of(*before, POSTED, LINKED, *WHOLE[1:], uuid=other) == (Status.FINISHED, "")
    assert status_of(*before, POSTED, LINKED, *WHOLE[1:]) == (Status.FINISHED, "")
    over = naming(decided(Verb.WITHDRAW, Reason.SIGN_OF_LIFE, None))
    assert status_of(*before, over, POSTED, LINKED, *WHOLE[1:], uuid=other)[0] is Status.IGNORED


def test_what_was_ignored_stays_ignored_whatever_follows() -> None:
    stale = naming(decided(Verb.IGNORE, Reason.STALE, None), POSTED)
    later = posted("22222222-0000-4000-8000-000000000002")
    assert status_of(POSTED, stale, later, naming(OPENED, later), *MIDWAY[1:])[0] is Status.IGNORED


def test_a_repetition_of_an_open_incidents_report_is_ignored() -> None:
    other = "22222222-0000-4000-8000-000000000002"
    again = posted(other)
    stale = naming(decided(Verb.IGNORE, Reason.STALE), again)
    assert status_of(POSTED, LINKED, opened(), again, stale, uuid=other)[0] is Status.IGNORED
    assert status_of(POSTED, LINKED, opened(), again, stale)[0] is Status.RUNNING


def test_started_is_finished_as_soon_as_it_was_heard() -> None:
    alive = posted(symptom=Symptom.ALIVE, event="STARTED")
    assert status_of(alive)[0] is Status.NEW
    assert status_of(alive, naming(decided(Verb.IGNORE, Reason.SIGN_OF_LIFE, None), alive)) == (
        Status.FINISHED,
        "",
    )


@pytest.mark.parametrize(
    ("kind", "type_", "status"),
    [(Kind.INSTANCE, "VM", Status.IGNORED), (Kind.PROCESS, "PROCESS", Status.FINISHED)],
)
def test_an_instances_ordinary_event_is_ignored_and_a_process_that_started_finished(
    kind: Kind, type_: str, status: Status
) -> None:
    """masakari.md 2.4, 2.5."""
    told = replace(posted_as(kind, type_, "x"), symptom=Symptom.CLEAR)
    said_ = replace(naming(decided(Verb.IGNORE, Reason.CLEARED, None), told), subject=told.subject)
    assert status_of(told)[0] is Status.NEW
    found, message = status_of(told, said_)
    assert found is status and bool(message) is (status is Status.IGNORED)


@pytest.mark.parametrize(("kind", "type_"), [(Kind.INSTANCE, "VM"), (Kind.PROCESS, "PROCESS")])
def test_what_nobody_knows_is_ignored_with_a_sentence(kind: Kind, type_: str) -> None:
    told = posted_as(kind, type_, "x")
    said_ = replace(naming(decided(Verb.IGNORE, Reason.UNKNOWN_SUBJECT, None), told), subject=told.subject)
    status, message = status_of(told, said_)
    assert status is Status.IGNORED
    assert message == "unknown-subject: The inventory does not know the host."


def moves(*values: Record) -> dict[str, VMoveView]:
    return {
        move.instance_name or move.instance_uuid: move
        for move in shown(POSTED, LINKED, *values).vmoves(UUID_1)
    }


def landed(destination: str = "cmp2") -> Record:
    fact = of_step(WEB, StepState.DONE)
    assert fact.step is not None
    return replace(fact, step=replace(fact.step, notes=FrozenMap({DESTINATION: destination})))


def test_moves_say_where_each_instance_went_and_when() -> None:
    found = moves(*MIDWAY[1:-2], landed(), *WHOLE[-5:])
    web = found["web1"]
    assert (web.status, web.dest_host, web.source_host, web.type) == (
        MoveStatus.SUCCEEDED,
        "cmp2",
        "cmp1",
        "evacuation",
    )
    assert web.start_time is not None and web.end_time is not None and web.start_time < web.end_time
    assert found["batch1"].status is MoveStatus.SUCCEEDED
    assert (found["old1"].status, found["old1"].message) == (MoveStatus.IGNORED, "in-error")
    assert len({move.number for move in found.values()}) == 3


@pytest.mark.parametrize(
    ("after", "name", "status", "message"),
    [
        pytest.param([], "web1", MoveStatus.PENDING, "", id="planned"),
        pytest.param([of_step(WEB, StepState.STARTED)], "web1", MoveStatus.ONGOING, "", id="begun"),
        pytest.param([of_step(WEB, StepState.UNSURE)], "web1", MoveStatus.ONGOING, "unsure", id="unsure"),
        pytest.param(
            [of_step(WEB, StepState.ABSOLVED, "no trace")], "web1", MoveStatus.PENDING, "no trace", id="again"
        ),
        pytest.param(
            [of_step(WEB, StepState.FAILED, "no-valid-host")],
            "web1",
            MoveStatus.FAILED,
            "no-valid-host",
            id="failed",
        ),
        pytest.param(
            [of_step(WEB, StepState.DONE, "deleted")], "web1", MoveStatus.IGNORED, "deleted", id="deleted"
        ),
        pytest.param(
            [of_step(JOB, StepState.DONE)], "batch1", MoveStatus.ONGOING, "", id="not yet stopped again"
        ),
        pytest.param(
            [of_step(JOB, StepState.DONE), of_step(REST, StepState.FAILED, "refused")],
            "batch1",
            MoveStatus.FAILED,
            "not stopped again: refused",
            id="runs and should not",
        ),
        pytest.param(
            [of_step(JOB, StepState.DONE), decided(Verb.CLOSE, Reason.PARTIAL)],
            "batch1",
            MoveStatus.FAILED,
            "not stopped again: partial-failure",
            id="over before it was stopped again",
        ),
        pytest.param(
            [decided(Verb.CLOSE, Reason.PARTIAL)],
            "web1",
            MoveStatus.FAILED,
            "partial-failure",
            id="never begun",
        ),
    ],
)
def test_each_moves_status(after: Sequence[Record], name: str, status: MoveStatus, message: str) -> None:
    move = moves(opened(), said(FactKind.ADOPTED), said(FactKind.PLAN, plan=PLAN), *after)[name]
    assert (move.status, move.message) == (status, message)


def test_an_incident_without_a_plan_has_no_moves() -> None:
    assert moves(opened()) == {}


def test_a_second_attempt_keeps_what_the_first_one_moved() -> None:
    second = replace(PLAN, attempt=2, epoch=2, steps=tuple(s for s in PLAN.steps if s != WEB))
    found = moves(*MIDWAY[1:], said(FactKind.PLAN, plan=second, attempt=2, epoch=2))
    assert set(found) == {"web1", "batch1", "old1"}


def test_progress_has_masakaris_tasks_and_the_narrators_words() -> None:
    details = shown(POSTED, LINKED, *WHOLE[1:]).details(UUID_1)
    assert [(d.name, d.percent, d.state) for d in details] == [
        ("DisableComputeServiceTask", 100, "SUCCESS"),
        ("PrepareHAEnabledInstancesTask", 100, "SUCCESS"),
        ("EvacuateInstancesTask", 100, "SUCCESS"),
    ]
    sentences = [each.message for each in details[2].progress]
    assert "evacuate web1" in sentences and sentences[-1] == "host-down/cmp1 recovered"


def test_a_task_under_way_says_how_much_is_done() -> None:
    evacuate = shown(POSTED, LINKED, *MIDWAY[1:]).details(UUID_1)[-1]
    assert (evacuate.name, evacuate.percent, evacuate.state) == ("EvacuateInstancesTask", 50, "RUNNING")


def test_a_further_attempt_appends_its_tasks() -> None:
    again = [
        said(FactKind.FINISHED, result=Result.FAILED),
        said(FactKind.PLAN, plan=replace(PLAN, attempt=2), attempt=2, epoch=2),
    ]
    details = shown(POSTED, LINKED, *MIDWAY[1:], *again).details(UUID_1)
    assert [d.name for d in details].count("PrepareHAEnabledInstancesTask") == 2
    assert details[2].state == "FAILURE"


def test_an_incident_is_shown_with_its_plan_its_story_and_its_notifications() -> None:
    views = shown(POSTED, LINKED, *WHOLE[1:])
    view = views.incident(str(INCIDENT))
    assert view is not None
    assert (view.kind, view.subject, view.host_uuid, view.phase) == ("host", "host/cmp1", "h", "recovered")
    assert (view.instances, view.instances_done, view.notifications) == (2, 2, (UUID_1,))
    assert [step.step for step in view.steps][:2] == ["fence:cmp1", "force-down:cmp1"]
    assert view.steps[2].needs == ("force-down:cmp1",)
    assert views.timeline(str(INCIDENT))[0].sentence == "open cmp1 (confirmed)"
    assert list(views.incidents()) == [view]


def test_a_host_is_busy_while_it_is_under_recovery() -> None:
    assert shown(POSTED).busy_hosts() == {"h"}
    assert shown(POSTED, LINKED, *MIDWAY[1:]).busy_hosts() == {"h"}
    assert shown(POSTED, LINKED, *WHOLE[1:]).busy_hosts() == frozenset()


def test_a_host_that_is_only_suspected_is_not_busy() -> None:
    """An UNKNOWN report may stand for days: an operator must be able to say that the host is alive."""
    suspected = naming(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), POSTED)
    held_ = naming(decided(Verb.HOLD, Reason.INSUFFICIENT_EVIDENCE, None), POSTED)
    assert shown(POSTED, suspected).busy_hosts() == frozenset()
    assert shown(POSTED, suspected, held_).busy_hosts() == frozenset()
    assert shown(POSTED, suspected, LINKED, *MIDWAY[1:]).busy_hosts() == {"h"}


def test_verdicts_tell_why_and_why_not() -> None:
    first, last = shown(
        naming(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), POSTED), LINKED, LINKED
    ).verdicts("host/cmp1")
    assert (first.reason, first.meaning) == ("first-sighting", "The first observer speaks against the host.")
    assert (last.verb, last.incident, last.evidence[0].episode) == ("open", str(INCIDENT), UUID_1)


def test_what_shows_nothing_is_passed_over() -> None:
    strange: Came = ("kasugai.verdicts", came(LINKED)[0][1], b"\x00\x00\x00\xff\xffnonsense")
    documents = projected([strange, *came(POSTED)])
    assert ViewStore(documents).notification(UUID_1) is not None


@pytest.mark.parametrize("at", [-1, -(2**40), LATEST + 1, 2**63 - 1])
def test_a_date_that_no_calendar_has_ends_nobody(at: int) -> None:
    """Verdicts carry their producer's stamp, and a broker takes whatever that is."""
    records = [
        (topic, Incoming(topic=topic, partition=0, offset=n, at=at, key=None, value=body).stamp, body)
        for n, (topic, _, body) in enumerate(came(LINKED, *WHOLE[1:]))
    ]
    store = ViewStore(projected([*records, *came(POSTED)]))
    (incident,) = store.incidents()
    assert shown_at(incident.opened_at) and all(
        shown_at(line.at) for line in store.timeline(incident.incident)
    )
    assert [view.notification_uuid for view in store.notifications()] == [UUID_1]


@pytest.mark.parametrize("text", ["no view", "[7]", '[{"incident": []}]'])
@pytest.mark.parametrize("kind", ["incident", "notification"])
def test_a_text_that_is_no_view_is_written_anew_and_ends_nobody(kind: str, text: str) -> None:
    records, later = came(POSTED, LINKED, *WHOLE[1:]), decided(Verb.WATCH, Reason.SIGN_OF_LIFE, None)
    documents = MemoryDocuments()
    whole = play(documents, records)
    documents.texts[f"{kind}/{INCIDENT if kind == 'incident' else UUID_1}"] = text
    with suppress(NotOwner):  # what an incident was cannot be told from here: all is read again
        play(documents, came(*[POSTED] * len(records), later)[-1:])
    assert play(documents, records) == whole


def test_what_somebody_else_keeps_among_records_is_passed_over() -> None:
    assert unkept(Kept(place="theirs", body=b"")) is None
    assert unkept(Kept(place="t/x/y", body=b"12345678")) is None


def play(documents: MemoryDocuments, records: Sequence[Came]) -> dict[str, str]:
    """Let a projector that announces take these, and return the texts of the incident and of the notification."""
    assert documents.own("me")
    projector = Projector(documents, "me", announcer=Quiet())
    projector.take(records, {"t/0": len(records)})
    while not projector.is_done:
        projector.project()
    return {
        name: text
        for name, text in documents.texts.items()
        if name.startswith(("incident/", "notification/"))
    }


class Quiet:
    """Announces nothing."""

    def announce(self, said: Announcement) -> None:
        """Drop it."""


@pytest.mark.parametrize("uuid", ["a/b", "/", f"{UUID_1}/", "\n", ""])
def test_whatever_a_notification_is_called_the_others_are_shown(uuid: str) -> None:
    found = [view.notification_uuid for view in shown(POSTED, posted(uuid)).notifications()]
    assert UUID_1 in found and set(found) <= {UUID_1, uuid}


def test_a_producer_s_clock_makes_nothing_forgotten() -> None:
    ahead = Incoming(topic=VERDICTS, partition=0, offset=0, at=5_000, key=None, value=None)
    told = replace(ahead, topic=REPORTED, at=3_000)
    assert newest(BrokerTime(2_000), [ahead]) == 2_000
    assert newest(BrokerTime(2_000), [told, ahead]) == 3_000


class Claims:
    """What was done to claims, in order."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, str]] = []

    def confirm(self, key: str, uuid: str) -> None:
        self.done.append(("confirm", key, uuid))

    def hold(self, key: str, uuid: str) -> None:
        self.done.append(("hold", key, uuid))

    def release(self, key: str, uuid: str) -> None:
        self.done.append(("release", key, uuid))


def test_a_claim_is_held_until_the_notification_is_over() -> None:
    documents, claims, key = MemoryDocuments(), Claims(), "COMPUTE_HOST/h/STOPPED/NORMAL/2026-11-18T11:06:3"
    assert documents.own("me")
    projector = Projector(documents, "me", claims)
    records = came(POSTED, LINKED, *WHOLE[1:])
    projector.take(records[:-1], {})
    projector.project()
    assert claims.done == [("confirm", key, UUID_1), ("hold", key, UUID_1)]
    projector.take(records[-1:], {})
    projector.project()
    assert claims.done[2:] == [("release", key, UUID_1)]


def test_in_a_disabled_segment_a_claim_is_held_until_the_host_shows_life() -> None:
    """Enabling the segment opens an incident from what stands, so a second report of it tells nothing new."""
    story = Story(armed=False)
    story.write(POSTED)
    assert status_of(POSTED, *story.post.verdicts)[0] is Status.IGNORED
    assert claimed(POSTED, *story.post.verdicts) == "hold"
    story.write(STARTED)
    assert claimed(POSTED, *story.post.verdicts) == "release"


def test_in_a_segment_that_is_enabled_the_claim_is_held_until_the_incident_is_over() -> None:
    held_by_nobody = naming(decided(Verb.HOLD, Reason.DISARMED, None), POSTED)
    assert claimed(POSTED, held_by_nobody, LINKED, *MIDWAY[1:]) == "hold"
    assert claimed(POSTED, held_by_nobody, LINKED, *WHOLE[1:]) == "release"


@pytest.mark.parametrize("armed", [False, True])
@pytest.mark.parametrize(("word", "told"), [("by-hand", "watch cmp1 (on-probation)"), ("wait", "")])
def test_a_host_that_was_out_ends_its_claim_when_it_shows_life_though_it_is_then_watched_or_brought_back(
    word: str, told: str, armed: bool
) -> None:
    story = Story(policy=Policy(host_return=HostReturn(word)))
    story.write(down(Source.HEARTBEAT))
    story.write(down(Source.PEER))
    story.wait(5)
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED), story))
    story.describe(segment(version=2, armed=armed, policy=Policy(host_return=HostReturn(word))))
    report = POSTED if not armed else replace(POSTED, asserted=False)
    story.write(report, at=20)
    assert claimed(report, *story.post.verdicts) == "hold"
    told = told or ("open cmp1 (host-back)" if armed else "hold cmp1 (disarmed)")
    assert story.write(STARTED, at=30) == [told]
    assert claimed(report, *story.post.verdicts) == "release"
    assert status_of(report, *story.post.verdicts)[0] is Status.IGNORED


def test_a_stale_repetition_of_another_report_says_nothing_about_what_stands() -> None:
    held_by_nobody = naming(decided(Verb.HOLD, Reason.DISARMED, None), POSTED)
    aside = naming(decided(Verb.IGNORE, Reason.STALE, None), POSTED)
    assert status_of(POSTED, held_by_nobody, aside)[1].startswith("disarmed")
    assert claimed(POSTED, held_by_nobody, aside) == "hold"


def claimed(*records: Record | Fault) -> str:
    """What was last done to the claim."""
    documents, claims = MemoryDocuments(), Claims()
    assert documents.own("me")
    projector = Projector(documents, "me", claims)
    projector.take(came(*records), {})
    projector.project()
    return claims.done[-1][0]


def test_a_successor_writes_what_its_predecessor_only_kept() -> None:
    documents = MemoryDocuments()
    assert documents.own("first")
    Projector(documents, "first").take(came(POSTED), {"kasugai.faults.reported/0": 1})
    documents.disown("first")
    assert documents.own("second")
    Projector(documents, "second").project(is_current=True)
    assert ViewStore(documents).notification(UUID_1) is not None
    assert documents.progress() == {"kasugai.faults.reported/0": 1}


def test_views_are_current_only_when_nothing_is_left_to_be_written() -> None:
    documents = MemoryDocuments()
    assert documents.own("me")
    projector = Projector(documents, "me")
    with patch.object(projection, "AT_ONCE", 0):
        projector.take(came(POSTED, LINKED), {})
        projector.project(is_current=True)
        assert not documents.is_current() and not projector.is_done
        projector.project(is_current=True)
    assert documents.is_current() and projector.is_done


@pytest.mark.parametrize("text", ["rubbish", "7", "[7]", '[{"nobody": 1}]', '{"a": 1}'])
def test_a_text_that_is_no_view_is_a_lost_one(text: str) -> None:
    """By whoever's hand: it is computed anew, and the answer meanwhile is 503."""
    documents = projected(came(POSTED))
    views = ViewStore(documents)
    documents.texts[f"notification/{UUID_1}"] = text
    with pytest.raises(LedgerAway, match="computed anew"):
        views.notification(UUID_1)
    with pytest.raises(LedgerAway, match="computed anew"):
        list(views.notifications())
    assert not documents.is_current()


def test_who_has_lost_the_views_writes_nothing_and_forgets_nothing() -> None:
    documents = MemoryDocuments()
    assert documents.own("me")
    projector = Projector(documents, "me")
    projector.take(came(POSTED), {})
    documents.disown("me")
    with pytest.raises(NotOwner):
        projector.project()
    with pytest.raises(NotOwner):
        projector.take(came(LINKED), {})
    assert documents.texts == {} and not projector.is_done


def test_a_projector_remembers_a_bounded_number_of_records() -> None:
    cache, (record,) = Cache(limit=3), [held(body, stamp) for _, stamp, body in came(POSTED)]
    assert record is not None
    for bucket in ("a", "b", "c"):
        cache.put(bucket, {"1": record, "2": record})
    assert (cache.size, list(cache.buckets)) == (2, ["c"])
    cache.add("c", "3", record)
    cache.add("c", "3", record)
    cache.add("a", "3", record)
    assert cache.size == 3


def test_a_forgotten_bucket_is_read_again() -> None:
    documents = MemoryDocuments()
    assert documents.own("me")
    for records in (came(POSTED, LINKED), came(POSTED, LINKED, *WHOLE[1:])[2:]):
        projector = Projector(documents, "me")
        projector.take(records, {})
        projector.project()
    assert documents.texts == projected(came(POSTED, LINKED, *WHOLE[1:])).texts
