"""masakari.md 1.12, 1.13, 2.3-2.5: notifications and their moves, and the faults that they are."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from kasugai.adapters.redis_claims import Undecided
from kasugai.api.metering import unknown_hosts
from kasugai.api.views import MoveStatus, NotificationView, ProgressDetail, Status, VMoveView, WorkflowDetail
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Kind
from tests.support.api_doors import Answer, Api
from tests.unit.api.test_versions import fault

KEYS = {
    *("id", "notification_uuid", "generated_time", "source_host_uuid", "type", "payload", "status"),
    *("failover_segment_uuid", "message", "created_at", "updated_at", "deleted_at", "deleted"),
}
MOVE_KEYS = {
    *("id", "uuid", "notification_uuid", "instance_uuid", "instance_name", "source_host", "dest_host"),
    *("start_time", "end_time", "type", "status", "message"),
    *("created_at", "updated_at", "deleted_at", "deleted"),
}
TIME = "2026-11-22T21:39:18.329622"
STOPPED = {"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": "NORMAL"}
CRASHED = {
    "event": "LIFECYCLE",
    "vir_domain_event": "STOPPED_FAILED",
    "instance_uuid": "6e2d2f2ab9c44a7b9d0f6a3c1b2d3e4f",
}


@pytest.fixture
def api(api: Api) -> Api:
    """One segment with cmp1 and cmp2."""
    segment = api.segment()["uuid"]
    api.host(segment)
    api.host(segment, "cmp2")
    return api


def post(
    api: Api, payload: object = None, type: str = "COMPUTE_HOST", host: str = "cmp1", **said: Any
) -> Answer:
    said = said if payload is None else {"payload": payload} | said
    body = {"type": type, "hostname": host, "generated_time": TIME, "payload": STOPPED} | said
    return api.post("/v1/notifications", {"notification": body})


@pytest.mark.parametrize(
    ("told", "meant"),
    [("CMP1", "cmp1"), ("cmp1.example.org", "cmp1"), ("cpm1", "cmp1"), ("rack7-node3", "")],
)
def test_a_report_about_an_unknown_host_names_the_nearest_that_is_known(
    api: Api, caplog: pytest.LogCaptureFixture, told: str, meant: str
) -> None:
    before = unknown_hosts.readings()
    answer = post(api, host=told)
    said = answer.body["badRequest"]["message"]
    assert answer.status == 400 and said.startswith(f"Host with name {told} could not be found.")
    assert said.endswith(f"Did you mean {meant}?" if meant else "found.")
    (line,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert told in line.getMessage() and meant in line.getMessage()
    assert unknown_hosts.readings() != before
    assert [(said.host, said.notification) for said in api.reports.faults] == [(told, None)], (
        "it gets a verdict"
    )
    api.reports.is_away = True
    assert post(api, host=told).status == 400, "and is refused also without it"


def test_a_notification_is_published_and_shown(api: Api) -> None:
    answer = post(api)
    made = answer.body["notification"]
    segment, host = api.known()
    assert segment and host and answer.status == 202 and set(made) == KEYS
    assert (made["status"], made["generated_time"], made["payload"]) == ("new", TIME, STOPPED)
    assert (made["source_host_uuid"], made["failover_segment_uuid"]) == (host.host_uuid, segment.segment_id)
    (said,) = api.reports.faults
    assert (said.host, said.host_uuid, said.symptom, said.asserted) == ("cmp1", host.host_uuid, "down", True)
    assert said.episode == made["notification_uuid"] and said.inventory_offset == api.registry.offset()
    assert said.notification and dict(said.notification.payload) == STOPPED
    shown = api.get(f"/v1/notifications/{made['notification_uuid']}")
    assert shown.body["notification"] == made
    assert api.get("/v1/notifications").body["notifications"] == [made]


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2026-11-22", "2026-11-22T00:00:00.000000"),
        ("2026-11-22 07:31:18", "2026-11-22T07:31:18.000000"),
        ("2026-11-22T07:31:18Z", "2026-11-22T07:31:18.000000"),
        ("2026-11-22T07:31:18.5+02:00", "2026-11-22T05:31:18.500000"),
    ],
)
def test_times_come_in_many_forms_and_leave_in_one(api: Api, time: str, shown: str) -> None:
    assert post(api, generated_time=time).body["notification"]["generated_time"] == shown


def test_a_clients_clock_counts_only_if_it_can_be_right(api: Api) -> None:
    post(api)
    post(api, host="cmp2", generated_time="2020-01-01")
    post(api, {"event": "STARTED"}, generated_time="2030-01-01")
    seen = [said.observed_at for said in api.reports.faults]
    assert 0 < api.wall.at - seen[0] < 120_000
    assert seen[1:] == [0, api.wall.at], "too far behind is unknown, ahead is now"


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "compute_host"},
        {"type": "HOST"},
        {"hostname": ""},
        {"hostname": "a b"},
        {"hostname": "cmp1\n"},
        {"generated_time": "yesterday"},
        {"generated_time": 1},
        {"generated_time": "0001-01-01T00:00:00+23:59"},
        {"payload": {}},
        {"payload": []},
        {"payload": {"event": "stopped"}},
        {"payload": {"event": "STOPPED", "host_status": "normal"}},
        {"payload": {"event": "STOPPED", "more": "x"}},
        {"payload": {"event": 1}},
        {"payload": {"event": "x" * 256}},
        {"payload": {"event": "STOPPED", "bad/key": "x"}},
        {"type": "PROCESS", "payload": {"event": "STOPPED"}},
        {"type": "PROCESS", "payload": {"event": "STOPPED", "process_name": ""}},
        {"type": "VM", "payload": {"event": "x", "vir_domain_event": "y"}},
        {"type": "VM", "payload": CRASHED | {"instance_uuid": "no uuid"}},
        {"extra": 1},
    ],
)
def test_a_bad_notification_is_refused_and_not_published(api: Api, wrong: dict[str, Any]) -> None:
    fault(post(api, **({"payload": STOPPED} | wrong)), 400, "badRequest")
    assert api.reports.faults == [] and api.claims.held == {}


def test_what_is_missing_is_refused(api: Api) -> None:
    whole = {"type": "COMPUTE_HOST", "hostname": "cmp1", "generated_time": TIME, "payload": STOPPED}
    for missing in whole:
        body = {name: value for name, value in whole.items() if name != missing}
        fault(api.post("/v1/notifications", {"notification": body}), 400, "badRequest")


UNKNOWN = {"event": "STOPPED", "host_status": "UNKNOWN"}


def test_the_same_failure_again_is_a_duplicate_whatever_its_clock_says(api: Api) -> None:
    first = post(api, UNKNOWN).body["notification"]["notification_uuid"]
    for again in ({}, {"generated_time": "2030-01-01"}):
        assert first in fault(post(api, UNKNOWN, **again), 409, "conflictingRequest")
    assert len(api.reports.faults) == 1
    assert post(api, UNKNOWN, host="cmp2").status == 202


def test_a_later_word_that_a_host_was_fenced_is_taken_and_one_that_is_sent_again_is_not(api: Api) -> None:
    first = post(api, generated_time="2026-11-29T12:00:01").body["notification"]["notification_uuid"]
    for again in ("2026-11-29T12:00:01", "2026-11-29T12:00:09"):
        assert first in fault(post(api, generated_time=again), 409, "conflictingRequest")
    assert len(api.reports.faults) == 1
    assert post(api, generated_time="2026-11-29T12:00:10").status == 202


@pytest.mark.parametrize(("rule", "trusted"), [(None, False), ("role:fencer", False), ("role:admin", True)])
def test_a_rule_says_who_may_assert_that_a_host_was_fenced(
    tmp_path: Path, rule: str | None, trusted: bool
) -> None:
    (tmp_path / "policy.yaml").write_text(f'"kasugai:notification:assert": "{rule}"' if rule else "")
    (tmp_path / "kasugai.conf").write_text(f"[oslo_policy]\npolicy_file = {tmp_path / 'policy.yaml'}\n")
    api = Api(conf_files=(str(tmp_path / "kasugai.conf"),))
    api.host(api.segment()["uuid"])
    assert post(api).status == 202
    assert post(api, UNKNOWN).status == 202
    assert [(said.asserted, said.trusted) for said in api.reports.faults] == [(True, trusted), (False, True)]


@pytest.mark.parametrize(("rule", "symptom"), [("role:admin", Symptom.ALIVE), ("role:fencer", Symptom.CLEAR)])
def test_a_rule_says_whose_sign_of_life_ends_what_others_say(
    tmp_path: Path, rule: str, symptom: Symptom
) -> None:
    (tmp_path / "policy.yaml").write_text(f'"kasugai:notification:alive": "{rule}"')
    (tmp_path / "kasugai.conf").write_text(f"[oslo_policy]\npolicy_file = {tmp_path / 'policy.yaml'}\n")
    api = Api(conf_files=(str(tmp_path / "kasugai.conf"),))
    api.host(api.segment()["uuid"])
    assert post(api, {"event": "STARTED"}).status == 202
    assert [said.symptom for said in api.reports.faults] == [symptom]


def test_normal_after_unknown_is_no_duplicate(api: Api) -> None:
    assert post(api, {"event": "STOPPED", "host_status": "UNKNOWN"}).status == 202
    assert post(api).status == 202
    assert [said.asserted for said in api.reports.faults] == [False, True]
    assert post(api, {"event": "STOPPED", "host_status": "UNKNOWN"}).status == 409


def test_a_second_failure_is_accepted_once_the_first_one_is_released(api: Api) -> None:
    made = post(api).body["notification"]
    ((key, _),) = api.claims.held.items()
    api.claims.expire()
    assert post(api).status == 409, "an accepted notification does not expire"
    api.claims.release(key, made["notification_uuid"])
    assert post(api).status == 202


def test_a_sign_of_life_stands_for_itself_only_a_moment(api: Api) -> None:
    assert post(api, {"event": "STARTED", "host_status": "NORMAL"}).status == 202
    assert api.reports.faults[0].symptom is Symptom.ALIVE
    assert post(api, {"event": "STARTED", "host_status": "NORMAL"}).status == 409
    api.claims.expire()
    assert post(api, {"event": "STARTED", "host_status": "NORMAL"}).status == 202


def test_what_an_instance_or_a_process_does(api: Api) -> None:
    assert post(api, CRASHED, "VM").status == 202
    assert (
        post(api, CRASHED | {"event": "IO_ERROR", "vir_domain_event": "IO_ERROR_REPORT"}, "VM").status == 202
    )
    assert post(api, CRASHED | {"vir_domain_event": "SHUTDOWN_FINISHED"}, "VM").status == 202
    assert post(api, {"event": "STOPPED", "process_name": "nova-compute"}, "PROCESS").status == 202
    assert post(api, {"event": "STARTED", "process_name": "nova-compute"}, "PROCESS").status == 202
    assert [(said.subject.kind, said.symptom) for said in api.reports.faults] == [
        (Kind.INSTANCE, Symptom.DOWN),
        (Kind.INSTANCE, Symptom.DOWN),
        (Kind.INSTANCE, Symptom.CLEAR),
        (Kind.PROCESS, Symptom.DOWN),
        (Kind.PROCESS, Symptom.CLEAR),
    ]
    assert api.reports.faults[0].subject.name == "instance/6e2d2f2a-b9c4-4a7b-9d0f-6a3c1b2d3e4f"
    for spelt in ("6E2D2F2A-B9C4-4A7B-9D0F-6A3C1B2D3E4F", "urn:uuid:6e2d2f2ab9c44a7b9d0f6a3c1b2d3e4f"):
        assert post(api, CRASHED | {"instance_uuid": spelt}, "VM").status == 409, "one instance is one"
    other = CRASHED | {"instance_uuid": "7e2d2f2a-b9c4-4a7b-9d0f-6a3c1b2d3e4f"}
    assert post(api, other, "VM").status == 202, "another instance of the same host"
    assert post(api, other, "VM").status == 409


def test_only_the_operators_flag_refuses_for_maintenance(api: Api) -> None:
    segment, host = api.known()
    assert segment and host
    path = f"/v1/segments/{segment.segment_id}/hosts/{host.host_uuid}"
    api.put(path, {"host": {"on_maintenance": True}})
    for type_, payload in (("COMPUTE_HOST", STOPPED), ("VM", CRASHED)):
        fault(post(api, payload, type_), 409, "conflictingRequest")
    api.put(path, {"host": {"on_maintenance": False}})
    assert post(api).status == 202


def test_an_absent_kafka_leaves_nothing_half_done(api: Api) -> None:
    api.reports.is_away = True
    answer = post(api)
    assert "secret" not in fault(answer, 503, "serviceUnavailable") and answer.headers["retry-after"]
    assert api.claims.held == {} and api.views.kept == {}
    api.reports.is_away = False
    assert post(api).status == 202


def test_an_absent_redis_is_told_without_its_address(api: Api) -> None:
    api.claims.is_away = True
    answer = post(api)
    assert "secret" not in fault(answer, 503, "serviceUnavailable") and answer.headers["retry-after"]
    assert api.reports.faults == []


def test_one_that_is_being_published_is_not_an_absent_redis(api: Api) -> None:
    with patch.object(api.claims, "take", side_effect=Undecided("redis://:secret@redis")):
        answer = post(api)
    text = fault(answer, 503, "serviceUnavailable")
    assert "is being published" in text and "secret" not in text and answer.headers["retry-after"]


def test_views_that_are_behind_refuse_no_report(api: Api) -> None:
    api.views.is_current = False
    assert post(api).status == 202
    fault(api.get("/v1/notifications"), 503, "serviceUnavailable")


def shown_notification(uuid: str, number: int, **said: Any) -> NotificationView:
    about: dict[str, Any] = {
        "type": "COMPUTE_HOST",
        "generated_time": f"2026-11-22T07:00:{number:02d}.000000",
        "source_host_uuid": "h",
        "payload": {},
        "created_at": 1_795_383_600_000,
    }
    return NotificationView(notification_uuid=uuid, number=number, **about | said)


def test_progress_is_shown_from_1_1_on(api: Api) -> None:
    api.views.accept(shown_notification("n1", 1, status=Status.FINISHED, message="done"))
    api.views.told["n1"] = (
        WorkflowDetail(
            name="EvacuateInstancesTask",
            percent=70,
            state="RUNNING",
            progress=(ProgressDetail(at=1_795_383_600_123, message="under way", percent=50),),
        ),
    )
    assert "recovery_workflow_details" not in api.get("/v1/notifications/n1").body["notification"]
    shown = api.get("/v1/notifications/n1", "1.1").body["notification"]
    assert (shown["status"], shown["message"]) == ("finished", "done")
    assert shown["recovery_workflow_details"] == [
        {
            "name": "EvacuateInstancesTask",
            "progress": 0.7,
            "state": "RUNNING",
            "progress_details": [
                {"timestamp": "2026-11-22 21:40:00.123000", "message": "under way", "progress": "0.5"}
            ],
        }
    ]
    assert all("recovery_workflow_details" not in row for row in _rows(api, "", "1.3"))
    fault(api.get("/v1/notifications/n2"), 404, "itemNotFound")


def _rows(api: Api, query: str, version: str = "") -> list[dict[str, Any]]:
    return list(api.get(f"/v1/notifications?{query}", version).body["notifications"])


def test_notifications_are_filtered_sorted_and_paged(api: Api) -> None:
    for number, (status, kind) in enumerate(
        [(Status.NEW, "COMPUTE_HOST"), (Status.FAILED, "VM"), (Status.NEW, "VM")], start=1
    ):
        host = f"h{number}"
        api.views.accept(
            shown_notification(f"n{number}", number, status=status, type=kind, source_host_uuid=host)
        )

    def found(query: str) -> str:
        return "".join(row["notification_uuid"][1] for row in _rows(api, query))

    assert found("") == "321" and found("limit=2") == "32" and found("limit=2&marker=2") == "1"
    assert found("status=new") == "31" and found("type=VM") == "32" and found("source_host_uuid=h2") == "2"
    assert found("status=new&limit=1&marker=3") == "1"
    assert found("generated-since=2026-11-22T09:00:02%2B02:00") == "32" and found("limit=0") == ""
    assert found("sort_key=generated_time&sort_dir=asc") == "123"
    assert found("sort_key=notification_uuid&sort_dir=asc&limit=1&marker=1") == "2"
    assert found("sort_key=notification_uuid&sort_dir=asc&status=new&marker=2") == "3"
    for query in ("generated-since=soon", "marker=77", "sort_key=uuid", "sort_key=id&marker=77"):
        fault(api.get(f"/v1/notifications?{query}"), 400, "badRequest")


def test_moves(api: Api) -> None:
    api.views.accept(shown_notification("n1", 1))
    api.views.accept(shown_notification("n2", 2, type="VM"))
    api.views.accept(shown_notification("n3", 3))
    done = VMoveView(
        number=5,
        uuid="m1",
        notification_uuid="n1",
        instance_uuid="i1",
        instance_name="web1",
        source_host="cmp1",
        dest_host="cmp2",
        start_time=1_795_383_600_123,
        status=MoveStatus.SUCCEEDED,
        created_at=1_795_383_600_123,
    )
    api.views.moves["n1"] = (done,)
    path = "/v1/notifications/n1/vmoves"
    (row,) = api.get(path).body["vmoves"]
    assert set(row) == MOVE_KEYS and (row["status"], row["dest_host"]) == ("succeeded", "cmp2")
    assert (row["start_time"], row["end_time"]) == ("2026-11-22T21:40:00.123000", None)
    assert api.get(f"{path}/m1").body["vmove"] == row
    assert api.get(f"{path}?status=failed").body["vmoves"] == []
    assert api.get(f"{path}?status=failed&marker=5").body["vmoves"] == []
    for gone in (f"{path}/m2", "/v1/notifications/n3/vmoves/m1", "/v1/notifications/m1/vmoves/n1"):
        fault(api.get(gone), 404, "itemNotFound")
    for wrong in ("/v1/notifications/n2/vmoves", "/v1/notifications/n2/vmoves/m1", f"{path}?sort_key=x"):
        fault(api.get(wrong), 400, "badRequest")
