"""What only Redis can do to the ledger: forget its scripts, hang, refuse writes, expire keys, lose an answer.

Each test has a server of its own, because most of them break it.
"""

import asyncio
import shutil
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from kasugai.adapters.redis_ledger import RETENTION, RedisLedger
from kasugai.adapters.redis_scripts import Script
from kasugai.core.recovering.doors import Lease, LeaseLost, LedgerAway, LedgerUnreadable
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.facts import Result
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import Millis
from kasugai.sim.embedded import EmbeddedRedis
from tests.support.ledgers import (
    CONTENT,
    HOST,
    NOTHING,
    ONE,
    RIGHTS,
    STOP,
    TWO,
    in_a_loop,
    large_entry,
    own,
    whole_life,
)
from tests.support.redis import RedisServer
from tests.support.wire import Wire

pytestmark = pytest.mark.integration


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.stop()


def server_with(*options: str) -> EmbeddedRedis:
    """Return a server to be started with these options, in memory only."""
    found = shutil.which("redis-server")
    return EmbeddedRedis(binary=Path(found) if found else None, options=options)


async def guard(server: EmbeddedRedis, password: str) -> None:
    """Let nobody in without the password from now on."""
    async with Redis.from_url(server.url) as admin:
        await admin.config_set("requirepass", password)


def hasty_ledger(wire: Wire) -> RedisLedger:
    return RedisLedger.from_url(f"redis://127.0.0.1:{wire.port}/0", timeout=0.2)


async def say(admin: "Redis", line: str) -> Any:
    return await admin.execute_command(*line.split())  # type: ignore[no-untyped-call]


@in_a_loop
async def test_scripts_that_redis_forgot_are_sent_again(server: RedisServer) -> None:
    async with RedisLedger.from_url(server.url) as ledger, Redis.from_url(server.url) as admin:
        lease = await own(ledger)
        for _ in range(2):
            await admin.script_flush()
            await ledger.renew(lease)
        await ledger.release(lease)
        await admin.flushall()
        await whole_life(ledger)


@in_a_loop
async def test_a_restart_after_a_power_cut_loses_nothing_but_nobody_trusts_it_without_a_new_lease(
    server: RedisServer,
) -> None:
    """AOF everysec loses a second; whose writes those were, the server does not know any more."""
    async with RedisLedger.from_url(server.url) as ledger:
        lease = await own(ledger)
        await ledger.save(lease, CONTENT)
        await ledger.adopt(lease, 4)
        server.kill()
        with pytest.raises(LedgerAway):
            await ledger.begin(lease, ONE)
        server.restart()
        with pytest.raises(LeaseLost, match="started anew"):
            await ledger.begin(lease, ONE)
        assert await ledger.load(HOST) == replace(CONTENT, epoch=4)
        assert await ledger.acquire(HOST, "b") is None
        await ledger.release(lease)
        assert await ledger.begin(await own(ledger, "c"), ONE)


@in_a_loop
async def test_a_server_that_hangs_is_away_in_time_and_its_late_answers_confuse_nobody(
    server: RedisServer,
) -> None:
    async with RedisLedger.from_url(server.url, timeout=0.3) as ledger:
        lease = await own(ledger)
        await ledger.save(lease, CONTENT)
        server.pause()
        clock = asyncio.get_running_loop().time
        began = clock()
        calls = [ledger.is_leased(HOST), ledger.load(HOST), ledger.renew(lease), ledger.stopped(HOST, ONE)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LedgerAway] * 4
        assert clock() - began < 1.0
        server.resume()
        assert await ledger.load(HOST) == CONTENT
        assert await ledger.stopped(HOST, TWO) == STOP
        assert await ledger.is_leased(HOST) is True
        await ledger.renew(lease)


@in_a_loop
async def test_who_waits_for_a_connection_waits_no_longer_than_for_an_answer(server: RedisServer) -> None:
    async with RedisLedger.from_url(server.url, timeout=0.3) as ledger:
        server.pause()
        clock = asyncio.get_running_loop().time
        began = clock()
        answers = await asyncio.gather(*(ledger.is_leased(HOST) for _ in range(100)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {LedgerAway}
        assert clock() - began < 1.5
        server.resume()
        assert await asyncio.gather(*(ledger.is_leased(HOST) for _ in range(100))) == [False] * 100


@in_a_loop
async def test_a_call_that_asks_twice_takes_no_longer_than_one_that_asks_once(server: RedisServer) -> None:
    async with Wire(server.port) as wire, hasty_ledger(wire) as ledger:
        await ledger.load(HOST)
        wire.delay = 0.15
        with pytest.raises(LedgerAway):
            await ledger.load(HOST)
        wire.delay = 0.0
        assert await ledger.load(HOST) == NOTHING


@in_a_loop
async def test_a_call_that_is_cancelled_leaves_no_answer_behind(server: RedisServer) -> None:
    async with RedisLedger.from_url(server.url) as ledger:
        lease = await own(ledger)
        await ledger.save(lease, CONTENT)
        server.pause()
        calls = [asyncio.ensure_future(ledger.is_leased(HOST)) for _ in range(3)]
        await asyncio.sleep(0.1)
        for call in calls:
            call.cancel()
        assert all(
            isinstance(e, asyncio.CancelledError)
            for e in await asyncio.gather(*calls, return_exceptions=True)
        )
        server.resume()
        loads = await asyncio.gather(*(ledger.load(HOST) for _ in range(5)))
        assert loads == [CONTENT] * 5


def put_something_in_the_way(folder: str) -> None:
    Path(folder, "dump.rdb").mkdir()
    Path(folder, "dump.rdb", "in-the-way").touch()


async def eventually(ask: Callable[[], Awaitable[object]], wanted: str) -> None:
    """Ask until the answer holds `wanted`."""
    for _ in range(200):
        if wanted in str(await ask()):
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"no {wanted} within 10 s")


async def become_a_replica(admin: "Redis") -> None:
    await admin.replicaof("127.0.0.1", "1")


async def be_full(admin: "Redis") -> None:
    await admin.config_set("maxmemory", "1")


async def miss_replicas(admin: "Redis") -> None:
    await admin.config_set("min-replicas-to-write", 1)


async def fail_to_save(admin: "Redis") -> None:
    put_something_in_the_way(str((await admin.config_get("dir"))["dir"]))
    await admin.config_set("save", "3600 100000")
    await admin.bgsave()
    await eventually(lambda: admin.info("persistence"), "'rdb_last_bgsave_status': 'err'")


@pytest.mark.parametrize("misfortune", [become_a_replica, be_full, miss_replicas, fail_to_save])
@in_a_loop
async def test_a_server_that_takes_no_writes_is_away(
    server: RedisServer, misfortune: Callable[["Redis"], Coroutine[Any, Any, None]]
) -> None:
    async with RedisLedger.from_url(server.url) as ledger:
        lease = await own(ledger)
        async with Redis.from_url(server.url, decode_responses=True) as admin:
            await misfortune(admin)
            with pytest.raises(LedgerAway, match=r"see docs/operators/connections\.md$"):
                await ledger.begin(lease, ONE)
            with pytest.raises(LedgerAway):
                await ledger.record(lease, Entry(incident=ONE))
            with pytest.raises(LedgerAway):
                await ledger.acquire(host_subject("other"), "b")
            assert (await ledger.load(HOST)).entries == {}
            await admin.config_set("save", "")  # else a server that cannot save does not end


@in_a_loop
async def test_what_cannot_be_read_is_told_once_by_its_kind_and_never_quoted(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with RedisLedger.from_url(server.url) as ledger, Redis.from_url(server.url) as admin:
        lease = await own(ledger)
        await ledger.save(lease, CONTENT)
        await admin.set(f"kasugai:{{kasugai}}:entry:{ONE}", "hunter2")
        await admin.set("kasugai:{kasugai}:lease:host/cmp1", "hunter2")
        await ledger.load(HOST)
        new = await own(ledger, "b")
        await ledger.save(new, CONTENT)
        assert await ledger.load(HOST) == CONTENT
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "the ledger's entry of host/cmp1 cannot be read and counts as absent: not written by Kasugai (JSONDecodeError)",
        "the ledger's lease of host/cmp1 cannot be read and counts as absent: it is no lease, or nobody's",
    ]


@in_a_loop
async def test_an_error_that_nobody_knows_is_the_subject_s_and_no_end(server: RedisServer) -> None:
    """Here of a script that is another's under our name: nothing of ours can bring it about."""
    async with RedisLedger.from_url(server.url) as ledger:
        lease = await own(ledger)
        with patch.object(Script, "run", side_effect=ResponseError("ERR of tomorrow")):
            for call in (ledger.renew(lease), ledger.load(HOST), ledger.acquire(HOST, "b")):
                with pytest.raises(LedgerUnreadable, match="unknown reason"):
                    await call


@in_a_loop
async def test_a_lease_that_would_never_end_is_told_and_ends_after_twice_its_time(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    key = "kasugai:{kasugai}:lease:host/cmp1"
    async with (
        RedisLedger.from_url(server.url, ttl=Millis(400)) as ledger,
        Redis.from_url(server.url) as admin,
    ):
        for spoil in (admin.persist(key), admin.pexpire(key, 10**12)):
            caplog.clear()
            lease = await own(ledger)
            await spoil
            assert await ledger.acquire(HOST, "b") is None
            assert "would not have ended" in caplog.text
            assert 400 < await admin.pttl(key) <= 800
            await ledger.renew(lease)
            assert await admin.pttl(key) <= 400, "an owner that lives has its own way"
            await admin.persist(key)
            assert await ledger.acquire(HOST, "b") is None
            await eventually(lambda: ledger.acquire(HOST, "b"), "owner='b'")
            await admin.delete(key)


@in_a_loop
async def test_the_lease_of_one_with_more_time_is_not_cut_short(server: RedisServer) -> None:
    async with (
        RedisLedger.from_url(server.url, ttl=Millis(60_000)) as patient,
        RedisLedger.from_url(server.url, ttl=Millis(400)) as hasty,
        Redis.from_url(server.url) as admin,
    ):
        await own(patient)
        assert await hasty.acquire(HOST, "b") is None
        assert await admin.pttl("kasugai:{kasugai}:lease:host/cmp1") > 50_000


def test_an_error_never_shows_the_secrets_of_the_url() -> None:
    async def told(url: str) -> str:
        try:
            ledger = RedisLedger.from_url(url, timeout=0.5)
            await ledger.acquire(HOST, "a")
        except (LedgerAway, ValueError) as error:
            return "".join(traceback.format_exception(error)) + repr(error)
        pytest.fail(f"{url} is served")

    with server_with() as guarded:
        asyncio.run(guard(guarded, "right"))
        urls = [
            f"redis://:hunter2@127.0.0.1:{guarded.port}/0",
            f"redis://kasugai:hunter2@127.0.0.1:{guarded.port}/0",
            f"redis://127.0.0.1:{guarded.port}/0?password=hunter2",
            "redis://:hunter2@127.0.0.1:1/0",
            "rediss://:hunter2@127.0.0.1:1/0",
            "unix://:hunter2@/no/such/socket",
            "redis://:hunter2@127.0.0.1:hunter2/0",
            "redis://:word:hunter2@hunter2:6379:1/0",
            "redis://127.0.0.1/0?password=hunter2&socket_timeout=hunter2",
            "redis://127.0.0.1/0?hunter2=hunter2",
            "http://:hunter2@127.0.0.1/",
            "hunter2",
        ]
        for url in urls:
            assert "hunter2" not in asyncio.run(told(url))


@in_a_loop
async def test_a_password_serves_as_well(server: RedisServer) -> None:
    await guard(server, "p@ss/word")
    async with RedisLedger.from_url(f"redis://:p%40ss%2Fword@127.0.0.1:{server.port}/0") as ledger:
        await whole_life(ledger)


@in_a_loop
async def test_a_unix_socket_serves_as_well() -> None:
    with TemporaryDirectory(prefix="kasugai-") as folder, server_with("--unixsocket", f"{folder}/r.sock"):
        async with RedisLedger.from_url(f"unix://{folder}/r.sock?db=3") as ledger:
            await whole_life(ledger)


@in_a_loop
async def test_a_user_with_kasugai_s_keys_and_nothing_dangerous_is_enough(server: RedisServer) -> None:
    async with Redis.from_url(server.url) as admin:
        await say(admin, RIGHTS)
    async with RedisLedger.from_url(server.url.replace("//", "//kasugai:pw@")) as ledger:
        await ledger.check()
        await whole_life(ledger)


@in_a_loop
async def test_a_user_who_lacks_a_right_is_told_so_before_anything_begins(server: RedisServer) -> None:
    async with Redis.from_url(server.url) as admin:
        await say(admin, RIGHTS.removesuffix(" +info"))
    async with RedisLedger.from_url(server.url.replace("//", "//kasugai:pw@")) as ledger:
        for call in (ledger.check(), ledger.acquire(HOST, "a")):
            with pytest.raises(LedgerAway, match=r"docs/operators/connections\.md"):
                await call


async def ages(admin: "Redis", number: UUID) -> tuple[int, int]:
    """Return the milliseconds left of the incident's entry and flag; -1 = for good, -2 = not there."""
    kinds = ("entry", "flag")
    entry, flag = [await admin.pttl(f"kasugai:{{kasugai}}:{kind}:{number}") for kind in kinds]
    return int(entry), int(flag)


@in_a_loop
async def test_an_ended_incident_is_kept_for_35_days_after_its_end_and_an_unfinished_one_for_good(
    server: RedisServer,
) -> None:
    async with RedisLedger.from_url(server.url) as ledger:
        going, ended = Entry(incident=ONE), Entry(incident=ONE, result=Result.FAILED)
        async with Redis.from_url(server.url) as admin:
            lease = await own(ledger)
            await ledger.flag(HOST, ONE, STOP)
            await ledger.record(lease, going)
            assert await ages(admin, ONE) == (-1, -1)
            await ledger.record(lease, ended)
            assert all(
                RETENTION - 5_000 < age <= RETENTION == 35 * 86_400_000 for age in await ages(admin, ONE)
            )

            await admin.pexpire(
                f"kasugai:{{kasugai}}:entry:{ONE}", 1_000_000
            )  # most of the 35 days have passed
            await ledger.record(lease, ended)
            assert all(0 < age <= 1_000_000 for age in await ages(admin, ONE))
            await ledger.save(lease, replace(NOTHING, entries={ONE: ended}))
            assert all(0 < age <= 1_000_000 for age in await ages(admin, ONE))
            await ledger.flag(HOST, ONE, replace(STOP, offset=9))
            assert all(0 < age <= 1_000_000 for age in await ages(admin, ONE))

            await ledger.record(lease, replace(going, attempt=2))
            assert await ages(admin, ONE) == (-1, -1)
            await ledger.save(lease, replace(NOTHING, entries={ONE: ended}))
            assert all(RETENTION - 5_000 < age <= RETENTION for age in await ages(admin, ONE))


@in_a_loop
async def test_a_flag_that_comes_after_the_end_goes_with_the_entry(server: RedisServer) -> None:
    async with RedisLedger.from_url(server.url) as ledger, Redis.from_url(server.url) as admin:
        await ledger.record(await own(ledger), Entry(incident=ONE, result=Result.FAILED))
        await ledger.flag(HOST, ONE, STOP)
        assert all(RETENTION - 5_000 < age <= RETENTION for age in await ages(admin, ONE))


@in_a_loop
async def test_what_has_expired_is_gone_from_the_host_s_index_with_the_next_fold(server: RedisServer) -> None:
    async with Redis.from_url(server.url, decode_responses=True) as admin:
        ledger = RedisLedger(admin, retention=Millis(50))
        lease = await own(ledger)
        await ledger.record(lease, Entry(incident=ONE, result=Result.RECOVERED))
        await ledger.record(lease, Entry(incident=TWO))
        await asyncio.sleep(0.1)
        assert [*(await ledger.load(HOST)).entries] == [TWO]
        await ledger.save(lease, await ledger.load(HOST))
        assert await admin.smembers("kasugai:{kasugai}:index:host/cmp1") == {f"e/{TWO}"}


@in_a_loop
async def test_an_owner_never_believes_in_its_lease_longer_than_redis_does(server: RedisServer) -> None:
    clock = asyncio.get_running_loop().time

    async def end() -> float:
        asked = clock()
        left = await admin.pttl("kasugai:{kasugai}:lease:host/cmp1")
        return asked + float(left) / 1000

    async with Wire(server.port) as wire, Redis.from_url(server.url) as admin:
        await admin.ping()
        async with RedisLedger.from_url(f"redis://127.0.0.1:{wire.port}/0", ttl=Millis(2_000)) as ledger:
            await ledger.is_leased(HOST)
            wire.delay = 0.2
            lease = await own(ledger)
            assert lease.until <= await end()
            await ledger.renew(lease)
            assert lease.until <= await end()


async def lose_the_answer(wire: Wire, ledger: RedisLedger, write: Callable[[], Awaitable[object]]) -> None:
    """Make the call over a wire that brings the request and loses the answer."""
    await ledger.is_leased(HOST)  # connects
    wire.deaf = True
    with pytest.raises(LedgerAway):
        await write()
    wire.deaf = False


@in_a_loop
async def test_a_write_whose_answer_was_lost_can_be_repeated(server: RedisServer) -> None:
    entry, newest = large_entry(3, incident=ONE, subject=HOST), replace(STOP, offset=6)
    async with (
        Wire(server.port) as wire,
        hasty_ledger(wire) as ledger,
        RedisLedger.from_url(server.url) as direct,
    ):
        await whole_life(direct)  # from here on Redis knows the scripts
        await direct.flag(HOST, ONE, replace(STOP, offset=9, stop=False))
        lease = await own(ledger)
        writes: list[Callable[[], Awaitable[object]]] = [
            lambda: ledger.renew(lease),
            lambda: ledger.record(lease, entry, effect=True),
            lambda: ledger.flag(HOST, TWO, newest),
            lambda: ledger.begin(lease, TWO),
        ]
        for write in writes:
            await lose_the_answer(wire, ledger, write)
        after = await direct.load(HOST)
        assert (after.entries[ONE], after.flags[TWO]) == (entry, newest)
        assert [await write() for write in writes] == [None, True, None, False]
        assert (await direct.load(HOST)).entries == after.entries
        for _ in range(2):
            await ledger.save(lease, CONTENT)
        assert (await direct.load(HOST)).entries == CONTENT.entries


@in_a_loop
async def test_an_acquire_whose_answer_was_lost_can_be_repeated_and_released(server: RedisServer) -> None:
    async with (
        Wire(server.port) as wire,
        hasty_ledger(wire) as ledger,
        RedisLedger.from_url(server.url) as direct,
    ):
        await whole_life(direct)
        await lose_the_answer(wire, ledger, lambda: ledger.acquire(HOST, "a"))
        assert await direct.is_leased(HOST)
        await ledger.renew(await own(ledger))
        await direct.release(Lease(subject=HOST, owner="a"))
        assert not await direct.is_leased(HOST)


@in_a_loop
async def test_an_adoption_whose_answer_was_lost_is_refused_and_the_next_owner_adopts_above_it(
    server: RedisServer,
) -> None:
    async with Wire(server.port) as wire, hasty_ledger(wire) as ledger:
        lease = await own(ledger)
        await ledger.adopt(lease, 1)
        await ledger.release(lease)
        lease = await own(ledger, "b")
        await lose_the_answer(wire, ledger, lambda: ledger.adopt(lease, 2))
        with pytest.raises(LeaseLost):
            await ledger.adopt(lease, 2)
        await ledger.release(lease)
        await ledger.adopt(await own(ledger, "c"), 3)
