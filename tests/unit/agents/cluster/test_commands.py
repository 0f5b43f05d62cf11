"""Commands with little time."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from kasugai.agents.cluster.looks import commands
from kasugai.agents.cluster.looks.commands import CannotRun, Commands, Ended, NotThere


def run(*command: str, patience: float = 5.0) -> Ended:
    return asyncio.run(Commands(patience=patience).run(*command))


def test_a_command_is_run_to_its_end() -> None:
    assert run("sh", "-c", "echo said; echo first >&2; echo last >&2; exit 3") == Ended(
        code=3, said="said\n", complained="last"
    )


def test_its_language_is_fixed_and_our_environment_is_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    told = run("env").said
    assert "LC_ALL=C.UTF-8" in told
    assert "hunter2" not in told


def test_what_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    begun = time.monotonic()
    with pytest.raises(CannotRun, match=r"sh gave no answer within 0.5 s"):
        run("sh", "-c", f"sleep 600 & echo $! >{pid}; wait", patience=0.5)
    assert time.monotonic() - begun < 5
    child = Path("/proc") / pid.read_text().strip()
    deadline = time.monotonic() + 5
    while child.exists() and " Z " not in (child / "stat").read_text():
        assert time.monotonic() < deadline, "the child of a command that hung lives on"
        time.sleep(0.01)


def test_who_stops_waiting_ends_the_command() -> None:
    async def give_up() -> None:
        async with asyncio.timeout(0.3):
            await Commands(patience=60).run("sleep", "600")

    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    assert time.monotonic() - begun < 5


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(NotThere, match="crm_nothing cannot be run: No such file"):
        run("crm_nothing")


def test_too_much_is_no_answer_and_leaves_no_pipe_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST", 100_000)

    async def open_files(*command: str) -> set[str]:
        with suppress(CannotRun):
            await Commands().run(*command)
            assert "head" not in command
        return set(os.listdir("/proc/self/fd"))

    async def both() -> tuple[set[str], set[str]]:
        return await open_files("true"), await open_files("head", "-c", "1000000", "/dev/zero")

    before, after = asyncio.run(both())
    assert len(after) == len(before)
    with pytest.raises(CannotRun, match="more than 100000 bytes"):
        run("head", "-c", "1000000", "/dev/zero")
