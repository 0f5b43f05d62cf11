"""The Nova adapter: only listed calls, one token, pinned microversions, and one-line errors without secrets."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kasugai.adapters.nova import BadCloud, NovaCloud, views
from kasugai.adapters.nova.paging import PAGES
from kasugai.adapters.nova.session import one_line
from kasugai.adapters.nova.ticket import Ticket
from kasugai.adapters.settings import NovaSettings
from kasugai.core.recovering.doors import CloudAway, CloudRefused, CloudUnsure
from kasugai.core.recovering.nova_views import Needs
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http import CloudThread
from kasugai.sim.http.keystone import PASSWORD, PROJECT, USER
from kasugai.sim.http.server import HttpReply, HttpRequest
from tests.support.clouds import SWIFT, furnish, until, with_adapter

HOST = "cmp1.rack1"

LISTED = {
    ("GET", "/os-services"),
    ("GET", "/servers/detail"),
    ("GET", "/servers/ID"),
    ("GET", "/os-migrations"),
    ("PUT", "/os-services/ID"),
    ("POST", "/servers/ID/action"),
    ("GET", "/os-aggregates"),
    ("POST", "/os-aggregates/1/action"),
}
"""The calls that nova.md and masakari.md 2.1 list and a recovery may make."""

KEYSTONES = {("GET", "/projects/demo/tags")}
"""The one exception, and no call of Nova's: Keystone is asked for a project's tags where a policy names some."""

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def lab() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that lets connect and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


def bury(cloud: SimCloud) -> None:
    cloud.hosts.power_off(HOST)
    cloud.operator_forces_down(HOST)


def sent(lab: CloudThread) -> list[Request]:
    """Return what reached Nova, without version documents."""
    requests = lab.do(lambda cloud: list(cloud.wire.requests))
    return [request for request in requests if request.action not in ("other", "token")]


def uuid(lab: CloudThread, name: str = "web") -> str:
    return lab.do(lambda cloud: cloud.uuid(name))


async def recover(nova: NovaCloud, lab: CloudThread) -> None:
    """Do what a recovery of the host does, by hand."""
    service = await nova.service(HOST)
    assert service is not None
    (spare,) = [view for view in (await nova.services()).computes if view.host == "cmp2"]
    (aggregate,) = await nova.aggregates()
    await nova.add_to_aggregate(aggregate.aggregate_id, spare.host)
    await nova.enable(spare.service_id)
    guests = await nova.guests(HOST)
    assert {await nova.project_tags(guest.project) for guest in guests} == {()}
    await nova.migrations(HOST)
    await nova.force_down(service.service_id, "kasugai")
    await nova.reset_state(guests[0].uuid)
    await asyncio.gather(*(nova.evacuate(guest.uuid) for guest in guests))
    await until(lambda: lab.do(lambda cloud: [m.status for m in cloud.world.migrations]) == ["done"] * 3)
    await nova.migrations(HOST)
    landed = [await nova.guest(guest.uuid) for guest in guests]
    assert all(guest is not None and guest.host != HOST for guest in landed)
    await nova.stop(guests[0].uuid)
    await until(lambda: lab.do(lambda cloud: cloud.world.guests[guests[0].uuid].vm_state) == "stopped")
    await nova.start(guests[0].uuid)


def test_a_recovery_makes_listed_calls_only_at_pinned_microversions_with_one_token(lab: CloudThread) -> None:
    with_adapter(lab, lambda nova: recover(nova, lab))
    made = {(request.method, UUID.sub("ID", request.path)) for request in sent(lab)}
    assert made == LISTED | KEYSTONES
    assert {(r.action, r.microversion) for r in sent(lab)} == {
        ("project-tags", ""),
        ("service", "2.53"),
        ("services", "2.53"),
        ("aggregates", "2.53"),
        ("aggregate", "2.53"),
        ("enable", "2.53"),
        ("guests", "2.53"),
        ("guest", "2.53"),
        ("migrations", "2.80"),
        ("force-down", "2.53"),
        ("reset", "2.53"),
        ("evacuate", "2.93"),
        ("stop", "2.53"),
        ("start", "2.53"),
    }
    everything = Counter(r.action for r in lab.do(lambda cloud: list(cloud.wire.requests)))
    assert everything["token"] == 1
    assert everything["evacuate"] == 3
    assert everything["other"] <= 3, "version documents of Keystone and Nova are read once"


@pytest.mark.parametrize("endpoint", ["/identity", "/identity/v3"])
def test_keystone_is_found_by_the_catalog_with_novas_token(lab: CloudThread, endpoint: str) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.do(lambda cloud: cloud.add_project("p1", "gold"))
        lab.do(lambda _: setattr(lab.door.api.keystone, "endpoint", endpoint))
        assert await nova.project_tags("p1") == ("gold",)
        lab.do(lambda _: lab.door.api.keystone.expire_tokens())
        assert await nova.project_tags("p1") == ("gold",)

    with_adapter(lab, use)
    made = [(r.action, r.status) for r in lab.do(lambda cloud: list(cloud.wire.requests))]
    assert [each for each in made if each[0] != "other"] == [
        ("token", 201),
        ("project-tags", 200),
        ("project-tags", 401),
        ("token", 201),
        ("project-tags", 200),
    ]


def test_a_catalog_without_keystone_is_a_no_and_not_an_outage(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.do(lambda _: setattr(lab.door.api.keystone, "endpoint", None))
        with pytest.raises(CloudRefused, match=r"404 .*identity"):
            await nova.project_tags("p1")

    with_adapter(lab, use)


def test_a_catalog_that_lost_nova_says_nothing_about_a_guest(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(nova: NovaCloud) -> None:
        assert await nova.guest(uuid(lab)) is not None
        monkeypatch.setattr(lab.door.api.keystone, "_service", lambda *_: {"type": "other", "endpoints": []})
        lab.do(lambda _: lab.door.api.keystone.expire_tokens())
        with pytest.raises(CloudAway, match="endpoint"):
            await nova.guest(uuid(lab))

    with_adapter(lab, use)


def test_an_answer_without_tags_is_away(lab: CloudThread, monkeypatch: pytest.MonkeyPatch) -> None:
    async def reply(_request: HttpRequest) -> HttpReply:
        return HttpReply(body={"versions": []})

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api.keystone, "project_tags", reply)
        with pytest.raises(CloudAway, match="not Keystone's"):
            await nova.project_tags("p1")

    with_adapter(lab, use)


def test_an_expired_token_is_renewed_and_the_call_is_carried_out_once(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.guests(HOST)
        lab.do(bury)
        lab.do(lambda _: lab.door.api.keystone.expire_tokens())
        await nova.evacuate(uuid(lab))

    with_adapter(lab, use)
    assert lab.do(lambda cloud: len(cloud.world.migrations)) == 1
    statuses = [r.status for r in lab.do(lambda cloud: list(cloud.wire.requests)) if r.method == "POST"]
    assert statuses == [201, 401, 201, 200]


def test_a_nova_that_refuses_every_token_is_away(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.do(bury)
        lab.do(lambda _: setattr(lab.door.api.keystone, "token_life", -1.0))
        with pytest.raises(CloudAway):
            await nova.evacuate(uuid(lab))
        with pytest.raises(CloudAway):
            await nova.guests(HOST)

    with_adapter(lab, use)
    assert lab.do(lambda cloud: cloud.world.migrations) == []


def test_a_refused_token_is_no_reason_to_send_for_a_caller_that_has_given_up(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.guests(HOST)
        lab.do(bury)
        lab.do(lambda _: lab.door.api.keystone.expire_tokens())
        lab.do(lambda cloud: cloud.wire.slow(0.4, times=1))
        call = asyncio.create_task(nova.evacuate(uuid(lab)))
        await asyncio.sleep(0.2)
        call.cancel()
        await asyncio.sleep(0.6)

    with_adapter(lab, use)
    assert lab.do(lambda cloud: cloud.world.migrations) == []


def test_a_database_that_ignores_case_does_not_mix_up_hosts(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    nova_api = lab.door.cloud.nova
    everything = {
        name: getattr(nova_api, name) for name in ("list_services", "list_servers", "list_migrations")
    }

    async def use(nova: NovaCloud) -> None:
        lab.do(lambda cloud: cloud.operator_live_migrates("loud", "cmp2"))
        for name, ask in everything.items():
            monkeypatch.setattr(nova_api, name, lambda *_, ask=ask: ask())
        service = await nova.service(HOST)
        assert service is not None and service.host == HOST
        assert sorted(guest.name for guest in await nova.guests(HOST)) == ["app", "db", "web"]
        assert await nova.migrations(HOST) == ()

    with_adapter(lab, use)


@pytest.mark.parametrize(
    ("newest", "evacuate", "migrations"), [((2, 104), "2.93", "2.80"), ((2, 60), "2.60", "2.60")]
)
def test_microversions_are_negotiated_down(
    lab: CloudThread, newest: tuple[int, int], evacuate: str, migrations: str
) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.do(lambda _: setattr(lab.door.api, "highest", newest))
        lab.do(bury)
        assert await nova.check() == newest
        await nova.evacuate(uuid(lab))
        await nova.migrations(HOST)

    with_adapter(lab, use)
    assert [(r.action, r.microversion) for r in sent(lab)] == [
        ("evacuate", evacuate),
        ("migrations", migrations),
    ]


def test_a_nova_that_is_too_old_is_told(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.do(lambda _: setattr(lab.door.api, "highest", (2, 52)))
        with pytest.raises(BadCloud, match=r"Nova is too old: it knows microversion 2\.52, 2\.59 is needed"):
            await nova.check()
        with pytest.raises(CloudAway, match=r"Nova knows 2\.52, POST .* needs 2\.53"):
            await nova.evacuate(uuid(lab))

    with_adapter(lab, use)
    assert sent(lab) == []


def test_all_services_are_asked_for_only_where_there_is_no_date(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.service(HOST)
        lab.do(lambda cloud: setattr(cloud.world, "sends_date", False))
        await nova.service(HOST)
        await nova.service(HOST)
        lab.do(lambda cloud: setattr(cloud.world, "sends_date", True))
        await nova.service(HOST)
        await nova.service(HOST)

    with_adapter(lab, use)
    assert [request.subject for request in sent(lab)] == [HOST, HOST, "", "", "", HOST]


def test_novas_clock_is_told_by_a_replys_date_and_by_nothing_else(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        assert await nova.date() is not None
        lab.do(lambda cloud: setattr(cloud.world, "sends_date", False))
        assert await nova.date() is None

    with_adapter(lab, use)


def test_every_page_is_read(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.do(lambda _: setattr(lab.door.api, "page", 1))
        lab.do(bury)
        assert len(await nova.guests(HOST)) == 3
        for name in ("web", "db", "app"):
            await nova.evacuate(uuid(lab, name))
        assert len(await nova.migrations(HOST)) == 3

    with_adapter(lab, use)
    assert Counter(r.action for r in sent(lab)) == {"guests": 3, "migrations": 3, "evacuate": 3}


@pytest.mark.parametrize(
    ("marker", "why"),
    [("the same", "leads back to a page that was read"), ("another", "more than 100 pages")],
)
def test_a_list_without_an_end_is_away(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, marker: str, why: str
) -> None:
    async def respond(request: HttpRequest) -> HttpReply:
        if not request.path.endswith("/servers/detail"):
            return await real(request)
        asked.append(request.path)
        named = marker if marker == "the same" else len(asked)
        link = {"rel": "next", "href": f"http://nova/v2.1/servers/detail?marker={named}"}
        return HttpReply(body={"servers": [], "servers_links": [link]})

    async def use(nova: NovaCloud) -> None:
        with pytest.raises(CloudAway, match=why):
            await nova.guests(HOST)

    asked: list[str] = []
    real = lab.door.api.respond
    monkeypatch.setattr(lab.door.api, "respond", respond)
    with_adapter(lab, use)
    assert len(asked) == (2 if marker == "the same" else PAGES)


@pytest.mark.parametrize(
    "links",
    [7, [7], [{"rel": "next"}], [{"rel": "next", "href": "http://nova/"}], [{"rel": "next", "href": 7}]],
)
def test_a_next_page_that_cannot_be_found_is_away(links: object) -> None:
    with pytest.raises(CloudAway, match="does not say where the next page of servers begins"):
        views.next_marker({"servers_links": links}, "servers")


@pytest.mark.parametrize("links", [None, [], [{"rel": "self", "href": "http://nova/"}]])
def test_a_last_page_is_the_last(links: object) -> None:
    assert views.next_marker({"servers_links": links}, "servers") is None
    assert views.next_marker({}, "servers") is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"badRequest": {"message": "no\nkasugai: all is well\r\x1b[2J\u202egnp.exe", "code": 400}}, None),
        ({"errors": [{"detail": "x" * 100_000, "status": 400}]}, "x" * 299 + "…"),
        ({"badRequest": {"message": "see http://admin:hunter2@nova/", "code": 400}}, "see http://nova/"),
        ({"badRequest": {"message": {"deep": [7]}, "code": 400}}, "{'deep': [7]}"),
    ],
)
def test_what_a_server_says_about_an_error_is_one_visible_line(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, body: dict[str, object], said: str | None
) -> None:
    async def respond(_: HttpRequest) -> HttpReply:
        return HttpReply(status=400, body=body)

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api, "respond", respond)
        with pytest.raises(CloudRefused) as caught:
            await nova.services()
        assert caught.value.message == (said or r"no kasugai: all is well \u001b[2J\u202egnp.exe")

    with_adapter(lab, use)


READS: dict[str, Callable[[NovaCloud], Awaitable[object]]] = {
    "service": lambda nova: nova.service(HOST),
    "services": lambda nova: nova.services(),
    "room": lambda nova: nova.room(Needs(resources=(("VCPU", 1),))),
    "actions": lambda nova: nova.actions("g1"),
    "last_evacuation": lambda nova: nova.last_evacuation("g1"),
    "aggregates": lambda nova: nova.aggregates(),
    "guests": lambda nova: nova.guests(HOST),
    "guest": lambda nova: nova.guest("g1"),
    "migrations": lambda nova: nova.migrations(HOST),
    "project_tags": lambda nova: nova.project_tags("demo"),
    "image": lambda nova: nova.image("cirros"),
}
PARTS = (
    *("services", "servers", "server", "aggregates", "migrations", "hypervisors", "instanceActions"),
    *("instanceAction", "tags", "id", "provider_summaries", "allocation_requests"),
)


@pytest.mark.parametrize(
    "part", [7, "text", [7], ["text"], {"a": 7}, [[]], [{"host": 7, "id": [], "service": "x"}]]
)
@pytest.mark.parametrize("read", READS)
def test_an_answer_of_another_form_is_away_and_no_bug(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, read: str, part: object
) -> None:
    async def respond(_: HttpRequest) -> HttpReply:
        return HttpReply(body=dict.fromkeys(PARTS, part))

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api, "respond", respond)
        with suppress(CloudAway, CloudRefused):
            await READS[read](nova)

    with_adapter(lab, use)


def test_a_list_that_changes_while_it_is_read_is_away(lab: CloudThread) -> None:
    def spoil(cloud: SimCloud) -> None:
        lab.door.api.page = 1
        cloud.wire.watchers.append(
            lambda request: (
                cloud.user_deletes("web")
                if request.arrived and request.action == "guests" and not cloud.world.guest("web").deleted
                else None
            )
        )

    async def use(nova: NovaCloud) -> None:
        lab.do(spoil)
        with pytest.raises(CloudAway, match=r"the list changed while it was read: marker \[.*\] not found"):
            await nova.guests(HOST)
        assert len(await nova.guests(HOST)) == 2

    with_adapter(lab, use)


def test_what_waits_for_a_thread_too_long_is_never_sent(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.guests(HOST)
        lab.do(bury)
        lab.do(lambda cloud: cloud.wire.slow(0.8, action="evacuate"))
        calls = [nova.evacuate(uuid(lab, name)) for name in ("web", "db", "app")]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert Counter(type(answer) for answer in answers) == {type(None): 1, CloudUnsure: 1, CloudAway: 1}
        await asyncio.sleep(1)

    with_adapter(lab, use, threads=1)
    assert Counter(r.action for r in sent(lab))["evacuate"] == 2


def test_a_caller_that_is_cancelled_before_sending_sends_nothing(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.guests(HOST)
        lab.do(bury)
        lab.do(lambda cloud: cloud.wire.slow(2.5, action="guests"))
        look = asyncio.create_task(nova.guests(HOST))
        await asyncio.sleep(0.05)
        call = asyncio.create_task(nova.evacuate(uuid(lab)))
        await asyncio.sleep(0.05)
        call.cancel()
        await look
        await asyncio.sleep(0.2)

    with_adapter(lab, use, threads=1, client=30.0)
    assert lab.do(lambda cloud: cloud.world.migrations) == []


def test_a_connection_that_is_reset_leaves_a_call_unsure(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.guests(HOST)
        lab.do(lambda cloud: cloud.wire.refuse_connections(10**6))
        with pytest.raises(CloudUnsure):
            await nova.evacuate(uuid(lab))
        with pytest.raises(CloudAway):
            await nova.guest(uuid(lab))

    with_adapter(lab, use)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (HttpReply(status=200, body="<html>maintenance</html>"), CloudAway),
        (HttpReply(status=200, body={}), CloudAway),
        (HttpReply(status=302, headers={"Location": "http://127.0.0.1:1/"}), CloudRefused),
        (HttpReply(status=403, body={"forbidden": {"message": "Policy doesn't allow it"}}), CloudRefused),
        (HttpReply(status=418, body=["odd"]), CloudRefused),
        (HttpReply(status=429), CloudAway),
        (HttpReply(status=502), CloudAway),
    ],
)
def test_odd_answers_to_a_read(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, reply: HttpReply, expected: type[Exception]
) -> None:
    async def respond(_request: HttpRequest) -> HttpReply:
        return reply

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api, "respond", respond)
        with pytest.raises(expected):
            await nova.service(HOST)
        monkeypatch.undo()
        assert await nova.service(HOST) is not None

    with_adapter(lab, use)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_odd_answer_to_a_call_is_unsure(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async def respond(_request: HttpRequest) -> HttpReply:
        return HttpReply(status=status)

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api, "respond", respond)
        with pytest.raises(CloudUnsure, match=str(status)):
            await nova.evacuate(uuid(lab))

    with_adapter(lab, use)


def test_a_nova_without_a_version_document_is_away(lab: CloudThread, monkeypatch: pytest.MonkeyPatch) -> None:
    async def respond(_request: HttpRequest) -> HttpReply:
        return HttpReply(status=404)

    async def use(nova: NovaCloud) -> None:
        monkeypatch.setattr(lab.door.api, "respond", respond)
        with pytest.raises(CloudAway):
            await nova.evacuate(uuid(lab))
        monkeypatch.undo()
        assert await nova.check() == (2, 104)

    with_adapter(lab, use)


def password_settings(lab: CloudThread, **changed: str) -> NovaSettings:
    chosen = {
        "auth_url": f"{lab.door.url}/identity/v3",
        "username": USER,
        "password": PASSWORD,
        "project_name": PROJECT,
    }
    return NovaSettings(**(chosen | changed))


def test_password_options_do_without_a_clouds_yaml(lab: CloudThread) -> None:
    async def main() -> None:
        nova = NovaCloud(password_settings(lab), client=2.0)
        assert len(await nova.guests(HOST)) == 3
        await nova.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"password": "s3cret"}, "Keystone refuses the credentials"),
        ({"username": "nobody"}, "Keystone refuses the credentials"),
        (
            {"region_name": "nowhere"},
            "the catalog has no such compute endpoint: check region_name and interface",
        ),
        ({"auth_url": "URL/nothing/v3"}, "there is no Keystone at auth_url"),
    ],
)
def test_wrong_credentials_are_one_line_without_secrets(
    lab: CloudThread, changed: dict[str, str], message: str
) -> None:
    async def main() -> None:
        changed_here = {name: value.replace("URL", lab.door.url) for name, value in changed.items()}
        nova = NovaCloud(password_settings(lab, **changed_here), client=2.0)
        with pytest.raises(CloudAway, match=message) as told:
            await nova.check()
        assert str(told.value).startswith("[nova] auth_url http://127.0.0.1:")
        assert "\n" not in str(told.value)
        assert PASSWORD not in str(told.value) and "s3cret" not in str(told.value)
        with pytest.raises(CloudAway, match=message):
            await nova.evacuate(uuid(lab))
        await nova.close()

    asyncio.run(main())
    assert sent(lab) == []


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_a_keystone_that_refuses_for_a_moment_is_waited_for(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async def use(nova: NovaCloud) -> None:
        monkeypatch.setattr(lab.door.api.keystone, "respond", lambda _: HttpReply(status=status, body={}))
        with pytest.raises(CloudAway):
            await nova.check()
        with pytest.raises(CloudAway):
            await nova.evacuate(uuid(lab))
        monkeypatch.undo()
        assert await nova.check() == (2, 104)

    with_adapter(lab, use)


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(status=201, body={"token": {}}),
        HttpReply(status=201, headers={"X-Subject-Token": "t"}, body=["odd"]),
        HttpReply(status=201, headers={"X-Subject-Token": "t"}, body={"token": {"catalog": "odd"}}),
        HttpReply(status=201, headers={"X-Subject-Token": "t"}, body={"token": {"expires_at": "soon"}}),
        HttpReply(status=200, body="<html>maintenance</html>"),
    ],
)
def test_a_login_that_something_else_answers_is_away(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, reply: HttpReply
) -> None:
    """keystoneauth fails at it with a KeyError, a TypeError, whatever: never an attempt's poison."""
    real = lab.door.api.keystone.respond

    def respond(request: HttpRequest) -> HttpReply:
        return reply if request.method == "POST" else real(request)

    async def use(nova: NovaCloud) -> None:
        monkeypatch.setattr(lab.door.api.keystone, "respond", respond)
        for act in (nova.check(), nova.guests(HOST), nova.evacuate(uuid(lab))):
            with pytest.raises(CloudAway):
                await act

    with_adapter(lab, use)


@pytest.mark.parametrize("text", [None, "", "no certificate"], ids=["gone", "empty", "half-written"])
def test_an_authorities_file_that_is_away_for_a_moment_is_nova_away(
    lab: CloudThread, silent: str, tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)

    async def main() -> None:
        nova = NovaCloud(password_settings(lab, auth_url=f"{silent}/v3", cafile=str(file)), client=2.0)
        for act in (nova.check(), nova.guests(HOST), nova.evacuate(uuid(lab))):
            with pytest.raises(CloudAway):
                await act
        await nova.close()

    asyncio.run(main())


@pytest.mark.parametrize("text", [None, ""], ids=["gone", "empty"])
def test_a_call_that_the_authorities_file_prevents_was_not_sent(
    lab: CloudThread, silent: str, tmp_path: Path, text: str | None
) -> None:
    """After the login: keystoneauth holds a token and Nova's address, and the file goes."""
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        adapter = nova._wire._adapter
        adapter.session.verify = str(file)
        adapter.endpoint_override = f"{silent}/v2.1"
        with pytest.raises(CloudAway):
            await nova.evacuate(uuid(lab))

    with_adapter(lab, use)


def test_a_name_that_cannot_be_resolved_is_away_before_and_after_the_login(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.check()
        nova._wire._adapter.endpoint_override = "http://nova.invalid/v2.1"
        with pytest.raises(CloudAway):
            await nova.evacuate(uuid(lab))

    async def main() -> None:
        nova = NovaCloud(password_settings(lab, auth_url="http://keystone.invalid/v3"), client=2.0)
        with pytest.raises(CloudAway):
            await nova.check()
        await nova.close()

    with_adapter(lab, use)
    asyncio.run(main())


def test_a_keystone_that_is_down_is_away(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.refuse()
        with pytest.raises(CloudAway):
            await nova.check()
        with pytest.raises(CloudAway):
            await nova.evacuate("x")
        lab.accept()
        await nova.check()

    with_adapter(lab, use)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clouds:\n  other: {}\n", "Cloud sim was not found"),
        ("clouds: [\npassword: s3cret\n", "the file is not YAML, line"),
        ("clouds:\n  sim:\n    auth: {password: s3cret}\n", "auth_url"),
        (None, "the file cannot be read: No such file or directory"),
    ],
)
def test_a_bad_clouds_yaml_is_one_line_without_secrets(
    tmp_path: Path, text: str | None, message: str
) -> None:
    file = tmp_path / "clouds.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadCloud, match=message) as told:
        NovaCloud(NovaSettings(cloud="sim", clouds_file=str(file)), client=1.0)
    assert str(told.value).startswith(f"cloud 'sim' of {file}: ")
    assert "\n" not in str(told.value) and "s3cret" not in str(told.value)


def test_messages_lose_credentials_in_urls() -> None:
    assert one_line(ValueError("no http://me:pw@host/x\nmore")) == "no http://host/x"
    assert one_line(ValueError()) == "ValueError"


def test_an_answer_for_no_admin_is_away() -> None:
    with pytest.raises(CloudAway, match="lacks OS-EXT-STS:vm_state: is the user an admin"):
        views.guest({"id": "1", "name": "web"})


def test_a_service_that_never_reported_has_no_age() -> None:
    row = {
        "id": "1",
        "host": "h",
        "state": "down",
        "status": "enabled",
        "updated_at": None,
        "forced_down": False,
    }
    view = views.service([row], "h", "Thu, 01 Jan 2026 00:00:00 GMT")
    assert view is not None
    assert (view.updated_at, view.age, view.age_is_bound) == ("", 0.0, True)
    assert views.service([row], "H", None) is None


def test_a_ticket_forbids_sending_once_given_up() -> None:
    ticket = Ticket(10)
    assert 9 < ticket.send() <= 10
    assert ticket.give_up() is True
    ticket.take_back()
    assert ticket.give_up() is False
    with pytest.raises(CloudAway):
        ticket.send()
    with pytest.raises(CloudAway):
        Ticket(0).send()


@pytest.mark.parametrize("act", [lambda nova: nova.guests(HOST), lambda nova: nova.stop("x")])
def test_a_closed_adapter_sends_nothing(
    lab: CloudThread, act: Callable[[NovaCloud], Awaitable[object]]
) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.close()
        with pytest.raises(RuntimeError, match="cannot schedule new futures"):
            await act(nova)

    with_adapter(lab, use)
    assert sent(lab) == []
