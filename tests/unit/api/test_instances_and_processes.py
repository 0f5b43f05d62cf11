"""Notifications about instances and processes: they end as Masakari's do, with Masakari's tasks, and say why."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kasugai.api.projection.incidents import incident_of
from kasugai.api.views import Status, WorkflowDetail
from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.subject import Kind, Subject, host_subject, segment_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import INCIDENT, MIDWAY, OPENED, WHOLE, decided, opened, said
from tests.support.projections import UUID_1, came, naming, posted, posted_as, projected, shown
from tests.support.smaller import (
    BEGUN,
    DISABLED,
    ENABLE,
    GUEST,
    OBSERVED,
    OPEN_AGAIN,
    PROCESS,
    RELOCATE,
    RESTART,
    RESTARTED,
    RUN,
    STOP,
    UUID,
    about,
    ended,
    left_alone,
    of,
)

FAILED = posted_as(Kind.INSTANCE, "VM", UUID)
DIED = posted_as(Kind.PROCESS, "PROCESS", "nova-compute")
HOST = posted("22222222-0000-4000-8000-000000000002")


def linked(fault: Fault, records: Sequence[Record]) -> tuple[Record | Fault, ...]:
    """The records of an incident whose evidence the fault is."""
    (first,) = about(fault.subject, OBSERVED)
    return (fault, replace(naming(OBSERVED, fault), subject=first.subject), *records[1:])


def word(fault: Fault, verb: Verb, reason: Reason, incident: object = None) -> Record:
    return replace(
        naming(decided(verb, reason, INCIDENT if incident else None), fault), subject=fault.subject
    )


def standing(*values: Record | Fault) -> tuple[Status, str]:
    view = shown(*values).notification(UUID_1)
    assert view is not None
    return view.status, view.message


def test_a_notification_about_an_instance_runs_while_its_incident_does_and_finishes_with_it() -> None:
    assert standing(*linked(FAILED, BEGUN)) == (Status.RUNNING, "")
    assert standing(*linked(FAILED, RESTARTED)) == (Status.FINISHED, "")


def test_a_notification_about_a_process_finishes_with_its_host_disabled() -> None:
    assert standing(*linked(DIED, DISABLED)) == (Status.FINISHED, "")


@pytest.mark.parametrize(
    "reason",
    [
        Reason.USERS_WISH,
        Reason.USERS_DOING,
        Reason.GUEST_STATE,
        Reason.GUEST_GONE,
        Reason.GUEST_ELSEWHERE,
        Reason.GUEST_LEFT,
        Reason.RESTARTED_SINCE,
    ],
)
def test_one_about_an_instance_that_is_left_is_ignored_and_says_why(reason: Reason) -> None:
    """masakari.md 2.4: paused and rescued end as ignored; what a user did is nothing to recover."""
    records = left_alone(reason, "paused: its memory would be lost")
    assert standing(*linked(FAILED, records)) == (
        Status.IGNORED,
        f"{reason}: paused: its memory would be lost",
    )


def test_by_the_verdict_alone_an_incident_that_left_its_instance_is_withdrawn() -> None:
    """The worker's own end lies in another topic, and may come later or be gone."""
    records = left_alone(Reason.USERS_WISH)
    assert standing(*linked(FAILED, (*records[:-2], records[-1]))) == (Status.IGNORED, "users-wish")


def test_by_the_worker_s_result_also_for_a_reason_of_a_newer_kasugai() -> None:
    reason = Reason.heard("a-newer-reason")
    records = about(GUEST, *ended(Result.WITHDRAWN, reason))
    assert standing(*linked(FAILED, (*BEGUN, *records)))[0] is Status.IGNORED
    assert standing(*linked(FAILED, (*BEGUN, *records[1:])))[0] is Status.FAILED


def test_one_about_an_instance_without_the_mark_is_finished() -> None:
    """masakari.md 2.4: skipped, and finished."""
    status, message = standing(*linked(FAILED, left_alone(Reason.NOT_MARKED)))
    assert (status, message) == (Status.FINISHED, "not-marked")


def test_one_about_a_process_that_is_only_noted_is_finished() -> None:
    """masakari.md 2.5: any other process than nova-compute."""
    status, message = standing(DIED, word(DIED, Verb.IGNORE, Reason.PROCESS_NOTED))
    assert (status, message.split(":")[0]) == (Status.FINISHED, "process-noted")


def test_one_that_is_retried_is_an_error_and_then_failed() -> None:
    failed, close = ended(Result.FAILED, Reason.REFUSED, RESTART, "Nova says 403")
    first = (*BEGUN, *about(GUEST, failed, decided(Verb.RETRY, Reason.REFUSED, detail="Nova says 403")))
    assert standing(*linked(FAILED, first)) == (Status.ERROR, "refused: Nova says 403")
    again = (
        *first,
        *about(
            GUEST,
            decided(Verb.REOPEN, Reason.BACK_OFF_OVER),
            opened(n=2, attempt=2),
            replace(failed, attempt=2, n=2),
            close,
        ),
    )
    assert standing(*linked(FAILED, again)) == (Status.FAILED, "refused: Nova says 403")


@pytest.mark.parametrize("reason", [Reason.HOST_FIRST, Reason.RESTART_BUDGET, Reason.GUESTS_FAIL_TOGETHER])
def test_one_that_waits_runs_and_says_for_what(reason: Reason) -> None:
    status, message = standing(FAILED, word(FAILED, Verb.HOLD, reason))
    assert (status, message.split(":")[0]) == (Status.RUNNING, reason)


def test_one_that_its_host_s_incident_explains_ends_with_it_whichever_record_comes_last() -> None:
    waits = word(FAILED, Verb.HOLD, Reason.HOST_FIRST)
    explained = word(FAILED, Verb.EXPLAIN, Reason.PART_OF_INCIDENT, INCIDENT)
    told: list[Record | Fault] = [FAILED, HOST, naming(OPENED, HOST), waits, *MIDWAY[1:], explained]
    assert standing(*told)[0] is Status.RUNNING
    whole = [*told, *WHOLE[len(MIDWAY) :]]
    assert standing(*whole) == (Status.FINISHED, "")
    records = came(*whole)
    for last in range(len(records)):
        parts = projected(records[:last] + records[last + 1 :], [records[last]])
        assert parts.texts == projected(records).texts


def test_what_an_incident_explains_is_no_part_of_its_own_story() -> None:
    explained = word(FAILED, Verb.EXPLAIN, Reason.PART_OF_INCIDENT, INCIDENT)
    views = shown(explained, FAILED, HOST, naming(OPENED, HOST), *WHOLE[1:])
    case = views.incident(str(INCIDENT))
    assert case is not None
    assert (case.subject, case.kind, case.phase) == ("host/cmp1", "host", "recovered")
    assert not [line for line in views.timeline(str(INCIDENT)) if "explain" in line.sentence]


def details(fault: Fault, records: Sequence[Record]) -> list[tuple[str, str, int]]:
    found: tuple[WorkflowDetail, ...] = shown(*linked(fault, records)).details(UUID_1)
    return [(each.name, each.state, each.percent) for each in found]


def test_the_tasks_of_an_instance_are_masakari_s() -> None:
    begun = (*BEGUN, *about(GUEST, said(FactKind.PLAN, plan=RESTART)))
    stopping = (*begun, *about(GUEST, of(STOP, StepState.STARTED)))
    starting = (*stopping, *about(GUEST, of(STOP), of(RUN, StepState.STARTED)))
    assert details(FAILED, BEGUN) == []
    assert details(FAILED, begun) == details(FAILED, stopping) == [("StopInstanceTask", "RUNNING", 0)]
    assert details(FAILED, starting) == [
        ("StopInstanceTask", "SUCCESS", 100),
        ("StartInstanceTask", "RUNNING", 0),
    ]
    assert details(FAILED, RESTARTED) == [
        ("StopInstanceTask", "SUCCESS", 100),
        ("StartInstanceTask", "SUCCESS", 100),
        ("ConfirmInstanceActiveTask", "SUCCESS", 100),
    ]


def test_the_tasks_tell_what_the_narrator_tells() -> None:
    first, second, third = shown(*linked(FAILED, RESTARTED)).details(UUID_1)
    assert [line.message for line in first.progress] == [
        f"plan instance/{UUID} (web1): stop, start",
        "stop web1",
    ]
    assert [line.message for line in second.progress] == ["start web1"]
    assert [line.message for line in third.progress] == [f"instance-down/{UUID} recovered"]


def test_a_move_to_another_host_is_part_of_the_stop() -> None:
    moved = (*BEGUN, *about(GUEST, said(FactKind.PLAN, plan=RELOCATE), of(STOP)))
    assert details(FAILED, moved) == [("StopInstanceTask", "RUNNING", 33)]


def test_an_attempt_that_ends_in_a_task_says_so_there() -> None:
    failed = about(
        GUEST,
        said(FactKind.PLAN, plan=RESTART),
        of(STOP),
        of(RUN, StepState.STARTED),
        of(RUN, StepState.FAILED, "refused"),
        *ended(Result.FAILED, Reason.REFUSED, RESTART),
    )
    assert details(FAILED, (*BEGUN, *failed)) == [
        ("StopInstanceTask", "SUCCESS", 100),
        ("StartInstanceTask", "FAILURE", 0),
    ]
    found = shown(*linked(FAILED, (*BEGUN, *failed))).details(UUID_1)
    assert found[-1].progress[-1].message == f"instance-down/{UUID} failed"


def test_an_attempt_without_a_plan_says_why_in_its_first_task() -> None:
    records = left_alone(Reason.NOT_MARKED, "no HA_Enabled")
    (task,) = shown(*linked(FAILED, records)).details(UUID_1)
    assert (task.name, task.state) == ("StopInstanceTask", "REVERTED")
    assert [line.message for line in task.progress] == [f"instance-down/{UUID} withdrawn: no HA_Enabled"]


def test_the_tasks_of_a_process_are_masakari_s_and_there_are_none_for_what_is_undone() -> None:
    assert details(DIED, DISABLED) == [
        ("DisableComputeNodeTask", "SUCCESS", 100),
        ("ConfirmComputeNodeDisabledTask", "SUCCESS", 100),
    ]
    undone = about(
        PROCESS,
        OBSERVED,
        opened(undoes=INCIDENT),
        said(FactKind.ADOPTED),
        said(FactKind.PLAN, plan=OPEN_AGAIN),
        of(ENABLE),
        *ended(Result.RECOVERED, Reason.RECOVERED, OPEN_AGAIN),
    )
    assert details(DIED, undone) == []


def test_a_process_that_started_is_finished_whatever_its_incident_does() -> None:
    started = replace(DIED, symptom=Symptom.CLEAR)
    assert standing(*linked(started, about(PROCESS, OBSERVED, opened(undoes=INCIDENT)))) == (
        Status.FINISHED,
        "",
    )


def test_an_instance_s_move_is_no_vmove() -> None:
    """They are of COMPUTE_HOST notifications alone (masakari.md 1.13)."""
    moved = (*BEGUN, *about(GUEST, said(FactKind.PLAN, plan=RELOCATE), of(STOP)))
    assert shown(*linked(FAILED, moved)).vmoves(UUID_1) == ()


def test_an_incident_says_what_its_instance_is_called() -> None:
    case = shown(*linked(FAILED, RESTARTED)).incident(str(INCIDENT))
    assert case is not None
    assert (case.kind, case.subject, case.name, case.host) == ("instance", f"instance/{UUID}", "web1", "cmp1")
    assert (case.instances, case.instances_done) == (1, 1)
    disabled = shown(*linked(DIED, DISABLED)).incident(str(INCIDENT))
    assert disabled is not None
    assert (disabled.subject, disabled.name, disabled.instances) == ("process/cmp1/nova-compute", "", 0)


@pytest.mark.parametrize("name", ["a/b", "/", "../../etc", "nova-compute/", "x" * 255, "ノヴァ"])
def test_whatever_a_process_is_called_its_verdicts_are_found_under_its_name(name: str) -> None:
    subject = Subject(kind=Kind.PROCESS, host="cmp1", detail=name)
    noted = replace(decided(Verb.IGNORE, Reason.PROCESS_NOTED, None), subject=subject)
    other = replace(noted, subject=host_subject("cmp1"), reason=Reason.CLEARED)
    views = shown(noted, other)
    assert [v.reason for v in views.verdicts(f"process/cmp1/{name}")] == ["process-noted"]
    assert [v.reason for v in views.verdicts("host/cmp1")] == ["cleared"]


def test_an_incident_of_a_segment_which_nobody_opens_has_no_tasks_and_fells_nobody() -> None:
    told = replace(opened(), subject=segment_subject("rack1"))
    found = incident_of(told.incident, [Seen(at=BrokerTime(0), offset=0, value=told)])
    assert (found.tasks, found.moves) == ((), ())
