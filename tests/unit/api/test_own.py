"""Kasugai's own resources: incidents, plan, story and verdicts from the views; orders that reach Kafka first."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from falcon import inspect
from jsonschema import Draft202012Validator

from kasugai.adapters.settings.oslo import open_conf
from kasugai.adapters.settings.values import ApiSettings
from kasugai.api.app import make_app
from kasugai.api.handling import Doors
from kasugai.api.own.app import own_app
from kasugai.api.own.openapi import OPERATIONS, described, document
from kasugai.api.own.rules import MOUNT
from kasugai.api.policies import Policy, sample
from kasugai.core.words import policy as core
from kasugai.core.words.disks import DiskClass
from kasugai.core.words.facts import FactKind
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import DISKS
from kasugai.core.words.signals import Instruction
from tests.support.api_doors import Answer, Api, call, microversion
from tests.support.incidents import INCIDENT, OPENED, PLAN, SEGMENT, SHOP, WHOLE, opened, said
from tests.support.memory_views import MemoryViews
from tests.support.projections import UUID_1, naming, posted, shown

CASE = str(INCIDENT)
REPO = Path(__file__).resolve().parents[3]


def views() -> MemoryViews:
    """One incident from its notification to its end."""
    store = shown(posted(), naming(OPENED, posted()), *WHOLE[1:])
    case, notification = store.incident(CASE), store.notification(UUID_1)
    assert case is not None and notification is not None
    return MemoryViews(
        cases={CASE: case},
        stories={CASE: store.timeline(CASE)},
        decided={"host/cmp1": store.verdicts("host/cmp1")},
        kept={UUID_1: notification},
        told={UUID_1: store.details(UUID_1)},
        moves={UUID_1: store.vmoves(UUID_1)},
        owned={SHOP: tuple(store.recoveries(SHOP))},
    )


@pytest.fixture
def own() -> Api:
    return Api(views=views())


def order(api: Api, **said: object) -> Answer:
    return api.ask("POST", f"{MOUNT}/commands", {"command": {"reason": "by ann", **said}})


def test_an_incident_is_shown_with_plan_and_story(own: Api) -> None:
    found = own.get(f"{MOUNT}/incidents/{CASE}").body["incident"]
    assert (found["host"], found["phase"], found["is_open"]) == ("cmp1", "recovered", False)
    assert (found["opened_at"], found["closed_at"]) == (
        "2026-11-18T11:06:40.000Z",
        "2026-11-18T11:06:55.000Z",
    )
    assert found["instances"] == {"total": 2, "done": 2, "left": [{"instance": "old1", "reason": "in-error"}]}
    assert found["notifications"] == [UUID_1]
    plan = own.get(f"{MOUNT}/incidents/{CASE}/plan").body["plan"]
    assert [step["state"] for step in plan["steps"]] == ["done"] * 5
    story = own.get(f"{MOUNT}/incidents/{CASE}/timeline").body["timeline"]
    assert story[0] == {
        "at": "2026-11-18T11:06:41.000Z",
        "actor": "correlate",
        "sentence": "open cmp1 (confirmed)",
    }


def test_a_plan_says_on_what_each_guests_data_lies() -> None:
    local = FrozenMap({DISKS: str(DiskClass.LOCAL)})
    guests = {step.subject for step in PLAN.guests}
    steps = tuple(replace(s, params=local) if s.subject in guests else s for s in PLAN.steps)
    planned = said(FactKind.PLAN, plan=replace(PLAN, steps=steps))
    case = shown(posted(), naming(OPENED, posted()), opened(), said(FactKind.ADOPTED), planned).incident(CASE)
    assert case is not None
    plan = Api(views=MemoryViews(cases={CASE: case})).get(f"{MOUNT}/incidents/{CASE}/plan").body["plan"]
    assert {(step["subject"] in guests, step["disks"]) for step in plan["steps"]} == {
        (True, "local"),
        (False, None),
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1),
        ("?host=cmp1&phase=recovered&open=false", 1),
        (f"?segment={SEGMENT}", 1),
        ("?host=cmp2", 0),
        ("?phase=held", 0),
        ("?kind=host", 1),
        ("?kind=instance", 0),
        ("?open=true", 0),
        (f"?marker={CASE}", 0),
        ("?limit=1", 1),
    ],
)
def test_incidents_are_listed_with_filters(own: Api, query: str, count: int) -> None:
    assert len(own.get(f"{MOUNT}/incidents{query}").body["incidents"]) == count


def test_a_full_page_says_where_the_next_one_begins(own: Api) -> None:
    assert own.get(f"{MOUNT}/incidents?limit=1").body["next_marker"] == CASE
    assert own.get(f"{MOUNT}/incidents?limit=2").body["next_marker"] is None


@pytest.mark.parametrize(
    "query",
    [
        "?phase=sleeping",
        "?kind=segment",
        "?open=maybe",
        "?limit=0",
        "?limit=x",
        "?limit=-1",
        "?marker=nobody",
    ],
)
def test_a_query_that_means_nothing_is_400(own: Api, query: str) -> None:
    assert own.get(f"{MOUNT}/incidents{query}").status == 400


def test_verdicts_of_a_subject_come_newest_first(own: Api) -> None:
    found = own.get(f"{MOUNT}/verdicts?subject=host/cmp1").body["verdicts"]
    assert [verdict["verb"] for verdict in found] == ["close", "open"]
    assert found[1]["evidence"][0]["episode"] == UUID_1
    assert found[1]["meaning"] == "Enough witnesses for long enough."
    assert len(own.get(f"{MOUNT}/verdicts?subject=host/cmp1&limit=1").body["verdicts"]) == 1
    assert own.get(f"{MOUNT}/verdicts?subject=host/nobody").body == {"verdicts": []}
    assert own.get(f"{MOUNT}/verdicts").status == 400


@pytest.mark.parametrize("path", ["", "/plan", "/timeline"])
def test_an_unknown_incident_is_404_and_views_that_lag_503(own: Api, path: str) -> None:
    assert own.get(f"{MOUNT}/incidents/nobody{path}").status == 404
    own.views.is_current = False
    answer = own.get(f"{MOUNT}/incidents/{CASE}{path}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize("path", ["/", "", "/nothing", "/incidents/", "/incidents/x/y/z"])
def test_what_is_not_there_is_404(own: Api, path: str) -> None:
    assert own.get(MOUNT + path).status == 404


def test_an_order_about_an_incident_is_published_before_the_answer(own: Api) -> None:
    answer = order(own, order="retry", incident=CASE)
    (command,) = own.reports.commands
    assert answer.status == 202
    assert answer.body["command"]["command_id"] == str(command.command_id)
    assert (command.order, command.incident, command.host, command.segment) == (
        Instruction.RETRY,
        INCIDENT,
        "cmp1",
        SEGMENT,
    )
    assert (command.author, command.reason) == ("admin", "by ann")


def test_orders_about_segments_and_hosts_are_looked_up_in_the_inventory(own: Api) -> None:
    segment = own.segment("rack1")
    own.host(segment["uuid"], "cmp1")
    assert order(own, order="disarm", segment="rack1").status == 202
    assert order(own, order="approve", segment=segment["uuid"], limit="storm", up_to=3).status == 202
    assert order(own, order="hold", host="cmp1").status == 202
    assert [(c.order, c.segment, c.host, c.up_to) for c in own.reports.commands] == [
        ("disarm", segment["uuid"], "", 0),
        ("approve", segment["uuid"], "", 3),
        ("hold", segment["uuid"], "cmp1", 0),
    ]


def test_an_order_that_is_repeated_with_its_id_is_the_same_command(own: Api) -> None:
    own.segment("rack1")
    for _ in range(2):
        assert order(own, order="arm", segment="rack1", id=UUID_1).status == 202
    assert {str(command.command_id) for command in own.reports.commands} == {UUID_1}


@pytest.mark.parametrize(
    "said",
    [
        {"order": "retry", "incident": CASE, "reason": ""},
        {"order": "retry", "incident": CASE, "reason": "  "},
        {"order": "retry"},
        {"order": "dance", "incident": CASE},
        {"order": "retry", "incident": CASE, "host": "cmp1"},
        {"order": "arm", "host": "cmp1"},
        {"order": "hold", "segment": "rack1"},
        {"order": "approve", "host": "cmp1"},
        {"order": "retry", "incident": CASE, "limit": "storm"},
        {"order": "approve", "host": "cmp1", "limit": "hold", "up_to": 2},
        {"order": "approve", "segment": "rack1", "limit": "storm"},
        {"order": "approve", "segment": "rack1", "limit": "storm", "up_to": 0},
        {"order": "retry", "incident": "x"},
        {"order": "retry", "incident": CASE, "more": 1},
    ],
)
def test_an_order_that_does_not_fit_is_400_and_publishes_nothing(own: Api, said: dict[str, Any]) -> None:
    assert order(own, **said).status == 400
    assert own.reports.commands == []


@pytest.mark.parametrize("said", [{"segment": "nowhere"}, {"host": "nobody"}, {"incident": UUID_1}])
def test_an_order_about_what_nobody_knows_is_404(own: Api, said: dict[str, str]) -> None:
    word = "arm" if "segment" in said else "retry"
    assert order(own, order=word, **said).status == 404


def test_without_kafka_an_order_is_503_and_tells_no_secret(own: Api) -> None:
    own.segment("rack1")
    own.registry.is_away = own.reports.is_away = True
    for words in ({"order": "arm", "segment": "rack1"}, {"order": "retry", "incident": CASE}):
        answer = order(own, **words)
        assert answer.status == 503 and "retry-after" in answer.headers
        assert b"secret" not in answer.data


class Named(Api):
    """The own resources below the middleware that says who asks."""

    def __init__(self, file: Path, rules: dict[str, str]) -> None:
        super().__init__(views=views())
        (file.parent / "policy.yaml").write_text(json.dumps(rules))
        file.write_text(f"[oslo_policy]\npolicy_file = {file.parent / 'policy.yaml'}\n")
        doors = doors_of(self)
        self.wsgi = own_app(doors, Policy(open_conf((str(file),))), ApiSettings())


def doors_of(api: Api) -> Doors:
    return Doors(
        registry=api.registry,
        reports=api.reports,
        orders=api.reports,
        claims=api.claims,
        computes=api.computes,
        views=api.views,
        wall=api.wall,
    )


def test_each_order_and_each_list_has_a_rule_of_its_own(tmp_path: Path) -> None:
    api = Named(
        tmp_path / "kasugai.conf", {"kasugai:incidents:index": "@", "kasugai:commands:hold": "role:oncall"}
    )
    member = {"X-User-Id": "u", "X-Roles": "oncall", "X-Project-Id": "p"}

    def ask(method: str, path: str, body: object = None) -> int:
        data = json.dumps(body).encode() if body else b""
        return call(api.wsgi, method, MOUNT + path, data, member).status

    assert ask("GET", "/incidents") == 200
    assert ask("GET", f"/incidents/{CASE}") == ask("GET", "/verdicts?subject=x") == 403
    retry, hold = ({"command": {"order": o, "reason": "r", "incident": CASE}} for o in ("retry", "hold"))
    assert (ask("POST", "/commands", retry), ask("POST", "/commands", hold)) == (403, 202)
    assert call(api.wsgi, "GET", f"{MOUNT}/incidents", b"", {}).status == 401


def test_the_policy_sample_shows_the_own_rules() -> None:
    text = sample()
    assert '#"kasugai:incidents:index": "rule:reader_api"' in text
    assert '#"kasugai:commands:cancel": "rule:admin_api"' in text
    assert f"# POST  {MOUNT}/commands" in text


def test_the_document_is_served_committed_and_fresh(own: Api) -> None:
    assert own.get(f"{MOUNT}/openapi.json").data == document()
    assert (REPO / "docs/api/openapi.json").read_bytes() == document(), (
        "type: .venv/bin/python tools/draw_openapi.py"
    )


def test_the_document_names_every_route_and_no_other(own: Api) -> None:
    doors, policy = doors_of(own), Policy(open_conf(()))
    apps = {
        "/v1": make_app(doors, policy, ApiSettings(), core.Policy()),
        "": own_app(doors, policy, ApiSettings()),
    }
    routed = {
        (method.method.lower(), mount + route.path)
        for mount, app in apps.items()
        for route in inspect.inspect_app(app).routes
        for method in route.methods
        if method.function_name != "_refuse" and not method.internal
    }
    assert routed == {(method, path) for method, path, *_ in OPERATIONS}


def test_every_schema_of_the_document_is_one() -> None:
    found = described()
    schemas = [
        content["schema"]
        for path in found["paths"].values()
        for operation in path.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
    ]
    for schema in [*schemas, *found["components"]["schemas"].values()]:
        Draft202012Validator.check_schema(schema)


def told_by(own: Api, method: str, path: str, answer: Answer) -> None:
    """The answer is as the document says."""
    document_ = described()
    said = document_["paths"][path][method]["responses"][str(answer.status)]
    schema = said["content"]["application/json"]["schema"] | {"components": document_["components"]}
    Draft202012Validator(schema).validate(answer.body)


def test_real_answers_are_what_the_document_says(own: Api) -> None:
    segment = own.segment("rack1")
    host = own.host(segment["uuid"], "cmp1")
    ids = {
        "segment_id": segment["uuid"],
        "host_id": host["uuid"],
        "notification_id": UUID_1,
        "vmove_id": own.views.moves[UUID_1][0].uuid,
        "alias": "segments",
        "incident": CASE,
        "recovery": own.views.owned[SHOP][0].recovery,
    }
    token = {"X-Auth-Token": f"admin:{SHOP}", **microversion("1.3")}
    for method, path, _, _, shown_ in OPERATIONS:
        if method == "get" and shown_ is not None:
            query = "?subject=host/cmp1" if path.endswith(("verdicts", "explain")) else ""
            answer = own.ask("GET", path.format(**ids) + query, headers=token)
            assert answer.status == 200, (path, answer.data)
            told_by(own, method, path, answer)
    created = own.post(
        "/v1/segments", {"segment": {"name": "r2", "recovery_method": "auto", "service_type": "x"}}
    )
    told_by(own, "post", "/v1/segments", created)
    told_by(own, "post", f"{MOUNT}/commands", order(own, order="arm", segment="rack1"))
