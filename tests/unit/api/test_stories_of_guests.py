"""What Masakari's clients see of whole stories about instances and processes, from the first report to the end."""

from dataclasses import replace

import pytest

from kasugai.api.view_store import ViewStore
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.subject import Kind
from kasugai.core.words.verdicts import Verdict
from tests.support.projections import came, came_from, posted_as, projected
from tests.support.stories import records_of

TYPES = {Kind.INSTANCE: "VM", Kind.PROCESS: "PROCESS"}


def reported(story: str) -> list[Fault]:
    """The story's faults about instances and processes as if they had come as notifications, in its order."""
    verdicts = [r.value for r in records_of(story) if isinstance(r.value, Verdict)]
    first = {
        evidence.event_id: (verdict.subject, evidence.symptom)
        for verdict in reversed(verdicts)
        if verdict.subject.kind in TYPES
        for evidence in verdict.evidence
    }
    found = []
    for number, (event, (subject, symptom)) in enumerate(reversed(first.items())):
        fault = posted_as(subject.kind, TYPES[subject.kind], subject.detail)
        assert fault.notification is not None
        uuid = f"00000000-0000-4000-8000-{number:012d}"
        posted = replace(fault.notification, notification_uuid=uuid)
        found.append(
            replace(fault, event_id=event, subject=subject, symptom=Symptom(symptom), notification=posted)
        )
    return found


def seen(story: str) -> list[str]:
    """Status, the first word of its message, and the tasks of each notification."""
    faults = reported(story)
    store = ViewStore(projected([*came_from(records_of(story)), *came(*faults)]))
    lines = []
    for fault in faults:
        assert fault.notification is not None
        uuid = fault.notification.notification_uuid
        view = store.notification(uuid)
        assert view is not None
        tasks = [task.name.removesuffix("Task") for task in store.details(uuid)]
        lines.append(" ".join([view.status, view.message.split(":")[0], *tasks]).replace("  ", " "))
    return lines


RESTARTED = "finished StopInstance StartInstance ConfirmInstanceActive"
DISABLED = "finished DisableComputeNode ConfirmComputeNodeDisabled"
MOVED = "finished DisableComputeService PrepareHAEnabledInstances EvacuateInstances"


@pytest.mark.parametrize(
    ("story", "lines"),
    [
        ("a-guest-crashes", [RESTARTED]),
        ("a-guest-crashes-on-a-suspected-host", [RESTARTED]),
        ("the-reply-to-a-start-is-lost", [RESTARTED]),
        (
            "a-restart-has-no-second-attempt",
            ["failed partial-failure (also restart-budget) StopInstance StartInstance"],
        ),
        ("a-guest-is-elsewhere", ["ignored guest-elsewhere StopInstance"]),
        ("a-user-stopped-a-guest-long-ago", ["ignored users-wish StopInstance"]),
        ("a-user-deletes-a-guest-in-the-middle", ["ignored guest-gone StopInstance StartInstance"]),
        ("only-marked-guests-are-restarted", ["finished not-marked StopInstance", RESTARTED, RESTARTED]),
        ("a-task-that-never-ends", ["running guest-busy StopInstance"]),
        ("instance-fault-of-a-dying-host", ["ignored guest-elsewhere StopInstance"] * 2),
        ("a-process-that-is-noted", ["finished process-noted", "finished "]),
        ("nova-compute-stops-and-is-back", [DISABLED, "finished "]),
        ("an-operator-enables-the-host-behind-us", [DISABLED, "finished "]),
        ("a-process-without-which-the-host-is-useless", [MOVED]),
    ],
)
def test_a_notification_ends_as_its_story_does(story: str, lines: list[str]) -> None:
    assert seen(story) == lines


def test_of_every_state_that_is_left_masakari_s_client_is_told_why() -> None:
    lines = seen("guests-in-all-states-are-reported")
    assert {line.split()[0] for line in lines} == {"ignored"}
    assert {line.split()[1] for line in lines} == {"guest-state", "users-wish"}
    assert len(lines) >= 9
