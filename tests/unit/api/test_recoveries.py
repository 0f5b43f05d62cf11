"""A project reads what became of its own servers: no other project's, and nothing of the cloud's inside."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kasugai.adapters.settings.oslo import open_conf
from kasugai.adapters.settings.values import ApiSettings
from kasugai.api.own.app import own_app
from kasugai.api.own.recoveries import MOST_READ
from kasugai.api.own.rules import MOUNT
from kasugai.api.policies import Policy
from kasugai.api.recoveries import Cause, RecoveryView, State, told
from kasugai.api.view_store import ViewStore
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.actions import About
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from tests.support.api_doors import Answer, Api, call
from tests.support.incidents import BANK, INCIDENT, OPENED, PLAN, SHOP, WHOLE, opened, said
from tests.support.memory_views import MemoryViews
from tests.support.projections import came_from, projected, shown
from tests.support.stories import records_of
from tests.unit.api.test_versions import fault

LIST = f"{MOUNT}/recoveries"
OTHER = "cccc0000000000000000000000000003"
NOWHERE = "00000000-0000-5000-8000-00000000dead"


class Tenants(Api):
    """The own resources below the middleware that says who asks."""

    def __init__(self, views: MemoryViews, conf: tuple[str, ...] = ()) -> None:
        super().__init__(views=views)
        self.wsgi = own_app(self.doors, Policy(open_conf(conf)), ApiSettings())

    def of(self, project: str, path: str, roles: str = "member", **more: str) -> Answer:
        """Ask with a token of that project."""
        headers = {"X-User-Id": "u", "X-Roles": roles, "X-Project-Id": project, **more}
        return call(self.wsgi, "GET", path, b"", {name: value for name, value in headers.items() if value})


def both() -> MemoryViews:
    """One host's recovery with servers of two projects."""
    store = shown(OPENED, *WHOLE[1:])
    return MemoryViews(owned={project: tuple(store.recoveries(project)) for project in (SHOP, BANK)})


@pytest.fixture
def tenants() -> Tenants:
    return Tenants(both())


def test_a_project_sees_what_became_of_its_servers(tenants: Tenants) -> None:
    body = tenants.of(SHOP, LIST).body
    rows = {row["server"]: row for row in body["recoveries"]}
    assert body["next_marker"] is None and sorted(rows) == ["old1", "web"]
    assert rows["web"] == {
        "recovery": rows["web"]["recovery"],
        "server": "web",
        "name": "web1",
        "cause": "host",
        "state": "recovered",
        "is_open": False,
        "why": "",
        "opened_at": "2026-11-18T11:06:40.000Z",
        "began_at": "2026-11-18T11:06:48.000Z",
        "ended_at": "2026-11-18T11:06:49.000Z",
        **dict.fromkeys(("incident", "host", "destination", "reason")),
    }
    assert (rows["old1"]["state"], rows["old1"]["why"]) == ("left", "in-error")
    assert tenants.of(SHOP, f"{LIST}/{rows['web']['recovery']}").body == {"recovery": rows["web"]}


@pytest.mark.parametrize("project", [BANK, OTHER, f"{SHOP}x", SHOP[:-1], "*", f"{SHOP}/.."])
def test_another_projects_token_gets_nothing_and_cannot_tell_what_there_is(project: str) -> None:
    views = both()
    tenants = Tenants(views)
    own = {row.server for row in views.owned.get(project, ())}
    listed = tenants.of(project, LIST).body["recoveries"]
    assert {row["server"] for row in listed} == own
    for row in views.owned[SHOP]:
        there = tenants.of(project, f"{LIST}/{row.recovery}")
        nowhere = tenants.of(project, f"{LIST}/{NOWHERE}")
        assert (there.status, there.headers) == (nowhere.status, nowhere.headers) == (404, there.headers)
        assert there.data == nowhere.data.replace(NOWHERE.encode(), row.recovery.encode())
        marked = tenants.of(project, f"{LIST}?marker={row.recovery}")
        assert marked.status == tenants.of(project, f"{LIST}?marker={NOWHERE}").status == 400
        assert tenants.of(project, f"{LIST}?server={row.server}").body["recoveries"] == []


def test_the_project_is_the_tokens_whatever_the_query_says(tenants: Tenants) -> None:
    for query in (f"project_id={SHOP}", f"project={SHOP}", f"all_projects=true&tenant_id={SHOP}"):
        assert tenants.of(OTHER, f"{LIST}?{query}").body == {"recoveries": [], "next_marker": None}


@pytest.mark.parametrize(
    ("roles", "project", "more", "status"),
    [
        ("member", SHOP, {}, 200),
        ("reader", SHOP, {}, 200),
        ("admin", SHOP, {}, 200),
        ("kasugai-notifier", SHOP, {}, 403),
        ("", SHOP, {}, 403),
        ("reader", "", {"OpenStack-System-Scope": "all"}, 403),
        ("member", "", {}, 403),
        ("admin", "", {}, 403),
    ],
)
def test_who_may(tenants: Tenants, roles: str, project: str, more: dict[str, str], status: int) -> None:
    recovery = tenants.views.owned[SHOP][0].recovery
    for path in (LIST, f"{LIST}/{recovery}"):
        assert tenants.of(project, path, roles, **more).status == status
    assert call(tenants.wsgi, "GET", LIST, b"", {}).status == 401


def test_a_member_of_a_project_is_shown_nothing_else(tenants: Tenants) -> None:
    for path in (
        "/incidents",
        f"/incidents/{INCIDENT}",
        f"/incidents/{INCIDENT}/timeline",
        "/verdicts?subject=x",
    ):
        fault(tenants.of(SHOP, MOUNT + path), 403, "forbidden")


def test_a_policy_closes_the_view_or_opens_the_inside(tmp_path: Path) -> None:
    def under(rules: Mapping[str, str]) -> Tenants:
        (tmp_path / "policy.yaml").write_text(json.dumps(rules))
        (tmp_path / "kasugai.conf").write_text(f"[oslo_policy]\npolicy_file = {tmp_path / 'policy.yaml'}\n")
        return Tenants(both(), (str(tmp_path / "kasugai.conf"),))

    closed = under({"kasugai:recoveries:index": "!", "kasugai:recoveries:detail": "!"})
    assert closed.of(SHOP, LIST).status == closed.of(SHOP, f"{LIST}/x").status == 403
    row = (
        under({"kasugai:recoveries:inside": "role:member"})
        .of(SHOP, f"{LIST}?server=old1")
        .body["recoveries"][0]
    )
    assert (row["host"], row["incident"], row["reason"]) == ("cmp1", str(INCIDENT), "in-error")
    own = under({}).of(SHOP, f"{LIST}?server=old1", "member,admin").body["recoveries"][0]
    assert own["host"] == "cmp1", "an administrator reads his own project's as he reads all"


STORIES = [
    ("host-loses-power", "demo", "host recovered"),
    ("an-excluded-guest-crashes", "demo", "server left policy"),
    ("a-guest-crashes", "demo", "server recovered"),
    ("a-user-stops-a-guest-and-it-is-reported", "demo", "server left users-wish"),
    ("a-degraded-host-is-drained", "demo", "degraded-host recovered"),
    ("only-marked-guests", "demo", "host left not-marked"),
    ("local-disk-is-left", "demo", "host left local-disk"),
    ("local-disk-and-its-host-comes-back", "demo", "host recovered"),
    ("project-tag-leaves-guests", "lab", "host left policy"),
    ("states-of-guests", "demo", "host left deleted"),
    ("retry-after-a-failed-start", "demo", "host recovered"),
    ("a-drain-is-cancelled-while-a-stopped-guest-is-moved", "demo", "degraded-host recovered"),
]


def told_to(project: str, records: tuple[Seen, ...]) -> list[dict[str, Any]]:
    store = ViewStore(projected(came_from(records)))
    found = Tenants(MemoryViews(owned={project: tuple(store.recoveries(project))})).of(project, LIST)
    rows: list[dict[str, Any]] = found.body["recoveries"]
    return rows


@pytest.mark.parametrize(("story", "project", "line"), STORIES)
def test_whole_stories_as_a_project_is_told_them(story: str, project: str, line: str) -> None:
    records = records_of(story)
    rows = told_to(project, records)
    lines = {" ".join((row["cause"], row["state"], row["why"])).strip() for row in rows}
    assert line in lines
    told_ = json.dumps(rows)
    for name in inside(records):
        assert f'"{name}"' not in told_ and f" {name}" not in told_, name


@pytest.mark.parametrize("story", sorted({story for story, *_ in STORIES}))
def test_every_plan_says_whose_each_of_its_guests_is(story: str) -> None:
    plans = [s.value.plan for s in records_of(story) if isinstance(s.value, Fact) and s.value.plan]
    for plan in plans:
        moved = {step.subject for step in plan.steps if step.words.about is About.GUEST}
        assert plan.projects.keys() == moved | {guest for guest, _ in plan.excluded}
    assert plans


def inside(records: tuple[Seen, ...]) -> set[str]:
    """The names of hosts, segments and incidents of a story."""
    values = [seen.value for seen in records]
    hosts = {value.subject.host for value in values} | {v.host_uuid for v in values if isinstance(v, Open)}
    targets = {value.step.destination for value in values if isinstance(value, Fact) and value.step}
    owners = {value.author for value in values if isinstance(value, Fact)}
    incidents = {str(value.incident) for value in values if value.incident}
    return (hosts | targets | owners | incidents | {value.segment for value in values}) - {""}


def test_two_projects_cannot_tell_by_ids_that_their_servers_shared_a_host() -> None:
    views = both()
    ids = {row.recovery for rows in views.owned.values() for row in rows}
    assert len(ids) == 3 and str(INCIDENT) not in ids


def test_a_server_of_which_nobody_says_whose_it_is_or_two_say_two_is_shown_to_nobody() -> None:
    nobodys = replace(PLAN, projects=FrozenMap({"job": BANK}))
    contested = replace(PLAN, epoch=2, projects=FrozenMap({"job": SHOP, "web": SHOP}))
    start = (OPENED, opened(), said(FactKind.ADOPTED))
    store = shown(*start, said(FactKind.PLAN, plan=nobodys))
    assert [row.server for row in store.recoveries(BANK)] == ["job"] and not list(store.recoveries(SHOP))
    again = (said(FactKind.ADOPTED, epoch=2), said(FactKind.PLAN, plan=contested, epoch=2))
    both_ = shown(*start, said(FactKind.PLAN, plan=nobodys), *again)
    assert not list(both_.recoveries(BANK)) and [row.server for row in both_.recoveries(SHOP)] == ["web"]


@pytest.mark.parametrize(
    ("query", "servers"),
    [
        ("", ["old1", "web"]),
        ("?server=web", ["web"]),
        ("?state=left", ["old1"]),
        ("?state=failed", []),
        ("?open=false", ["old1", "web"]),
        ("?open=true", []),
        ("?limit=5&nonsense=1", ["old1", "web"]),
    ],
)
def test_a_list_is_filtered(tenants: Tenants, query: str, servers: list[str]) -> None:
    assert sorted(row["server"] for row in tenants.of(SHOP, LIST + query).body["recoveries"]) == servers


@pytest.mark.parametrize(
    "query", ["?state=x", "?open=perhaps", "?limit=0", "?limit=x", "?marker=x", "?" + "a=1&" * 201]
)
def test_a_query_that_means_nothing_is_400(tenants: Tenants, query: str) -> None:
    assert tenants.of(SHOP, LIST + query).status == 400


def rows(count: int) -> tuple[RecoveryView, ...]:
    return tuple(
        RecoveryView(
            recovery=f"00000000-0000-5000-8000-{n:012d}",
            server=f"server-{n % 2}",
            cause=Cause.SERVER,
            state=State.RECOVERED,
            opened_at=n,
            incident="i",
            host="cmp1",
        )
        for n in range(count)
    )


def test_a_long_list_is_read_in_pages_and_none_is_longer_than_allowed() -> None:
    tenants = Tenants(MemoryViews(owned={SHOP: rows(25)}))
    found: list[str] = []
    marker: str | None = ""
    while marker is not None:
        body = tenants.of(SHOP, f"{LIST}?limit=10&marker={marker}").body
        assert len(body["recoveries"]) <= 10
        found += [row["recovery"] for row in body["recoveries"]]
        marker = body["next_marker"]
    assert found == [row.recovery for row in reversed(rows(25))]
    most = ApiSettings().max_limit
    many = Tenants(MemoryViews(owned={SHOP: rows(most + 1)})).of(SHOP, f"{LIST}?limit=999999")
    assert len(many.body["recoveries"]) == most


def test_a_question_that_few_rows_fit_costs_a_bounded_look_and_says_where_to_go_on() -> None:
    tenants = Tenants(MemoryViews(owned={SHOP: rows(MOST_READ + 7)}))
    first = tenants.of(SHOP, f"{LIST}?server=nobody").body
    assert first["recoveries"] == [] and first["next_marker"] == f"00000000-0000-5000-8000-{7:012d}"
    assert tenants.of(SHOP, f"{LIST}?server=nobody&marker={first['next_marker']}").body["next_marker"] is None


def test_views_that_lag_are_503(tenants: Tenants) -> None:
    tenants.views.is_current = False
    for path in (LIST, f"{LIST}/x"):
        answer = tenants.of(SHOP, path)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_an_owner_is_told_his_own_doing_and_no_word_of_the_operators() -> None:
    assert told("users-wish: web1: its user asked for stop") == "users-wish"
    assert told("excluded-project") == told("excluded-name") == told("stale") == "policy"
    assert told("moved") == "guest-elsewhere" and told("paused") == told("unknown-state-x") == "guest-state"
