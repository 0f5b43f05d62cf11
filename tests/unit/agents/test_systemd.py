"""Units and shutdowns over D-Bus: a real bus, and a scripted systemd and logind of the same interfaces on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kasugai.adapters.systemd.bus import Bus, BusAway, Refused, opened
from kasugai.adapters.systemd.units import MANAGER, Unit, Units
from kasugai.agents.leaving import Leaving
from kasugai.agents.process.keeping import Rules
from kasugai.agents.process.watch import ProcessWatch
from kasugai.core.words.heartbeats import Leave
from kasugai.core.words.timing import Millis
from tests.support.agent_voices import Heard
from tests.support.bus import BusDaemon, ScriptedSystemd

RUNNING = {"ActiveState": "active", "SubState": "running", "Result": "success", "NRestarts": 0}
FAILED = {"ActiveState": "failed", "SubState": "failed", "Result": "signal", "NRestarts": 0}
STOPPED = {"ActiveState": "inactive", "SubState": "dead", "Result": "success", "NRestarts": 0}
LIST = "- process_name: nova-compute\n  restart_command: systemctl restart nova-compute\n"
DOWN, CLEAR = ("process/cmp1/nova-compute", "down"), ("process/cmp1/nova-compute", "clear")


class LongUp:
    def uptime(self) -> Millis:
        return Millis(10**9)

    def goes(self) -> bool:
        return False


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[BusDaemon]:
    daemon = BusDaemon(tmp_path).start()
    yield daemon
    daemon.stop()


def play(story: Coroutine[None, None, None]) -> None:
    asyncio.run(story)


async def until(condition: Callable[[], object], what: str = "") -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(life: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(life)
    try:
        yield
    finally:
        assert not task.done(), task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def watch_of(daemon: BusDaemon, folder: Path, heard: Heard, text: str = LIST) -> ProcessWatch:
    file = folder / "list.yaml"
    file.write_text(text)
    rules = Rules(interval=0.1, retries=1, pause=0.05, boot_quiet=Millis(0))
    return ProcessWatch(
        file=file, own="cmp1", host=LongUp(), voice=heard, rules=rules, address=daemon.address
    )


def test_a_unit_is_read_in_full_and_its_change_is_heard(daemon: BusDaemon) -> None:
    async def story() -> None:
        systemd = await ScriptedSystemd.on(daemon.address)
        systemd.units["x.service"] = {"LoadState": "loaded", **RUNNING, "NRestarts": 3}
        async with opened(daemon.address) as bus:
            units, changed = Units(bus), asyncio.Event()
            path = await units.path_of("x.service")
            await units.on_change(path, changed.set)
            assert await units.read(path) == Unit(
                load_state="loaded", active_state="active", sub_state="running", result="success", restarts=3
            )
            await systemd.becomes("y.service", **RUNNING)
            await systemd.becomes("x.service", **FAILED)
            await asyncio.wait_for(changed.wait(), 10)
            assert (await units.read(path)).result == "signal"
            assert (await units.read(await units.path_of("none.service"))).load_state == "not-found"
        await systemd.close()

    play(story())


def test_a_no_a_bus_that_is_not_there_and_one_that_goes_are_told_apart(
    daemon: BusDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(bus: Bus) -> None:
        await bus.call(MANAGER, "Hang")

    async def story() -> None:
        systemd = await ScriptedSystemd.on(daemon.address)
        async with opened(daemon.address) as bus:
            with pytest.raises(Refused, match="UnknownMethod"):
                await bus.call(MANAGER, "Dance")
            systemd._serving.cancel()  # it hangs
            monkeypatch.setattr("kasugai.adapters.systemd.bus.PATIENCE", 0.2)
            with pytest.raises(BusAway, match="no answer"):
                await asked(bus)
            monkeypatch.setattr("kasugai.adapters.systemd.bus.PATIENCE", 10)
            asking = asyncio.create_task(asked(bus))
            await asyncio.sleep(0.05)
            daemon.stop()
            with pytest.raises(BusAway, match="has ended"):
                await asking
            await asyncio.wait_for(bus.ended(), 5)
            with pytest.raises(BusAway):
                await asked(bus)
        with pytest.raises(BusAway, match="no system bus"):
            async with opened(daemon.address):
                pass
        with pytest.raises(BusAway, match="no system bus"):
            async with opened("tcp:host=localhost"):
                pass
        await systemd.close()

    play(story())


def test_a_unit_that_fails_is_restarted_by_systemd_and_told_when_that_is_of_no_use(
    daemon: BusDaemon, tmp_path: Path
) -> None:
    async def story() -> None:
        systemd, heard = await ScriptedSystemd.on(daemon.address), Heard()
        systemd.units["nova-compute.service"] = {"LoadState": "loaded", **RUNNING}
        watch = watch_of(daemon, tmp_path, heard)
        async with running(watch.run()):
            await until(lambda: heard.words == [CLEAR])
            assert systemd.subscriptions == 1 and watch.trouble == ""
            await systemd.becomes("nova-compute.service", **FAILED)
            await until(lambda: heard.words == [CLEAR, DOWN])
            assert systemd.restarted == ["nova-compute.service"] * 2
            assert heard.seen[-1] == "nova-compute.service failed: signal"
        await systemd.close()

    play(story())


def test_a_graceful_stop_is_no_fault_and_a_unit_that_nobody_knows_is_trouble(
    daemon: BusDaemon, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        systemd, heard = await ScriptedSystemd.on(daemon.address), Heard()
        systemd.units["nova-compute.service"] = {"LoadState": "loaded", **RUNNING}
        watch = watch_of(daemon, tmp_path, heard, LIST + "- unit: libvirt-bin\n")
        with caplog.at_level("INFO"):
            async with running(watch.run()):
                await until(lambda: watch.trouble and heard.words)
                await systemd.becomes("nova-compute.service", **STOPPED)
                await until(lambda: "stopped in an orderly way" in caplog.text)
                await asyncio.sleep(0.5)
        assert heard.words == [CLEAR] and systemd.restarted == []
        assert watch.trouble == "systemd knows no unit libvirt-bin.service"
        await systemd.close()

    play(story())


def test_where_polkit_says_no_the_command_is_run(daemon: BusDaemon, tmp_path: Path) -> None:
    done = tmp_path / "done"

    async def story() -> None:
        systemd, heard = await ScriptedSystemd.on(daemon.address), Heard()
        systemd.restart_refused = True
        systemd.units["nova-compute.service"] = {"LoadState": "loaded", **FAILED}
        text = f"- unit: nova-compute\n  restart_command: touch {done}\n"
        async with running(watch_of(daemon, tmp_path, heard, text).run()):
            await until(done.exists)
            await until(lambda: heard.words == [DOWN])
        await systemd.close()

    play(story())


def test_a_bus_that_goes_and_comes_and_a_systemd_that_is_started_anew_are_followed(
    daemon: BusDaemon, tmp_path: Path
) -> None:
    async def story() -> None:
        systemd, heard = await ScriptedSystemd.on(daemon.address), Heard()
        systemd.units["nova-compute.service"] = {"LoadState": "loaded", **RUNNING}
        watch = watch_of(daemon, tmp_path, heard)
        async with running(watch.run()):
            await until(lambda: heard.words == [CLEAR])
            await systemd.close()
            systemd = await ScriptedSystemd.on(daemon.address)
            systemd.units["nova-compute.service"] = {"LoadState": "loaded", **RUNNING}
            await until(lambda: systemd.subscriptions)
            await systemd.becomes("nova-compute.service", **FAILED)
            await until(lambda: heard.words[-1] == DOWN)
        await systemd.close()

    play(story())


def test_a_list_that_changes_is_read_again_and_a_broken_one_is_trouble_until_it_is_mended(
    daemon: BusDaemon, tmp_path: Path
) -> None:
    async def story() -> None:
        systemd, heard = await ScriptedSystemd.on(daemon.address), Heard()
        for unit in ("nova-compute.service", "libvirtd.service"):
            systemd.units[unit] = {"LoadState": "loaded", **RUNNING}
        watch = watch_of(daemon, tmp_path, heard)
        async with running(watch.run()):
            await until(lambda: heard.words == [CLEAR])
            (tmp_path / "list.yaml").write_text("process_name: x")
            await until(lambda: "a list belongs here" in watch.trouble)
            (tmp_path / "list.yaml").write_text(LIST + "- unit: libvirtd\n")
            await until(lambda: ("process/cmp1/libvirtd", "clear") in heard.words)
            assert watch.trouble == "" and heard.words.count(CLEAR) == 1
        await systemd.close()

    play(story())


@pytest.mark.parametrize(
    ("target", "leave"),
    [
        ("poweroff.target", Leave.SHUTDOWN),
        ("halt.target", Leave.SHUTDOWN),
        ("reboot.target", Leave.REBOOT),
        ("kexec.target", Leave.REBOOT),
    ],
)
def test_a_machine_that_goes_is_known_by_systemds_jobs_whoever_asked_for_it(
    daemon: BusDaemon, target: str, leave: Leave
) -> None:
    async def story() -> None:
        systemd, changes = await ScriptedSystemd.on(daemon.address), list[Leave]()
        leaving = Leaving(lambda: changes.append(leaving.now), daemon.address)
        async with running(leaving.run()):
            await until(lambda: systemd.subscriptions)
            await systemd.job("nova-compute.service", "stop")
            await systemd.job("shutdown.target")
            await until(lambda: changes)
            await systemd.job(target)
            await until(lambda: leaving.now is leave)
            await systemd.no_job()
            await until(lambda: leaving.now is Leave.STAYS)
        assert changes[-1] is Leave.STAYS and leaving.trouble == ""
        await systemd.close()

    play(story())


@pytest.mark.parametrize(
    ("kind", "leave"), [("", Leave.SHUTDOWN), ("poweroff", Leave.SHUTDOWN), ("reboot", Leave.REBOOT)]
)
def test_logind_says_it_a_little_earlier_and_may_take_it_back(
    daemon: BusDaemon, kind: str, leave: Leave
) -> None:
    async def story() -> None:
        systemd = await ScriptedSystemd.on(daemon.address)
        changed = asyncio.Event()
        leaving = Leaving(changed.set, daemon.address)
        async with running(leaving.run()):
            await until(lambda: systemd.subscriptions)
            await systemd.prepare(True, kind)
            await until(lambda: leaving.now is leave)
            await systemd.prepare(False)
            await until(lambda: leaving.now is Leave.STAYS)
        await systemd.close()

    play(story())


def test_at_its_own_end_the_agent_asks_once_more_and_a_missing_bus_changes_nothing(daemon: BusDaemon) -> None:
    async def story() -> None:
        leaving = Leaving(lambda: None, daemon.address)
        systemd = await ScriptedSystemd.on(daemon.address)
        assert await leaving.asked() is Leave.STAYS
        await systemd.job("reboot.target")
        assert await leaving.asked() is Leave.REBOOT
        await systemd.close()
        daemon.stop()
        assert await leaving.asked() is Leave.REBOOT

    play(story())


def test_a_machine_without_a_bus_is_said_to_be_one(tmp_path: Path) -> None:
    async def story() -> None:
        leaving = Leaving(lambda: None, f"unix:path={tmp_path}/none")
        async with running(leaving.run()):
            await until(lambda: leaving.trouble)
        assert leaving.now is Leave.STAYS and "there is no system bus" in leaving.trouble

    play(story())
