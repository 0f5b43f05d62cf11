"""The ledger on Redis in every form that kasugai.conf can name, on real servers: served, away, and back again."""

import asyncio
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from kasugai.adapters.redis_claims import RedisClaims
from kasugai.adapters.redis_keeping import Forgets
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.redis_rights import USERS, acl_line, sentinel_line
from kasugai.adapters.redis_views import RedisViews
from kasugai.adapters.settings.values import RedisSettings
from kasugai.core.recovering.doors import LeaseLost, LedgerAway
from kasugai.core.recovering.ledger import Entry
from kasugai.core.telling.documents import Index, Kept, NotOwner, Round
from kasugai.core.words.subject import host_subject
from tests.support.ledgers import CONTENT, HOST, ONE, RIGHTS, STOP, in_a_loop, incident, own, whole_life
from tests.support.redis_forms import Cluster, TlsRedis, Trio, client, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

SENTINEL_RIGHTS = sentinel_line("hunter2")
VIEW_RIGHTS = next(acl_line(user, "pw") for user in USERS if user.login == "kasugai-api").removesuffix(
    " +info"
)
"""What docs/operators/access.md says about the API, but for what it need not have."""


@pytest.fixture(scope="module")
def tls() -> Iterator[TlsRedis]:
    server = TlsRedis().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def trio() -> Iterator[Trio]:
    """Nobody fails over here: who wants that starts one of their own."""
    servers = Trio("hunter2").start()
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    servers = Cluster().start()
    yield servers
    servers.stop()


def shown(tls: TlsRedis) -> RedisSettings:
    """Return settings with all that the server asks for."""
    made = tls.certificates
    return RedisSettings(
        url=f"rediss://127.0.0.1:{tls.port}/0",
        ssl_cafile=made.ca,
        ssl_certfile=made.certificate("client"),
        ssl_keyfile=made.key("client"),
    )


async def refused(redis: RedisSettings) -> str:
    """Return how the ledger says that it is not served; no secret may be in it, in the cause neither."""
    async with RedisLedger.connect(redis) as ledger:
        with pytest.raises(LedgerAway) as caught:
            await ledger.check()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value)) + repr(ledger)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    return str(caught.value)


async def served_again(ledger: RedisLedger) -> None:
    """Wait until the ledger is served."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await ledger.check()
            except Forgets:
                return None  # served it is
            except LedgerAway:
                await asyncio.sleep(0.05)


@in_a_loop
async def test_tls_with_a_client_s_certificate(tls: TlsRedis) -> None:
    async with RedisLedger.connect(shown(tls)) as ledger:
        await ledger.check()
        await whole_life(ledger)


@in_a_loop
async def test_tls_lets_nobody_in_who_shows_nothing_believes_nothing_or_speaks_plainly(tls: TlsRedis) -> None:
    right = shown(tls)
    await refused(replace(right, ssl_certfile="", ssl_keyfile=""))
    await refused(replace(right, ssl_cafile=""))
    await refused(replace(right, url=right.url.replace("rediss:", "redis:")))


@in_a_loop
async def test_the_address_in_the_certificate_counts_unless_told_otherwise(tls: TlsRedis) -> None:
    other = replace(shown(tls), url=f"rediss://127.0.0.2:{tls.port}/0")
    await refused(other)
    async with RedisLedger.connect(replace(other, ssl_check_hostname=False)) as ledger:
        await ledger.check()


def guarded(trio: Trio) -> RedisSettings:
    """Return settings with both passwords."""
    return RedisSettings(url=trio.url, password="hunter2", sentinel_password="hunter2")


@in_a_loop
async def test_sentinels_lead_to_the_master(trio: Trio) -> None:
    async with RedisLedger.connect(guarded(trio)) as ledger:
        await ledger.check()
        await whole_life(ledger)
    with trio.at(trio.master().port) as master:
        master.flushall()


@in_a_loop
async def test_users_with_no_more_rights_than_the_manual_gives_them(trio: Trio) -> None:
    for port in trio.sentinels:
        with trio.at(port) as sentinel:
            sentinel.execute_command(*SENTINEL_RIGHTS.split())
    for server in trio.servers:
        with trio.at(server.port) as data:
            data.execute_command(*RIGHTS.split())
    users = RedisSettings(
        url=trio.url,
        username="kasugai",
        password="pw",
        sentinel_username="kasugai",
        sentinel_password="hunter2",
    )
    async with RedisLedger.connect(users) as ledger:
        await whole_life(ledger)
    with trio.at(trio.master().port) as master:
        master.flushall()


@in_a_loop
async def test_a_wrong_password_is_told_for_what_it_is(trio: Trio) -> None:
    told = await refused(replace(guarded(trio), password="hunter22"))
    assert "invalid username-password pair" in told and "connections.md" in told
    assert "No master found for 'kasugai'" in await refused(
        replace(guarded(trio), sentinel_password="hunter22")
    )


@in_a_loop
async def test_sentinels_that_hang_are_in_nobody_s_way_until_all_do(trio: Trio) -> None:
    async with RedisLedger.connect(guarded(trio)) as ledger:
        try:
            trio.pause_sentinel(0)
            trio.pause_sentinel(1)
            await ledger.check()
            trio.pause_sentinel(2)
            clock = asyncio.get_running_loop().time
            began = clock()
            await refused(guarded(trio))
            assert clock() - began < 4
        finally:
            for number in range(3):
                trio.resume_sentinel(number)
        await ledger.check()
    for port in trio.sentinels:
        until(lambda port=port: trio._sees_all(port))  # type: ignore[misc]


@in_a_loop
async def test_servers_that_lose_writes_in_a_failover_are_refused_with_what_to_type(trio: Trio) -> None:
    claims = RedisClaims.connect(guarded(trio))
    async with RedisLedger.connect(guarded(trio)) as ledger:
        with trio.at(trio.master().port) as master:
            try:
                master.config_set("min-replicas-to-write", 0)
                for check in (ledger.check(), asyncio.to_thread(claims.check)):
                    with pytest.raises(Forgets, match="CONFIG SET min-replicas-to-write 1"):
                        await check
            finally:
                master.config_set("min-replicas-to-write", 1)
        await ledger.check()
        claims.check()
    claims.close()


@pytest.mark.chaos
@in_a_loop
async def test_a_master_that_lives_and_has_been_replaced_is_left_at_once() -> None:
    """It does not know yet, and would go on to acknowledge what nobody will ever see."""
    trio = Trio().start()
    views = RedisViews.connect(RedisSettings(url=trio.url))
    try:
        async with RedisLedger.connect(RedisSettings(url=trio.url)) as ledger:
            lease = await own(ledger)
            await ledger.adopt(lease, 1)
            old = trio.master()
            switching = asyncio.create_task(asyncio.to_thread(trio.replace_master))
            with pytest.raises(LeaseLost, match="another one has taken over"):
                while True:
                    with suppress(LedgerAway):
                        await ledger.record(lease, Entry(incident=ONE))
                        await asyncio.to_thread(views.get, "t")
                    await asyncio.sleep(0.01)
            with trio.at(old.port) as asked:
                assert asked.role()[0] == "master", (
                    "it was left when it had been told itself: 9 s later, measured"
                )
            new = await switching
            await ledger.release(lease)
            await own(ledger, "b")
            with trio.at(new.port) as right:
                assert right.exists("kasugai:{kasugai}:lease:host/cmp1")
            views.drop()
    finally:
        views.close()
        trio.stop()


@pytest.mark.chaos
@in_a_loop
async def test_a_replica_that_missed_somebody_else_s_stop_is_not_trusted() -> None:
    """What the owner wrote itself is all there: only the replica's own course of writes tells it."""
    trio = Trio(careful=False).start()
    try:
        redis = RedisSettings(url=trio.url)
        async with RedisLedger.connect(redis) as ours, RedisLedger.connect(redis) as another:
            lease = await own(ours)
            await ours.save(lease, CONTENT)
            await ours.adopt(lease, 4)
            with trio.at(trio.servers[0].port) as master:
                assert master.wait(2, 5_000) == 2
            trio.cut_replicas_off()
            await another.flag(HOST, ONE, STOP)
            new = trio.fail_over()
            await served_again(ours)
            with pytest.raises(LeaseLost, match="another one has taken over"):
                await ours.begin(lease, ONE)
            assert await ours.stopped(HOST, ONE) is None
            await ours.release(lease)
            lease = await own(ours, "b")
            # The old master comes back and believes for 10 s to be one: nobody may write there.
            trio.servers[0].restart()
            with trio.at(trio.servers[0].port) as old, trio.at(new.port) as right:
                assert old.role()[0] == "master"
                async with RedisLedger.connect(redis) as late:
                    await late.flag(host_subject("cmp9"), incident(9), STOP)
                    assert await ours.begin(lease, ONE)
                key = "kasugai:{kasugai}:index:host/cmp9"
                assert (old.exists(key), right.exists(key)) == (0, 1)
    finally:
        trio.stop()


@in_a_loop
async def test_a_cluster_serves_from_one_slot(cluster: Cluster) -> None:
    for server in cluster.servers:
        with client(server.port) as node:
            node.execute_command(*RIGHTS.split())
    users = RedisSettings(url=cluster.url, username="kasugai", password="pw")
    async with RedisLedger.connect(users) as ledger:
        await ledger.check()
        await whole_life(ledger)
    assert "invalid username-password pair" in await refused(replace(users, password="hunter2"))
    with client(cluster.owner().port) as node:
        node.flushall()


@pytest.mark.chaos
@in_a_loop
async def test_a_node_that_is_away_is_the_ledger_away_and_comes_back(cluster: Cluster) -> None:
    owner = cluster.owner()
    async with RedisLedger.connect(RedisSettings(url=cluster.url)) as ledger:
        lease = await own(ledger)
        clock = asyncio.get_running_loop().time
        for away, back in ((owner.kill, owner.restart), (owner.pause, owner.resume)):
            away()
            for _ in range(3):
                began = clock()
                with pytest.raises(LedgerAway):
                    await ledger.begin(lease, ONE)
                assert clock() - began < 4
            back()
            await served_again(ledger)
        with pytest.raises(LeaseLost):
            await ledger.begin(lease, ONE)
        await ledger.release(lease)
        await own(ledger, "b")


def keep_views(redis: RedisSettings) -> None:
    """Use the views and the claims once, and each call has its effect."""
    views = RedisViews.connect(redis)
    try:
        assert views.own("me")
        kept = Kept(place="kasugai.recovery/0/1", body=b"b")
        listed = {(Index.INCIDENTS, "i"): 5}
        views.write("me", Round(texts={"t": "x"}, listed=listed, records={"b": [kept]}, busy={"b": "h"}))
        assert (views.get("t"), views.many(["t", "u"])) == ("x", ["x", None])
        assert views.newest(Index.INCIDENTS, None, 9) == ["i"]
        assert views.records("b") == [kept]
        with pytest.raises(NotOwner):
            views.write("another", Round(texts={"t": "y"}))
        views.drop()
        assert views.get("t") is None
    finally:
        views.close()
    claims = RedisClaims.connect(redis)
    try:
        assert claims.take("k", "a") is None
        claims.confirm("k", "a")
        assert claims.take("k", "b") == "a"
        claims.release("k", "a")
    finally:
        claims.close()


def test_views_and_claims_over_tls(tls: TlsRedis) -> None:
    keep_views(shown(tls))


def test_views_and_claims_through_sentinels_with_no_more_rights_than_the_manual_gives(trio: Trio) -> None:
    for server in trio.servers:
        with trio.at(server.port) as data:
            data.execute_command(*VIEW_RIGHTS.split())
    keep_views(replace(guarded(trio), username="kasugai-api", password="pw"))
    with pytest.raises(LedgerAway, match=r"connections\.md") as caught:
        keep_views(replace(guarded(trio), username="kasugai-api", password="hunter2"))
    assert "hunter2" not in str(caught.value)


def test_views_and_claims_in_a_cluster_also_when_nothing_answered_at_first(cluster: Cluster) -> None:
    lost = RedisViews.connect(RedisSettings(url="redis+cluster://127.0.0.1:1"))
    with pytest.raises(LedgerAway):
        lost.get("t")
    lost.close()
    for server in cluster.servers:
        with client(server.port) as node:
            node.execute_command(*VIEW_RIGHTS.split())
    keep_views(RedisSettings(url=cluster.url, username="kasugai-api", password="pw"))
