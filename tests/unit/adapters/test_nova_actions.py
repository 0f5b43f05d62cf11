"""What the Nova adapter tells of what was asked of a guest, and what it asks of one that fails and of its host."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from kasugai.adapters.nova import NovaCloud, Right, Standing, missing
from kasugai.core.recovering.doors import CloudAway, CloudRefused, CloudUnsure
from kasugai.core.recovering.nova_views import By
from kasugai.core.words.subject import Kind
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http import CloudThread
from kasugai.sim.http.render import US
from kasugai.sim.http.server import HttpReply, HttpRequest
from tests.support.clouds import SWIFT, furnish, until, with_adapter

HOST = "cmp1.rack1"
ACTIONS = "os_compute_api:os-instance-actions:list"

ROW = {
    "action": "stop",
    "instance_uuid": "g1",
    "request_id": "req-1",
    "user_id": US,
    "project_id": "p1",
    "start_time": "2026-11-30T10:00:00.000000",
    "updated_at": "2026-11-30T10:00:02.000000",
    "message": None,
}
AT = 1_796_032_800_000
"""2026-11-30T10:00:00Z."""


@pytest.fixture
def lab() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


def uuid(lab: CloudThread, name: str = "web") -> str:
    return lab.do(lambda cloud: cloud.uuid(name))


def sent(lab: CloudThread) -> list[Request]:
    return [
        request for request in lab.do(lambda cloud: list(cloud.wire.requests)) if request.action != "other"
    ]


def answer(lab: CloudThread, monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any]) -> None:
    """Let Nova answer every question with these actions."""

    async def respond(_: HttpRequest) -> HttpReply:
        return HttpReply(body={"instanceActions": list(rows)})

    monkeypatch.setattr(lab.door.api, "respond", respond)


def test_who_asked_is_told_with_one_token_and_one_request_each(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.stop(uuid(lab))
        await until(lambda: lab.do(lambda cloud: cloud.world.guest("web").vm_state) == "stopped")
        lab.do(lambda cloud: cloud.user_starts("web"))
        for _ in range(3):
            told = [(each.action, each.by) for each in await nova.actions(uuid(lab))]
            assert told == [("start", By.OTHERS), ("stop", By.US), ("create", By.OTHERS)]

    with_adapter(lab, use)
    assert Counter(each.action for each in sent(lab)) == {"token": 1, "stop": 1, "actions": 3}
    assert {each.microversion for each in sent(lab) if each.action == "actions"} == {"2.58"}


@pytest.mark.parametrize(
    ("changed", "by"),
    [({}, By.US), ({"user_id": None}, By.NOVA), ({"user_id": "u2"}, By.OTHERS), ({"user_id": ""}, By.OTHERS)],
)
def test_nova_names_no_user_of_what_it_does_itself(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], by: By
) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.check()
        answer(lab, monkeypatch, ROW | changed)
        (told,) = await nova.actions("g1")
        assert (told.action, told.by, told.request) == ("stop", by, "req-1")
        assert (told.began_at, told.ended_at, told.has_failed) == (AT, AT + 2000, False)

    with_adapter(lab, use)


def test_an_action_that_failed_says_so_and_an_old_nova_does_not_say_when(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.check()
        answer(
            lab,
            monkeypatch,
            {key: what for key, what in ROW.items() if key != "updated_at"} | {"message": "Error"},
        )
        (told,) = await nova.actions("g1")
        assert (told.ended_at, told.has_failed) == (None, True)

    with_adapter(lab, use)


@pytest.mark.parametrize("part", ["action", "user_id", "request_id", "start_time", "message"])
def test_an_action_that_lacks_a_part_is_no_answer(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Without user_id it would be taken for Nova's own."""

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        answer(lab, monkeypatch, ROW, {key: what for key, what in ROW.items() if key != part})
        with pytest.raises(CloudAway, match=part):
            await nova.actions("g1")

    with_adapter(lab, use)


@pytest.mark.parametrize("start", ["", "yesterday", 7])
def test_an_action_of_no_time_is_no_answer(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, start: object
) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.check()
        answer(lab, monkeypatch, ROW | {"start_time": start})
        with pytest.raises(CloudAway):
            await nova.actions("g1")

    with_adapter(lab, use)


def test_a_guest_that_nova_never_knew_has_no_actions_and_a_deleted_one_keeps_them(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        assert await nova.actions("00000000-0000-0000-0000-000000000000") == ()
        lab.do(lambda cloud: cloud.user_deletes("web"))
        assert [each.action for each in await nova.actions(uuid(lab))] == ["delete", "create"]

    with_adapter(lab, use)


def test_a_nova_that_does_not_tell_is_no_nova_that_knows_nothing(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        lab.do(lambda cloud: setattr(cloud.world, "hides_actions", True))
        with pytest.raises(CloudRefused, match=ACTIONS) as no:
            await nova.actions(uuid(lab))
        assert no.value.status == 403

    with_adapter(lab, use)


@pytest.mark.parametrize("user", [{}, {"id": None, "name": "x"}, {"id": "", "name": "x"}, {"id": 7}])
def test_a_keystone_that_does_not_say_who_we_are_is_away(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, user: dict[str, Any]
) -> None:
    real = lab.door.api.keystone._body

    async def use(nova: NovaCloud) -> None:
        monkeypatch.setattr(lab.door.api.keystone, "_body", lambda: real() | {"user": user})
        lab.do(lambda cloud: cloud.user_stops("web"))
        with pytest.raises(CloudAway):
            await nova.actions(uuid(lab))

    with_adapter(lab, use)


def test_a_keystone_that_hangs_between_two_answers_holds_nobody_for_long(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's id is asked for after Nova's answer, and the token may have ended in between."""

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(nova._wire._adapter, "get_user_id", lambda: time.sleep(2.0))
        before = asyncio.get_running_loop().time()
        with pytest.raises(CloudAway, match="no login within"):
            await nova.actions(uuid(lab))
        assert asyncio.get_running_loop().time() - before < 1.5

    with_adapter(lab, use, client=0.3)


def test_a_service_is_disabled_with_its_reason_and_stays_up(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        service = await nova.service(HOST)
        assert service is not None
        for reason in ("kasugai: a", "b" * 300):
            await nova.disable(service.service_id, reason)
        found = await nova.service(HOST)
        assert found is not None and (found.is_up, found.is_enabled, found.forced_down) == (
            True,
            False,
            False,
        )
        assert found.disabled_reason == "b" * 255, "Nova takes no more"

    with_adapter(lab, use)
    puts = [(each.action, each.status, each.microversion) for each in sent(lab) if each.method == "PUT"]
    assert puts == [("disable", 200, "2.53")] * 2


def test_a_guest_is_moved_and_let_go_of_by_two_calls(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.migrate(uuid(lab))
        await until(lambda: lab.do(lambda cloud: cloud.world.guest("web").vm_state) == "resized")
        await nova.confirm_migration(uuid(lab))
        await until(lambda: lab.do(lambda cloud: cloud.world.guest("web").vm_state) == "active")
        assert {each.by for each in (await nova.actions(uuid(lab)))[:2]} == {By.US}

    with_adapter(lab, use)
    posts = [(each.action, each.microversion) for each in sent(lab) if each.path.endswith("/action")]
    assert posts == [("migrate", "2.53"), ("confirm-migration", "2.53")]


def test_a_guest_is_moved_to_a_named_host_at_the_first_microversion_that_takes_one(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        with pytest.raises(CloudRefused, match="cmp9 could not be found"):
            await nova.migrate(uuid(lab), "cmp9")
        await nova.migrate(uuid(lab), "cmp2")
        await until(lambda: lab.do(lambda cloud: cloud.world.guest("web").vm_state) == "resized")
        assert lab.do(lambda cloud: cloud.world.guest("web").host) == "cmp2"

    with_adapter(lab, use)
    posts = [(each.action, each.microversion) for each in sent(lab) if each.path.endswith("/action")]
    assert posts == [("migrate", "2.56"), ("migrate", "2.56")]


def test_a_guest_is_migrated_live_by_one_call_that_nova_answers_at_once(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.live_migrate(uuid(lab), "cmp2")
        await until(lambda: lab.do(lambda cloud: cloud.world.guest("web").host) == "cmp2")

    with_adapter(lab, use)
    posts = [(each.action, each.microversion) for each in sent(lab) if each.path.endswith("/action")]
    assert posts == [("live-migrate", "2.53")], "2.34 and later, and no force"


@pytest.mark.parametrize("act", ["migrate", "live_migrate", "confirm_migration", "disable"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, CloudRefused),
        (404, CloudRefused),
        (409, CloudRefused),
        (503, CloudAway),
        (500, CloudUnsure),
        (504, CloudUnsure),
    ],
)
def test_what_a_bad_answer_to_a_call_means(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, act: str, status: int, expected: type[Exception]
) -> None:
    async def respond(_: HttpRequest) -> HttpReply:
        return HttpReply(status=status, body=["odd"])

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api, "respond", respond)
        with pytest.raises(expected):
            await getattr(nova, act)("g1", *(["why"] if act == "disable" else []))

    with_adapter(lab, use)


def test_each_pool_needs_rights_of_its_own() -> None:
    def right(rule: str, *pools: Kind) -> Right:
        return Right(rule=rule, what="do it", standing=Standing.MISSING, needed_by=frozenset(pools))

    both = right("both", Kind.HOST, Kind.INSTANCE)
    guests, nobody = right("guests", Kind.INSTANCE), right("nobody")
    found = (both, guests, nobody)
    assert missing(found) == missing(found, frozenset({Kind.HOST})) == (both,)
    assert missing(found, frozenset({Kind.INSTANCE})) == (both, guests)
    assert missing(found, frozenset({Kind.PROCESS})) == ()
    assert guests.line.startswith("NO  guests: do it (worker instance); give")
    assert "worker" not in both.said and "worker" not in nobody.said


def test_the_pool_of_instances_needs_what_tells_a_users_wish(lab: CloudThread) -> None:
    found = list[Right]()

    async def use(nova: NovaCloud) -> None:
        lab.do(lambda cloud: setattr(cloud.world, "hides_actions", True))
        found.extend(await nova.rights(about_a_guest=True))

    with_adapter(lab, use)
    assert missing(tuple(found)) == ()
    assert [each.rule for each in missing(tuple(found), frozenset({Kind.INSTANCE}))] == [ACTIONS]
    unasked = {
        each.rule for each in found if each.standing is Standing.UNASKED and Kind.INSTANCE in each.needed_by
    }
    assert unasked == {"os_compute_api:servers:stop", "os_compute_api:servers:start"}
