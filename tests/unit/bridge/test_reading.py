"""What becomes of single notifications, beyond the samples: whose doing it was, who failed where, and rubbish."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.bridge.envelope import Undecipherable, Why
from kasugai.bridge.notification import Notification
from kasugai.bridge.reading.conclusions import CallerFailed, Conclusion
from kasugai.bridge.reading.memory import LASTS, Memory
from kasugai.bridge.reading.reader import UNKNOWN, Reader
from kasugai.bridge.reading.table import TABLE
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import Kind

WEB = "85414189-f073-4666-9071-d5d80a2a0d00"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def told(
    event: str,
    payload: Mapping[str, Any],
    *,
    second: float = 0,
    by: str = "nova-compute:host1",
    request: str | None = "req-1",
) -> Notification:
    return Notification(
        id=f"{event}@{second}",
        event=event,
        publisher=by,
        priority="INFO",
        at=NOON + timedelta(seconds=second),
        request=request,
        payload=payload,
    )


def update(
    was: str,
    state: str,
    *,
    tasks: tuple[str | None, str | None] = (None, None),
    user: str | None = None,
    second: float = 0,
    host: str | None = "host1",
    **given: Any,
) -> Notification:
    payload = {
        "uuid": WEB,
        "host": host,
        "state": state,
        "task_state": tasks[1],
        "action_initiator_user": user,
        "state_update": {
            "old_state": was,
            "state": state,
            "old_task_state": tasks[0],
            "new_task_state": tasks[1],
        },
    }
    return told("instance.update", payload | given.pop("payload", {}), second=second, **given)


def said(concluded: Conclusion) -> list[str]:
    return [f"{fault.symptom} {fault.subject.name}" for fault in concluded.faults]


NOVAS = """
    aggregate.add_host.end aggregate.add_host.start aggregate.cache_images.end aggregate.cache_images.progress
    aggregate.cache_images.start aggregate.create.end aggregate.create.start aggregate.delete.end
    aggregate.delete.start aggregate.remove_host.end aggregate.remove_host.start aggregate.update_metadata.end
    aggregate.update_metadata.start aggregate.update_prop.end aggregate.update_prop.start compute.exception
    compute_task.build_instances.error compute_task.migrate_server.error compute_task.rebuild_server.error
    flavor.create flavor.delete flavor.update instance.create.end instance.create.error instance.create.start
    instance.delete.end instance.delete.start instance.evacuate instance.exists instance.interface_attach.end
    instance.interface_attach.error instance.interface_attach.start instance.interface_detach.end
    instance.interface_detach.start instance.live_migration_abort.end instance.live_migration_abort.start
    instance.live_migration_force_complete.end instance.live_migration_force_complete.start
    instance.live_migration_post.end instance.live_migration_post.start instance.live_migration_post_dest.end
    instance.live_migration_post_dest.start instance.live_migration_pre.end instance.live_migration_pre.start
    instance.live_migration_rollback.end instance.live_migration_rollback.start
    instance.live_migration_rollback_dest.end instance.live_migration_rollback_dest.start instance.lock
    instance.pause.end instance.pause.start instance.power_off.end instance.power_off.start instance.power_on.end
    instance.power_on.start instance.reboot.end instance.reboot.error instance.reboot.start instance.rebuild.end
    instance.rebuild.error instance.rebuild.start instance.rebuild_scheduled instance.rescue.end
    instance.rescue.start instance.resize.end instance.resize.error instance.resize.start
    instance.resize_confirm.end instance.resize_confirm.start instance.resize_finish.end
    instance.resize_finish.start instance.resize_prep.end instance.resize_prep.start instance.resize_revert.end
    instance.resize_revert.start instance.restore.end instance.restore.start instance.resume.end
    instance.resume.start instance.share_attach.end instance.share_attach.error instance.share_attach.start
    instance.share_detach.end instance.share_detach.error instance.share_detach.start instance.shelve.end
    instance.shelve.start instance.shelve_offload.end instance.shelve_offload.start instance.shutdown.end
    instance.shutdown.start instance.snapshot.end instance.snapshot.start instance.soft_delete.end
    instance.soft_delete.start instance.suspend.end instance.suspend.start instance.trigger_crash_dump.end
    instance.trigger_crash_dump.start instance.unlock instance.unpause.end instance.unpause.start
    instance.unrescue.end instance.unrescue.start instance.unshelve.end instance.unshelve.start instance.update
    instance.volume_attach.end instance.volume_attach.error instance.volume_attach.start instance.volume_detach.end
    instance.volume_detach.start instance.volume_swap.end instance.volume_swap.error instance.volume_swap.start
    keypair.create.end keypair.create.start keypair.delete.end keypair.delete.start keypair.import.end
    keypair.import.start libvirt.connect.error metrics.update scheduler.select_destinations.end
    scheduler.select_destinations.start server_group.add_member server_group.create server_group.delete
    service.create service.delete service.update volume.usage
"""
"""All types that Nova 34 sends, by its own list of samples (nova/notifications/objects)."""


@pytest.mark.parametrize("event", NOVAS.split())
def test_every_type_that_nova_sends_has_a_row(event: str) -> None:
    assert any(row.is_about(event) for row in TABLE)


DOWN, CLEAR = [f"down instance/{WEB}"], [f"clear instance/{WEB}"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (update("active", "error"), DOWN),
        (update("active", "error", tasks=("rebooting", None), user="alice"), DOWN),
        (update("active", "error", user="alice"), []),
        (update("building", "error", tasks=("spawning", None), user="alice"), []),
        (update("active", "error", tasks=("migrating", None), user="alice"), []),
        (update("active", "error", tasks=("resize_prep", None), user="alice"), []),
        (update("active", "error", tasks=("rebuild_spawning", None)), []),
        (update("error", "error", tasks=("powering-off", None)), []),
        (update("active", "stopped", tasks=("powering-off", None)), DOWN),
        (update("active", "stopped", tasks=("powering-off", None), user="alice"), []),
        (update("paused", "stopped", tasks=("powering-off", None)), []),
        (update("active", "stopped", tasks=("powering-off", "deleting")), []),
        (update("active", "error", host=None), []),
    ],
)
def test_a_change_of_state_is_a_failure_or_not(change: Notification, expected: list[str]) -> None:
    assert said(Reader().read(change)) == expected


def test_a_failure_is_a_one_off_report_under_one_id() -> None:
    once, again = (Reader().read(update("active", "error")).faults for _ in range(2))
    (fault,) = once
    assert list(once) == list(again)
    assert (fault.subject.kind, fault.host, fault.observer) == (Kind.INSTANCE, "host1", "bridge")
    assert (fault.source, fault.asserted, fault.episode) == (Source.REPORTED, False, "req-1")
    assert fault.observed_at == int(NOON.timestamp() * 1000)


def test_without_a_request_the_message_is_the_episode() -> None:
    first, second = (
        Reader().read(update("active", "error", request=None, second=at)).faults[0] for at in (0, 1)
    )
    assert first.episode == "instance.update@0" and first.event_id != second.event_id


def test_a_nova_that_names_nobody_stops_nobody_by_itself() -> None:
    stop = update("active", "stopped", tasks=("powering-off", None))
    old = replace(stop, payload={k: v for k, v in stop.payload.items() if k != "action_initiator_user"})
    assert said(Reader().read(old)) == []


def test_what_stands_is_taken_back_by_what_is_newer_alone() -> None:
    failed, older = update("active", "error", second=10), update("stopped", "active", second=5)
    newer = update("error", "active", second=20)
    reader = Reader()
    assert [said(reader.read(each)) for each in (failed, older, newer, failed)] == [DOWN, [], CLEAR, []]


def test_a_well_guest_is_not_told_of() -> None:
    reader = Reader()
    assert (
        said(reader.read(update("stopped", "active"))) == said(reader.read(update("active", "paused"))) == []
    )


def test_a_landing_needs_two_hosts_of_one_request() -> None:
    asked = told("instance.evacuate", {"uuid": WEB, "host": "host1"}, by="nova-api:c")
    ended = told("instance.rebuild.end", {"uuid": WEB, "host": "host1"}, second=9, by="nova-compute:host2")
    landed = update("active", "active", second=10, host="host2")
    other = update("active", "active", second=10, host="host2", request="req-2")
    for order in ((asked, ended, landed), (landed, asked, ended), (ended, landed, landed), (landed, ended)):
        reader = Reader()
        landings = [x for each in order for x in reader.read(each).landings]
        assert [(x.source, x.destination, x.at, x.request) for x in landings] == [
            ("host1", "host2", landed.at, "req-1")
        ]
    reader = Reader()
    assert [x for each in (asked, ended, other) for x in reader.read(each).landings] == []


def failed(what: str, second: float = 0, *, user: str | None = "alice", **given: Any) -> Notification:
    fault = {"fault": {"exception": given.pop("exception", "InstanceDeployFailure")}}
    payload = {"uuid": WEB, "host": "host9", "action_initiator_user": user}
    return told(what, payload | fault, second=second, **given)


def raised(exception: str, second: float = 0, **given: Any) -> Notification:
    return told("compute.exception", {"exception": exception}, second=second, **given)


def callers(*order: Notification) -> list[tuple[str, str]]:
    reader = Reader()
    failures = [x for each in order for x in reader.read(each).failures]
    return [(each.host, each.caller) for each in failures]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([failed("instance.create.error")], [("host1", "alice")]),
        ([failed("instance.volume_attach.error")], [("host1", "alice")]),
        ([failed("instance.create.error", by="nova-api:c")], []),
        ([failed("instance.volume_attach.error", exception="VolumeNotFound")], []),
        ([failed("instance.create.error"), raised("InstanceDeployFailure", 1)], [("host1", "alice")]),
        ([raised("InstanceDeployFailure"), failed("instance.create.error", 1)], [("host1", "alice")]),
        ([raised("libvirtError")], []),
        ([raised("libvirtError"), update("active", "active", user="alice")], [("host1", "alice")]),
        ([raised("ImageNotFound"), update("active", "active", user="alice")], []),
        ([raised("MessagingTimeout"), update("active", "active", user="alice")], []),
        (
            [
                raised("MessagingTimeout"),
                update("active", "active", user="alice"),
                told("instance.live_migration_pre.start", {"uuid": WEB}, by="nova-compute:host2"),
            ],
            [("host2", "alice")],
        ),
        (
            [failed("instance.create.error"), failed("instance.create.error", 30, request="req-2")],
            [("host1", "alice")],
        ),
        (
            [failed("instance.create.error"), failed("instance.create.error", 90, request="req-2")],
            [("host1", "alice")] * 2,
        ),
        ([told("libvirt.connect.error", {"ip": "10.0.0.1"})], [("host1", "nova-compute:host1")]),
    ],
)
def test_a_caller_has_failed_on_a_host(order: list[Notification], expected: list[tuple[str, str]]) -> None:
    assert callers(*order) == expected


def test_a_failed_caller_is_a_word_about_its_host_and_no_report() -> None:
    concluded = Reader().read(failed("instance.create.error"))
    (word,), (failure,) = concluded.faults, concluded.failures
    assert (word.subject.name, word.observer) == ("host/host1", "caller/alice")
    assert (word.source, word.symptom, word.episode) == (Source.NOVA, Symptom.FAILING, "req-1")
    assert failure == CallerFailed(
        host="host1", caller="alice", what="instance.create.error (InstanceDeployFailure)", at=NOON
    )


def test_who_wished_what_is_told_once_it_is_done() -> None:
    payload = {"uuid": WEB, "host": "host1", "action_initiator_user": "alice"}
    reader = Reader()
    names = ("power_off.start", "power_off.end", "power_on.end", "shelve_offload.end")
    wishes = [w for name in names for w in reader.read(told(f"instance.{name}", payload)).wishes]
    assert [(w.user, w.runs, w.event) for w in wishes] == [
        ("alice", False, "instance.power_off.end"),
        ("alice", True, "instance.power_on.end"),
        ("alice", False, "instance.shelve_offload.end"),
    ]
    assert reader.read(told("instance.power_off.end", payload | {"action_initiator_user": None})).wishes == ()


def test_an_event_that_no_row_names_says_nothing() -> None:
    assert Reader().read(told("instance.dance", {"uuid": WEB, "host": "host1"})) == Conclusion(note=UNKNOWN)


@pytest.mark.parametrize(
    "payload",
    [
        {"uuid": "../servers"},
        {"uuid": 7},
        {"uuid": WEB, "host": ["host1"]},
        {"uuid": WEB, "host": "h" * 256},
        {"uuid": WEB, "host": "a\x1fb"},
        {"uuid": WEB, "action_initiator_user": "u" * 65},
        {"uuid": WEB, "state_update": {"old_state": {}}},
    ],
)
def test_a_payload_that_no_nova_sends_is_told_without_what_it_holds(payload: Mapping[str, object]) -> None:
    with pytest.raises(Undecipherable) as caught:
        Reader().read(told("instance.update", payload))
    assert caught.value.why is Why.FIELD and "servers" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.dictionaries(st.sampled_from(["uuid", "host", "state", "state_update", "fault"]), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(["instance.update", "instance.create.error", "service.update", "compute.exception", "x"]),
    st.dictionaries(st.sampled_from(["uuid", "host", "state", "state_update", "fault", "disabled"]), JSON),
    st.text(max_size=8),
)
def test_nothing_else_is_raised_whatever_comes(
    event: str, payload: Mapping[str, object], publisher: str
) -> None:
    with suppress(Undecipherable):
        assert len(Reader().read(replace(told(event, payload), publisher=publisher)).faults) <= 1


def test_memory_ends_by_number_and_by_novas_time() -> None:
    kept: Memory[list[int]] = Memory(list, most=2)
    kept.of("a", NOON).append(1)
    kept.of("b", NOON)
    assert kept.of("a", NOON) == [1]
    kept.of("c", NOON)
    assert len(kept) == 2 and kept.of("a", NOON) == [1]
    kept.of("d", NOON + LASTS + timedelta(seconds=1))
    assert len(kept) == 1
