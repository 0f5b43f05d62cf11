"""Rights in Nova are asked one by one without an effect, a missing one is named by its rule, 403 is not pestered."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kasugai.adapters.nova import NovaCloud, Right, Standing, missing
from kasugai.adapters.nova.forbidden import FIRST, LONGEST, Forbidden
from kasugai.adapters.settings import KafkaSettings, NovaSettings, Settings, WorkerSettings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.cli.exits import Exit
from kasugai.cli.rights import told
from kasugai.core.recovering.doors import CloudAway, CloudRefused
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import TEST
from kasugai.sim.cloud import SimCloud
from kasugai.sim.http import CloudThread
from kasugai.sim.http.server import HttpReply, HttpRequest
from kasugai.workers.admission import Admission
from kasugai.workers.health import Upkeep
from kasugai.workers.outages import Outages
from tests.support.clouds import SWIFT, furnish, with_adapter

HOST = "cmp1.rack1"
NEEDED = {
    "os_compute_api:os-services:list": ("GET", "/os-services"),
    "os_compute_api:os-migrations:index": ("GET", "/os-migrations"),
    "os_compute_api:os-services:update": ("PUT", "/os-services/"),
    "os_compute_api:servers:detail:get_all_tenants": ("GET", "/servers/detail"),
    "os_compute_api:os-evacuate": ("POST", "/servers/"),
    "os_compute_api:servers:show": ("GET", "/servers/"),
}
HELPFUL = {
    "os_compute_api:os-aggregates:index": ("GET", "/os-aggregates"),
    "os_compute_api:os-aggregates:add_host": ("POST", "/os-aggregates/"),
    "os_compute_api:os-hypervisors:list-detail": ("GET", "/os-hypervisors/detail"),
    "placement:allocation_candidates:list": ("GET", "/placement/allocation_candidates"),
}


@pytest.fixture
def lab() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


def asked(lab: CloudThread) -> list[Right]:
    found: list[Right] = []

    async def use(nova: NovaCloud) -> None:
        found.extend(await nova.rights(about_a_guest=True))

    with_adapter(lab, use)
    return found


def forbid(lab: CloudThread, monkeypatch: pytest.MonkeyPatch, method: str, path: str) -> list[HttpRequest]:
    """Refuse what begins so, as Nova or Placement does, and return what was asked."""
    heard = list[HttpRequest]()
    nova, placement = lab.door.api.respond, lab.door.placement.respond

    async def respond(request: HttpRequest) -> HttpReply:
        heard.append(request)
        below = request.path.removeprefix("/compute/v2.1")
        is_one = path.endswith("/") and below.startswith(path) and not below.endswith("/detail")
        if request.method == method and (below == path or is_one):
            return HttpReply(status=403, body=_forbidden(below))
        is_placements = below.startswith("/placement")
        return await (placement(request) if is_placements else nova(request))

    monkeypatch.setattr(lab.door.api, "respond", respond)
    monkeypatch.setattr(lab.door.placement, "respond", respond)
    return heard


def _forbidden(path: str) -> dict[str, object]:
    why = "Policy doesn't allow this"
    if path.startswith("/placement"):
        return {"errors": [{"status": 403, "title": "Forbidden", "detail": why}]}
    return {"forbidden": {"message": why, "code": 403}}


def state(cloud: SimCloud) -> object:
    services = [(h.name, h.service.forced_down, h.service.enabled) for h in cloud.world.hosts.values()]
    guests = [(g.uuid, g.host, g.vm_state, g.task_state) for g in cloud.world.guests.values()]
    return (
        services,
        guests,
        list(cloud.world.migrations),
        [sorted(a.hosts) for a in cloud.world.aggregates.values()],
    )


def test_an_admin_has_all_and_nothing_happens(lab: CloudThread) -> None:
    before = lab.do(state)
    found = asked(lab)
    assert {right.standing for right in found if right.rule in NEEDED | HELPFUL} == {Standing.GRANTED}
    assert {right.rule for right in found} >= NEEDED.keys() | HELPFUL.keys()
    assert missing(tuple(found)) == ()
    assert lab.do(state) == before


@pytest.mark.parametrize("rule", NEEDED)
def test_a_missing_right_is_named(lab: CloudThread, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    forbid(lab, monkeypatch, *NEEDED[rule])
    (lacking,) = missing(tuple(asked(lab)))
    assert lacking.rule == rule and "openstack role add" in lacking.line and lacking.line.startswith("NO ")


@pytest.mark.parametrize("rule", HELPFUL)
def test_what_only_some_recoveries_need_is_named_and_holds_nobody_up(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    forbid(lab, monkeypatch, *HELPFUL[rule])
    found = asked(lab)
    assert missing(tuple(found)) == ()
    assert [right.rule for right in found if right.standing is Standing.MISSING] == [rule]


def test_placements_own_words_are_told(lab: CloudThread, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid(lab, monkeypatch, *HELPFUL["placement:allocation_candidates:list"])
    (lacking,) = (right for right in asked(lab) if right.standing is Standing.MISSING)
    assert "; Placement says Policy doesn't allow this; give the user" in lacking.line


def test_a_right_in_a_placement_that_the_catalog_lacks_is_not_there(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lab.door.api.keystone._service

    def others(kind: str, name: str, path: str) -> dict[str, Any]:
        return {"type": "other", "endpoints": []} if kind == "placement" else real(kind, name, path)

    monkeypatch.setattr(lab.door.api.keystone, "_service", others)
    found = {right.rule: right for right in asked(lab)}
    right = found["placement:allocation_candidates:list"]
    assert right.standing is Standing.UNASKED and "placement" in right.why
    assert missing(tuple(found.values())) == ()


def test_what_is_about_a_guest_is_not_asked_where_there_is_none() -> None:
    def no_guests(cloud: SimCloud) -> None:
        cloud.add_host(HOST)

    with CloudThread(no_guests, pace=SWIFT) as empty:
        found = asked(empty)
    unasked = {right.rule: right.why for right in found if right.standing is Standing.UNASKED}
    for rule in ("os-extended-server-attributes", "servers:show:flavor-extra-specs", "os-evacuate"):
        assert unasked[f"os_compute_api:{rule}"] == "there is no guest to ask about"


@pytest.mark.parametrize(
    ("rule", "is_needed"),
    [
        ("os_compute_api:os-extended-server-attributes", True),
        ("os_compute_api:servers:show:flavor-extra-specs", False),
    ],
)
def test_what_nova_leaves_out_in_silence_is_named(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, rule: str, is_needed: bool
) -> None:
    real = lab.door.api.respond

    async def respond(request: HttpRequest) -> HttpReply:
        reply = await real(request)
        for server in reply.body.get("servers", []) if isinstance(reply.body, dict) else []:
            place, key = (server, "OS-EXT-SRV-ATTR:host") if is_needed else (server["flavor"], "extra_specs")
            del place[key]
        return reply

    monkeypatch.setattr(lab.door.api, "respond", respond)
    found = asked(lab)
    assert [right.rule for right in found if right.standing is Standing.MISSING] == [rule]
    assert [right.rule for right in missing(tuple(found))] == [rule] * is_needed


ABOUT_ONE = ("os_compute_api:os-evacuate", "os_compute_api:servers:show")
"""What is asked about a guest, by --check only."""


def admit(lab: CloudThread, *kinds: Kind) -> tuple[list[Kind], str]:
    """Ask until every kind was admitted or it was said what one lacks; return who was, and what was said."""
    vitals, admitted = Vitals(), list[Kind]()
    upkeep = Upkeep(vitals)

    async def use(nova: NovaCloud) -> None:
        async def ask() -> None:
            async for kind in Admission(nova, kinds, Outages(), upkeep).kinds():
                admitted.append(kind)

        asking = asyncio.create_task(ask())
        async with asyncio.timeout(20):
            while not (upkeep.why or asking.done()):  # noqa: ASYNC110 - real time, a question over HTTP
                await asyncio.sleep(0.01)
        asking.cancel()

    with_adapter(lab, use)
    return admitted, upkeep.why


@pytest.mark.parametrize("rule", [rule for rule in NEEDED if rule not in ABOUT_ONE])
def test_a_worker_does_not_begin_without_a_right_that_every_recovery_needs(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    forbid(lab, monkeypatch, *NEEDED[rule])

    admitted, why = admit(lab, Kind.HOST)
    assert admitted == [] and re.search(f"host: .*{rule}.*openstack role add", why)


@pytest.mark.parametrize("rule", HELPFUL)
def test_a_worker_begins_and_warns_without_a_right_that_some_recoveries_need(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, rule: str
) -> None:
    forbid(lab, monkeypatch, *HELPFUL[rule])
    assert admit(lab, Kind.HOST) == ([Kind.HOST], "")
    assert [record.levelname for record in caplog.records if rule in record.getMessage()] == ["WARNING"]


def test_a_policy_that_names_its_rule_is_believed(lab: CloudThread, monkeypatch: pytest.MonkeyPatch) -> None:
    async def respond(_: HttpRequest) -> HttpReply:
        text = "Policy doesn't allow os_compute_api:renamed to be performed."
        return HttpReply(status=403, body={"forbidden": {"message": text}})

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api, "respond", respond)
        assert {right.rule for right in missing(await nova.rights())} == {"os_compute_api:renamed"}

    with_adapter(lab, use)


def answer_without(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, path: str, change: Callable[[dict[str, Any]], None]
) -> None:
    """Change every answer to this read, as Nova leaves out what its policy does not let us see."""
    real = lab.door.api.respond

    async def respond(request: HttpRequest) -> HttpReply:
        reply = await real(request)
        if request.method == "GET" and request.path.endswith(path) and isinstance(reply.body, dict):
            change(reply.body)
        return reply

    monkeypatch.setattr(lab.door.api, "respond", respond)


def hide_places(body: dict[str, Any]) -> None:
    for row in body["migrations"]:
        row.update(source_compute=None, dest_compute=None)


def evacuate(lab: CloudThread) -> None:
    def act(cloud: SimCloud) -> None:
        cloud.hosts.power_off(HOST)
        cloud.operator_forces_down(HOST)
        cloud.operator_evacuates("web")

    lab.do(act)


def test_records_whose_places_nova_hides_are_no_records_of_other_hosts(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    evacuate(lab)

    async def use(nova: NovaCloud) -> None:
        assert len(await nova.migrations(HOST)) == 1
        answer_without(lab, monkeypatch, "/os-migrations", hide_places)
        with pytest.raises(CloudAway, match="os-migrations:index:host"):
            await nova.migrations(HOST)

    with_adapter(lab, use)


def leave_out_extra_specs(body: dict[str, Any]) -> None:
    for row in body["servers"]:
        row["flavor"].pop("extra_specs", None)


def leave_out_hosts(body: dict[str, Any]) -> None:
    for row in body["servers"]:
        row.pop("OS-EXT-SRV-ATTR:host", None)


@pytest.mark.parametrize(
    ("rule", "path", "change"),
    [
        ("os_compute_api:os-migrations:index:host", "/os-migrations", hide_places),
        ("os_compute_api:servers:show:flavor-extra-specs", "/servers/detail", leave_out_extra_specs),
        ("os_compute_api:os-extended-server-attributes", "/servers/detail", leave_out_hosts),
    ],
)
def test_a_right_without_which_nova_answers_all_the_same_is_named(
    lab: CloudThread,
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    path: str,
    change: Callable[[dict[str, Any]], None],
) -> None:
    evacuate(lab)
    assert rule in {right.rule for right in asked(lab) if right.standing is Standing.GRANTED}
    answer_without(lab, monkeypatch, path, change)
    assert [right.rule for right in asked(lab) if right.standing is Standing.MISSING] == [rule]


def test_a_nova_that_ignores_the_filter_by_host_is_told(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lab.door.api.respond

    async def respond(request: HttpRequest) -> HttpReply:
        query = {key: value for key, value in request.query.items() if key != "host"}
        return await real(replace(request, query=query))

    monkeypatch.setattr(lab.door.api, "respond", respond)
    (lacking,) = (right for right in asked(lab) if right.standing is Standing.MISSING)
    assert lacking.rule == "os_compute_api:servers:allow_all_filters" and not lacking.is_needed


def test_a_nova_that_is_away_says_nothing_of_rights(lab: CloudThread) -> None:
    lab.refuse()
    with pytest.raises(CloudAway):
        asked(lab)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_nova_that_does_not_answer_in_the_middle_is_away_whatever_it_was_asked(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """A question that could be an effect is unsure where it is lost; here it has none, and a worker waits for Nova."""
    real = lab.door.api.respond

    async def respond(request: HttpRequest) -> HttpReply:
        if request.method == method and "/os-" in request.path + str(request.body):
            await asyncio.sleep(60)
        return await real(request)

    monkeypatch.setattr(lab.door.api, "respond", respond)

    async def use(nova: NovaCloud) -> None:
        with pytest.raises(CloudAway, match=r"no answer within 1 s|timed out"):
            await nova.rights()

    with_adapter(lab, use, client=1.0)


@pytest.mark.parametrize(("rule", "code"), [("os_compute_api:os-evacuate", Exit.NO), ("", Exit.OK)])
def test_the_command_tells_one_line_a_right(
    lab: CloudThread,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rule: str,
    code: Exit,
) -> None:
    (tmp_path / "clouds.yaml").write_text(lab.door.clouds_yaml())
    if rule:
        forbid(lab, monkeypatch, *NEEDED[rule])
    nova = NovaSettings(cloud="sim", clouds_file=str(tmp_path / "clouds.yaml"))
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"),
        nova=nova,
        worker=WorkerSettings(profile="test", timing=TEST),
    )
    assert asyncio.run(told(settings, frozenset({Kind.HOST}))) is code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= len(NEEDED | HELPFUL) and all(line[:3] in ("ok ", "NO ", "-- ") for line in lines)
    assert [line for line in lines if line.startswith("NO")] == [
        line for line in lines if rule and rule in line
    ]


def test_a_forbidden_read_is_not_made_again_and_again(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.check()
        heard = forbid(lab, monkeypatch, "GET", "/os-services")
        for _ in range(20):
            with pytest.raises(CloudRefused, match="403"):
                await nova.service(HOST)
        assert len(heard) == 2
        assert await nova.guests(HOST)

    with_adapter(lab, use)


def test_the_pause_grows_up_to_half_a_minute_and_ends_with_a_yes() -> None:
    now = [0.0]
    forbidden, no = Forbidden(lambda: now[0]), CloudRefused(403, "no")
    made: list[float] = []
    while now[0] < 200:
        try:
            forbidden.require_due("/x")
        except CloudRefused:
            pass
        else:
            made.append(now[0])
            forbidden.note("/x", no)
        now[0] += 0.5
    assert made[:4] == [0.0, 0.5, 0.5 + FIRST, 0.5 + 3 * FIRST] and made[-1] - made[-2] == LONGEST
    forbidden.forget("/x")
    forbidden.require_due("/x")


def test_refusals_that_nobody_comes_back_to_are_forgotten() -> None:
    now = [0.0]
    forbidden, no = Forbidden(lambda: now[0]), CloudRefused(403, "no")
    for guest in range(1000):
        forbidden.note(f"/servers/{guest}/os-instance-actions", no)
        now[0] += 1.0
    assert len(forbidden) <= LONGEST + 1


ACTIONS, ACTION = "os_compute_api:os-instance-actions:list", "os_compute_api:os-instance-actions:show"
OF_ACTIONS = {ACTIONS, ACTION}


def stop_all(cloud: SimCloud) -> None:
    """Give each guest an action of which Nova keeps an account."""
    for guest in list(cloud.world.guests.values()):
        cloud.user_stops(guest.name)


def about_actions(lab: CloudThread) -> dict[str, Standing]:
    found = asked(lab)
    assert missing(tuple(found)) == (), "no recovery needs them"
    return {right.rule: right.standing for right in found if right.rule in OF_ACTIONS}


def test_an_account_of_an_action_is_shown(lab: CloudThread) -> None:
    lab.do(stop_all)
    assert about_actions(lab) == dict.fromkeys(OF_ACTIONS, Standing.GRANTED)


def purge_all(cloud: SimCloud) -> None:
    """Let Nova keep no account of any guest."""
    for guest in list(cloud.world.guests.values()):
        cloud.purge_actions(guest.name)


def test_without_any_action_nobody_can_tell_whether_one_is_shown(lab: CloudThread) -> None:
    lab.do(purge_all)
    assert about_actions(lab) == {ACTIONS: Standing.GRANTED, ACTION: Standing.UNASKED}


@pytest.mark.parametrize(
    ("ends", "standings"),
    [
        ("/os-instance-actions", {ACTIONS: Standing.MISSING, ACTION: Standing.UNASKED}),
        ("", {ACTIONS: Standing.GRANTED, ACTION: Standing.MISSING}),
    ],
)
def test_an_account_that_is_refused_is_named(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, ends: str, standings: dict[str, Standing]
) -> None:
    lab.do(stop_all)
    real = lab.door.api.respond

    async def respond(request: HttpRequest) -> HttpReply:
        is_list = request.path.endswith("/os-instance-actions")
        if "/os-instance-actions" in request.path and is_list is bool(ends):
            return HttpReply(status=403, body=_forbidden("/servers"))
        return await real(request)

    monkeypatch.setattr(lab.door.api, "respond", respond)
    assert about_actions(lab) == standings
