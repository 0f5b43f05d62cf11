"""Real processes seen by name and by pid file, and commands that leave no child behind."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path

import pytest

from kasugai.adapters import procfs
from kasugai.agents.process import commands
from kasugai.agents.process.eyes import FileEye, NameEye
from kasugai.agents.process.states import State
from tests.support.workers import eventually

Child = subprocess.Popen[bytes]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program of a name that nothing else here has."""
    file = tmp_path / f"kasugai-test-{os.getpid()}"
    shutil.copy("/bin/sleep", file)
    return file


def await_begun(child: Child) -> None:
    """Wait until it runs its program: what it shows of itself is empty for a moment after exec."""
    eventually(lambda: bool(Path(f"/proc/{child.pid}/cmdline").read_bytes()))


@pytest.fixture
def child(program: Path) -> Iterator[Child]:
    with subprocess.Popen([program, "1000"]) as found:
        await_begun(found)
        yield found
        found.kill()


def play(story: Coroutine[None, None, None]) -> None:
    asyncio.run(story)


def test_a_process_is_found_by_its_programs_path_and_by_its_name_as_a_whole(
    program: Path, child: Child
) -> None:
    assert procfs.find(str(program)) == procfs.find(program.name) == child.pid
    assert procfs.find(program.name[:-1]) is None and procfs.find(f"/usr/bin/{program.name}") is None


def test_an_editor_on_its_log_is_not_the_program(program: Path) -> None:
    quiet = subprocess.DEVNULL  # what it shows of a program is no text
    command = ["tail", "-f", "/dev/null", str(program)]
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as editor:
        assert procfs.find(str(program)) is None and procfs.find(program.name) is None
        editor.kill()


def test_what_an_interpreter_runs_counts_and_a_zombie_does_not(tmp_path: Path) -> None:
    script = tmp_path / f"kasugai-script-{os.getpid()}"
    script.write_text("import time\ntime.sleep(1000)\n")
    child = subprocess.Popen([sys.executable, "-u", str(script)])
    try:
        await_begun(child)
        assert procfs.find(str(script)) == procfs.find(script.name) == child.pid
    finally:
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is dead and nobody has fetched it
        assert procfs.find(str(script)) is None
        child.wait()


def test_an_end_is_noticed_at_once_without_a_look(program: Path, child: Child) -> None:
    async def story() -> None:
        eye = NameEye(str(program))
        assert (await eye.look()).state is State.ALIVE
        asyncio.get_running_loop().call_later(0.1, child.kill)
        async with asyncio.timeout(20):
            await eye.changed(60)
        child.wait()
        assert (await eye.look()).state is State.DEAD
        eye.close()

    play(story())


def test_a_name_that_is_installed_nowhere_is_absent_and_one_that_was_seen_is_dead(
    program: Path, child: Child
) -> None:
    async def story() -> None:
        assert (await NameEye("kasugai-no-such-program").look()).state is State.ABSENT
        assert (await NameEye("/usr/bin/no-such-program").look()).state is State.ABSENT
        seen = NameEye(program.name)
        assert (await seen.look()).state is State.ALIVE
        child.kill()
        child.wait()
        os.unlink(program)
        assert (await seen.look()).state is State.DEAD
        seen.close()

    play(story())


def test_a_pid_file_that_is_left_behind_is_a_death_and_one_that_is_gone_a_stop(
    tmp_path: Path, child: Child
) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{child.pid}\n")

    async def story() -> None:
        eye = FileEye(str(file))
        assert (await eye.look()).state is State.ALIVE
        child.kill()
        child.wait()
        assert (await eye.look()).state is State.DEAD
        file.write_text("no number")
        assert (await eye.look()).state is State.DEAD
        file.unlink()
        assert (await eye.look()).state is State.STOPPED
        eye.close()

    play(story())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("true",), ""),
        (("sh", "-c", "echo all is well >&2"), ""),
        (("sh", "-c", "echo no >&2; exit 3"), "sh -c echo no >&2; exit 3 ended with 3: no"),
        (("/no/such/command",), "/no/such/command cannot be run: No such file or directory"),
    ],
)
def test_a_command_is_judged_by_its_exit_code(command: tuple[str, ...], said: str) -> None:
    async def story() -> None:
        assert await commands.run(command, as_root=False) == said

    play(story())


@pytest.mark.parametrize("how", ["time-out", "cancelled"])
def test_no_child_of_a_command_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 1000 & echo $! >> {pids}; echo $$ >> {pids}; wait"

    async def story() -> None:
        if how == "time-out":
            monkeypatch.setattr(commands, "PATIENCE", 0.5)
            assert "did not end within" in await commands.run(("sh", "-c", script), as_root=False)
            return
        task = asyncio.create_task(commands.run(("sh", "-c", script), as_root=False))
        while not pids.exists() or len(pids.read_text().split()) < 2:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    play(story())
    for pid in map(int, pids.read_text().split()):
        ends = time.monotonic() + 20
        while procfs.is_running(pid):  # it is killed, and may not have noticed yet
            assert time.monotonic() < ends, how
            time.sleep(0.01)


def test_a_daemon_that_a_command_starts_is_neither_waited_for_nor_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    async def story() -> None:
        async with asyncio.timeout(60):
            assert await commands.run(("sh", "-c", f"sleep 1000 & echo $! > {pid}"), as_root=False) == ""

    play(story())
    assert procfs.is_running(int(pid.read_text()))
    os.kill(int(pid.read_text()), 9)


def test_without_rights_a_command_that_wants_them_goes_by_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(commands, "SUDO", ("echo", "-n"))

    async def story() -> None:
        assert await commands.run(("false",), as_root=True) == ""
        assert await commands.run(("false",), as_root=False) != ""

    play(story())
