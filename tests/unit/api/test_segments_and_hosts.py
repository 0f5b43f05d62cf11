"""masakari.md 1.8-1.11 and 1.14: segments and hosts, key for key, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.api.views import NotificationView, OutView, Status
from kasugai.core.words.policy import Method
from tests.support.api_doors import Api
from tests.unit.api.test_versions import fault

SEGMENT_KEYS = {
    *("id", "uuid", "name", "service_type", "enabled", "description", "recovery_method"),
    *("created_at", "updated_at", "deleted_at", "deleted"),
}
HOST_KEYS = {
    *("id", "uuid", "name", "failover_segment_id", "failover_segment", "type", "reserved"),
    *("control_attributes", "on_maintenance", "created_at", "updated_at", "deleted_at", "deleted"),
}
GOOD: dict[str, Any] = {"name": "rack1", "recovery_method": "auto", "service_type": "COMPUTE"}
HOST: dict[str, Any] = {"name": "cmp1", "type": "COMPUTE", "control_attributes": "SSH"}


def test_a_segment_has_masakaris_keys(api: Api) -> None:
    answer = api.post("/v1/segments", {"segment": GOOD})
    made = answer.body["segment"]
    assert answer.status == 201 and set(made) == SEGMENT_KEYS
    assert made["enabled"] is True and made["updated_at"] is None and made["deleted"] is False
    assert made["created_at"].endswith(".000000") and len(made["created_at"]) == 26
    assert api.get(f"/v1/segments/{made['uuid']}").body["segment"] == made
    assert api.get("/v1/segments").body["segments"] == [made]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": " rack"},
        {"name": "rack "},
        {"name": "x" * 256},
        {"name": "a\tb"},
        {"name": "\U0001f600"},
        {"name": 1},
        {"name": None},
        {"recovery_method": "AUTO"},
        {"recovery_method": "none"},
        {"service_type": ""},
        {"description": "a\tb"},
        {"description": 1},
        {"enabled": True},
        {"surprise": 1},
    ],
)
def test_a_bad_segment_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    fault(api.post("/v1/segments", {"segment": GOOD | wrong}), 400, "badRequest")
    assert api.get("/v1/segments").body["segments"] == []


@pytest.mark.parametrize(
    "body", [None, [], {}, {"segment": None}, {"segment": {}}, {"segment": GOOD, "x": 1}]
)
def test_a_body_of_another_form_is_refused(api: Api, body: object) -> None:
    fault(api.post("/v1/segments", body), 400, "badRequest")


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"\xff", b"nul", b"[" * 100_000),
        *(b'{"segment": "\\ud800"}', b'{"segment": "\xed\xa0\x80"}'),
        '{"segment": "\\ud800"}'.encode("utf-16-le"),
    ],
)
def test_what_is_no_json_is_refused(api: Api, data: bytes) -> None:
    fault(api.ask("POST", "/v1/segments", data=data), 400, "badRequest")


@pytest.mark.parametrize("word", ["1", "ON", "yes", "True", True])
def test_enabled_in_any_clothes_from_1_2_on(api: Api, word: object) -> None:
    off = {"1": "0", "ON": "Off", "yes": "NO", "True": "false"}[word] if isinstance(word, str) else False
    made = api.segment(enabled=off)
    assert made["enabled"] is False
    path = f"/v1/segments/{made['uuid']}"
    assert api.put(path, {"segment": {"enabled": word}}, "1.2").body["segment"]["enabled"] is True
    assert api.put(path, {"segment": {"enabled": off}}, "1.3").body["segment"]["enabled"] is False
    fault(api.put(path, {"segment": {"enabled": 1}}, "1.2"), 400, "badRequest")
    fault(api.put(path, {"segment": {"enabled": word}}, "1.1"), 400, "badRequest")


def test_a_segment_is_changed(api: Api) -> None:
    made = api.segment()
    path = f"/v1/segments/{made['uuid']}"
    new = {"name": "rack9", "description": "by the\r\nwindow\n", "recovery_method": "rh_priority"}
    found = api.put(path, {"segment": new}).body["segment"]
    assert found == made | new | {"updated_at": found["updated_at"]} and found["updated_at"]
    record = api.registry.inventory.segment(made["uuid"])
    assert record is not None and record.policy.method is Method.RH_PRIORITY and record.version == 2
    fault(api.put(path, {"segment": {}}), 400, "badRequest")
    fault(api.put("/v1/segments/nothing", {"segment": new}), 404, "itemNotFound")


def test_names_are_unique(api: Api) -> None:
    rack1, rack2 = api.segment("rack1"), api.segment("rack2")
    fault(api.post("/v1/segments", {"segment": GOOD}), 409, "conflictingRequest")
    fault(api.put(f"/v1/segments/{rack2['uuid']}", {"segment": {"name": "rack1"}}), 409, "conflictingRequest")
    api.host(rack1["uuid"])
    hosts = f"/v1/segments/{rack2['uuid']}/hosts"
    fault(api.post(hosts, {"host": HOST}), 409, "conflictingRequest")
    other = api.host(rack2["uuid"], "cmp2")
    fault(api.put(f"{hosts}/{other['uuid']}", {"host": {"name": "cmp1"}}), 409, "conflictingRequest")


def test_deleting_a_segment_deletes_its_hosts_and_frees_the_names(api: Api) -> None:
    made = api.segment()
    host = api.host(made["uuid"])
    gone = api.delete(f"/v1/segments/{made['uuid']}")
    assert (gone.status, gone.data) == (204, b"")
    fault(api.get(f"/v1/segments/{made['uuid']}"), 404, "itemNotFound")
    fault(api.get(f"/v1/segments/{made['uuid']}/hosts/{host['uuid']}"), 404, "itemNotFound")
    fault(api.delete(f"/v1/segments/{made['uuid']}"), 404, "itemNotFound")
    again = api.segment()
    assert api.host(again["uuid"])["id"] == 2 and again["id"] == 2, "numbers are never given again"


def test_a_host_has_masakaris_keys(api: Api) -> None:
    segment = api.segment()
    path = f"/v1/segments/{segment['uuid']}/hosts"
    answer = api.post(path, {"host": HOST | {"reserved": "True", "on_maintenance": "no"}})
    made = answer.body["host"]
    assert answer.status == 201 and set(made) == HOST_KEYS
    assert made["failover_segment"] == segment and made["failover_segment_id"] == segment["uuid"]
    assert made["reserved"] is True and made["on_maintenance"] is False
    assert api.get(f"{path}/{made['uuid']}").body["host"] == made
    assert api.get(path).body["hosts"] == [made]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"type": None}, {"type": "a b"}, {"type": "a\n"}, {"control_attributes": None}, {"reserved": 1}),
        *({"name": "unknown"}, {"name": None}, {"x": 1}),
    ],
)
def test_a_bad_host_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    path = f"/v1/segments/{api.segment()['uuid']}/hosts"
    fault(api.post(path, {"host": HOST | wrong}), 400, "badRequest")


def test_a_hosts_name_is_checked_with_nova_whenever_it_is_given(api: Api) -> None:
    segment = api.segment()["uuid"]
    path = f"/v1/segments/{segment}/hosts/{api.host(segment)['uuid']}"
    api.computes.hosts.clear()
    fault(api.put(path, {"host": {"name": "cmp1"}}), 400, "badRequest")
    assert api.put(path, {"host": {"reserved": True}}).status == 200
    api.computes.is_away = True
    answer = api.put(path, {"host": {"name": "cmp1"}})
    assert "secret" not in fault(answer, 503, "serviceUnavailable") and answer.headers["retry-after"]


def test_hosts_of_what_is_not_there(api: Api) -> None:
    one, two = api.segment("one")["uuid"], api.segment("two")["uuid"]
    host = api.host(one)["uuid"]
    for answer in (
        api.get("/v1/segments/nothing/hosts"),
        api.post("/v1/segments/nothing/hosts", {"host": HOST}),
        api.get(f"/v1/segments/{two}/hosts/{host}"),
        api.put(f"/v1/segments/{two}/hosts/{host}", {"host": {"reserved": True}}),
        api.delete(f"/v1/segments/{two}/hosts/{host}"),
        api.get(f"/v1/segments/{one}/hosts/{host.upper()}X"),
        api.get("/v1/segments/1"),
    ):
        fault(answer, 404, "itemNotFound")
    assert api.delete(f"/v1/segments/{one}/hosts/{host}").status == 204


def busy(api: Api, host_uuid: str, status: Status = Status.RUNNING, incident: str = "i") -> None:
    """Let a host be under recovery."""
    api.views.kept["n"] = NotificationView(
        number=1,
        notification_uuid="n",
        type="COMPUTE_HOST",
        generated_time="2026-11-22T07:31:18.000000",
        source_host_uuid=host_uuid,
        payload={},
        status=status,
        created_at=1,
        incident=incident,
    )


def test_under_recovery_only_the_host_and_its_segments_end_are_refused(api: Api) -> None:
    segment = f"/v1/segments/{api.segment()['uuid']}"
    uuid = segment.rpartition("/")[2]
    one, two = api.host(uuid)["uuid"], api.host(uuid, "cmp2")["uuid"]
    busy(api, one)
    maintained = {"host": {"on_maintenance": False}}
    fault(api.put(f"{segment}/hosts/{one}", maintained), 409, "conflictingRequest")
    fault(api.delete(f"{segment}/hosts/{one}"), 409, "conflictingRequest")
    fault(api.delete(segment), 409, "conflictingRequest")
    assert api.put(f"{segment}/hosts/{two}", maintained).status == 200
    assert api.put(segment, {"segment": {"description": "x"}}).status == 200
    assert api.delete(f"{segment}/hosts/{two}").status == 204
    busy(api, one, incident="")
    assert api.put(f"{segment}/hosts/{one}", maintained).status == 200, "a suspicion is no recovery"
    busy(api, one, Status.NEW, incident="")
    fault(api.put(f"{segment}/hosts/{one}", maintained), 409, "conflictingRequest")
    busy(api, one, Status.FINISHED)
    assert api.delete(segment).status == 204


def test_a_host_that_leaves_maintenance_is_alive(api: Api) -> None:
    segment = api.segment()["uuid"]
    path = f"/v1/segments/{segment}/hosts/{api.host(segment)['uuid']}"
    api.put(path, {"host": {"on_maintenance": True}})
    assert api.reports.faults == []
    api.put(path, {"host": {"on_maintenance": "False"}})
    (said,) = api.reports.faults
    assert (said.host, said.symptom, said.observer) == ("cmp1", "alive", "api")
    api.reports.is_away = True
    answer = api.put(path, {"host": {"on_maintenance": False}})
    assert fault(answer, 503, "serviceUnavailable") and answer.headers["retry-after"]


def out(api: Api, segment: str, process: str = "", host: str = "cmp1") -> None:
    """Let a recovery have taken a host out of service."""
    api.views.out += (OutView(segment=segment, host=host, process=process),)


def test_a_host_that_a_recovery_has_taken_out_is_shown_on_maintenance_and_is_not(api: Api) -> None:
    segment = api.segment()["uuid"]
    hosts = f"/v1/segments/{segment}/hosts"
    one, two = api.host(segment), api.host(segment, "cmp2")
    out(api, segment, "nova-compute")
    out(api, "another", host="cmp2")
    assert api.get(f"{hosts}/{one['uuid']}").body["host"] == one | {"on_maintenance": True}
    assert api.get(f"{hosts}/{two['uuid']}").body["host"]["on_maintenance"] is False, "it left that segment"
    for query, names in (("on_maintenance=yes", ["cmp1"]), ("on_maintenance=no", ["cmp2"])):
        assert [row["name"] for row in api.get(f"{hosts}?{query}").body["hosts"]] == names
    changed = api.put(f"{hosts}/{one['uuid']}", {"host": {"control_attributes": "IPMI"}}).body["host"]
    assert changed["on_maintenance"] is True, "the answer says what a GET says"
    record = api.registry.inventory.host(one["uuid"])
    assert record is not None and record.on_maintenance is False and record.maintenance_until == 0
    assert api.reports.faults == []


def test_who_says_that_it_is_over_vouches_for_the_host_and_for_what_shut_it(api: Api) -> None:
    segment = api.segment()["uuid"]
    path = f"/v1/segments/{segment}/hosts/{api.host(segment)['uuid']}"
    api.host(segment, "cmp2")
    for process, host in (("nova-compute", "cmp1"), ("", "cmp1"), ("libvirtd", "cmp2")):
        out(api, segment, process, host)
    answer = api.put(path, {"host": {"on_maintenance": "False"}})
    assert answer.body["host"]["on_maintenance"] is False
    told = [(said.subject.name, said.symptom, said.observer) for said in api.reports.faults]
    assert told == [("host/cmp1", "alive", "api"), ("process/cmp1/nova-compute", "alive", "api")]
    assert len({said.event_id for said in api.reports.faults}) == 2


def test_who_sets_it_on_maintenance_himself_is_obeyed(api: Api) -> None:
    segment = api.segment()["uuid"]
    host = api.host(segment)["uuid"]
    path = f"/v1/segments/{segment}/hosts/{host}"
    out(api, segment)
    assert api.put(path, {"host": {"on_maintenance": True}}).body["host"]["on_maintenance"] is True
    record = api.registry.inventory.host(host)
    assert record is not None and record.on_maintenance is True and api.reports.faults == []


def test_hosts_are_not_shown_while_nobody_knows_which_are_out(api: Api) -> None:
    segment = api.segment()["uuid"]
    path = f"/v1/segments/{segment}/hosts"
    host = api.host(segment)["uuid"]
    api.views.is_current = False
    for answer in (api.get(path), api.get(f"{path}/{host}")):
        fault(answer, 503, "serviceUnavailable")
    fault(api.get(f"{path}/nothing"), 404, "itemNotFound")
    assert api.post(path, {"host": HOST | {"name": "cmp2"}}).status == 201, "a new one is in service"


def test_a_maintenance_that_is_over_is_not_shown(api: Api) -> None:
    segment = api.segment()["uuid"]
    host = api.host(segment, on_maintenance=True)
    api.registry.edit(
        lambda now: [
            replace(record, version=2, maintenance_until=api.wall.at + 1) for record in now.hosts(segment)
        ]
    )
    path = f"/v1/segments/{segment}/hosts/{host['uuid']}"
    assert api.get(path).body["host"]["on_maintenance"] is True
    api.wall.at += 1
    assert api.get(path).body["host"]["on_maintenance"] is False


def test_filters(api: Api) -> None:
    api.segment("one", enabled=False, service_type="A")
    two = api.segment("two", recovery_method="rh_priority")["uuid"]
    api.host(two)
    api.host(two, "cmp2", reserved=True, type="OTHER")

    def names(path: str) -> list[str]:
        (rows,) = api.get(path).body.values()
        return sorted(row["name"] for row in rows)

    assert names("/v1/segments?enabled=False") == names("/v1/segments?enabled=No") == ["one"]
    assert names("/v1/segments?enabled=1") == names("/v1/segments?recovery_method=rh_priority") == ["two"]
    assert names("/v1/segments?service_type=A") == ["one"] and names("/v1/segments?what=ever") == [
        "one",
        "two",
    ]
    assert names(f"/v1/segments/{two}/hosts?reserved=YES") == ["cmp2"]
    assert names(f"/v1/segments/{two}/hosts?on_maintenance=f") == ["cmp1", "cmp2"]
    assert (
        names(f"/v1/segments/{two}/hosts?type=OTHER")
        == names(f"/v1/segments/{two}/hosts?name=cmp2")
        == ["cmp2"]
    )
    for query in ("segments?enabled=maybe", f"segments/{two}/hosts?reserved=x"):
        fault(api.get(f"/v1/{query}"), 400, "badRequest")


def test_pages_are_walked_by_integer_markers(api: Api) -> None:
    made = [api.segment(f"rack{n}") for n in range(5)]
    seen: list[str] = []
    marker = ""
    while rows := api.get(f"/v1/segments?limit=1{marker}").body["segments"]:
        seen += [row["name"] for row in rows]
        marker = f"&marker={rows[-1]['id']}"
    assert seen == [each["name"] for each in reversed(made)], "newest first"
    assert api.get("/v1/segments?limit=0").body["segments"] == []
    assert len(api.get("/v1/segments?limit=99999").body["segments"]) == 5


def test_a_page_goes_on_after_a_marker_that_no_longer_fits_the_filter(api: Api) -> None:
    """What a client has seen may change before it asks on; Masakari looks the marker up among all."""
    made = [api.segment(f"rack{n}") for n in range(4)]
    api.put(f"/v1/segments/{made[2]['uuid']}", {"segment": {"service_type": "OTHER"}})
    page = f"service_type=COMPUTE&limit=1&marker={made[2]['id']}"
    assert [row["name"] for row in api.get(f"/v1/segments?{page}").body["segments"]] == ["rack1"]
    segment = made[0]["uuid"]
    hosts = [api.host(segment, f"cmp{n}", reserved=n == 2) for n in range(1, 4)]
    page = f"reserved=no&sort_key=name&sort_dir=asc&limit=1&marker={hosts[1]['id']}"
    assert [row["name"] for row in api.get(f"/v1/segments/{segment}/hosts?{page}").body["hosts"]] == ["cmp3"]


def test_a_bad_filter_is_refused_where_there_is_nothing_to_filter(api: Api) -> None:
    fault(api.get("/v1/segments?enabled=maybe"), 400, "badRequest")


@pytest.mark.parametrize(
    "query",
    [
        *(
            "limit=-1",
            "limit=%2B-1",
            "limit=--1",
            "page_size=-%2B1",
            "limit=x",
            "limit=",
            "page_size=x",
            "marker=",
            "marker=99",
            "marker=0000-11",
            "limit=1e3",
        ),
        *("sort_key=nothing", "sort_key=failover_segment", "sort_dir=up", "sort_dir=asc&sort_dir=desc"),
        *("limit=" + "9" * 5000, "marker=" + "9" * 5000, "&".join(f"a{n}=" for n in range(300))),
    ],
)
def test_a_bad_list_is_refused(api: Api, query: str) -> None:
    segment = api.segment()["uuid"]
    fault(api.get(f"/v1/segments/{segment}/hosts?{query}"), 400, "badRequest")
    fault(api.get(f"/v1/segments?{query}"), 400, "badRequest")


def test_sorting(api: Api) -> None:
    for name, service in (("b", "x"), ("a", "y"), ("c", "x")):
        api.segment(name, service_type=service)

    def names(query: str) -> str:
        return "".join(row["name"] for row in api.get(f"/v1/segments?{query}").body["segments"])

    assert names("sort_key=name&sort_dir=asc") == "abc" and names("sort_key=name") == "cba"
    assert names("sort_key=service_type&sort_dir=asc&sort_key=name&sort_dir=desc") == "cba"
    assert names("sort_key=deleted_at&sort_dir=asc") == "bac", "ties by created_at and id"


def test_an_absent_kafka_is_told_without_its_address(api: Api) -> None:
    made = api.segment()["uuid"]
    api.registry.is_away = True
    for answer in (api.get("/v1/segments"), api.post("/v1/segments", {"segment": GOOD | {"name": "n"}})):
        assert "secret" not in fault(answer, 503, "serviceUnavailable")
        assert int(answer.headers["retry-after"]) > 0
    api.registry.is_away = False
    assert [row["uuid"] for row in api.get("/v1/segments").body["segments"]] == [made]


def test_until_the_views_have_caught_up_nothing_that_needs_them_is_answered(api: Api) -> None:
    segment = api.segment()["uuid"]
    api.views.is_current = False
    for answer in (api.delete(f"/v1/segments/{segment}"), api.get("/v1/notifications")):
        fault(answer, 503, "serviceUnavailable")
        assert answer.headers["retry-after"]
    assert api.get(f"/v1/segments/{segment}").status == 200


def test_what_no_record_can_carry_is_refused_by_its_field(api: Api) -> None:
    segment = api.post("/v1/segments", {"segment": GOOD}).body["segment"]["uuid"]
    path = f"/v1/segments/{segment}/hosts"
    told = fault(api.post(path, {"host": HOST | {"control_attributes": "x" * 65_536}}), 400, "badRequest")
    assert "HostRecord.control_attributes has 65536 characters, at most 65535 are taken" in told
    assert api.get(path).body["hosts"] == []
    assert api.post(path, {"host": HOST | {"control_attributes": "x" * 65_535}}).status == 201
