"""Runs the tools of a cluster stack, each with little time: a hung daemon hangs its tools without end.

Nothing of a command outlives its time: it has a process group of its own, which is killed.
"""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass

PATIENCE = 5.0
"""Seconds that a command may take."""
MOST = 32 * 1024 * 1024
"""Bytes of a command's output that are read; a large CIB has a few million."""
SHOWN = 200
"""Characters of a complaint that are shown."""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"}
REAP = 1.0
"""Seconds that a killed process has to be gone; one that waits for a disk in vain is left to the kernel."""


class CannotRun(Exception):
    """A command had no answer: not there, too slow, too much; the text says which."""


class NotThere(CannotRun):
    """The command is not installed, or may not be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    said: str
    """Its standard output."""
    complained: str
    """The last line of its standard error, shortened."""


class Commands:
    """The tools of this host."""

    def __init__(self, *, within: tuple[str, ...] = (), patience: float = PATIENCE) -> None:
        """`within` goes before each command (as `nsenter` does, with its options); `patience` in seconds."""
        self._within, self._patience = within, patience

    async def run(self, *command: str) -> Ended:
        """Run one to its end; CannotRun when it has none in time, NotThere when there is nothing to run."""
        try:
            process = await self._start(command)
        except OSError as error:
            raise NotThere(f"{command[0]} cannot be run: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._patience):
                said, complained = await _read_both(process)
                code = await process.wait()
        except TimeoutError as error:
            raise CannotRun(
                f"{command[0]} gave no answer within {self._patience:g} s: its daemon hangs"
            ) from error
        finally:
            await _end(process)
        return Ended(code=code, said=said, complained=_last_line(complained))

    async def _start(self, command: tuple[str, ...]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._within,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env=ENVIRONMENT,
        )


async def _read_both(process: asyncio.subprocess.Process) -> list[str]:
    """Return standard output and error; when one cannot be read, nobody goes on reading the other."""
    readers = [asyncio.ensure_future(_read(stream)) for stream in (process.stdout, process.stderr)]
    try:
        return await asyncio.gather(*readers)
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _read(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    parts, size = [], 0
    while part := await stream.read(64 * 1024):
        size += len(part)
        if size > MOST:
            raise CannotRun(f"more than {MOST} bytes of output")
        parts.append(part)
    return b"".join(parts).decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    """End what is left of the group, and read what is left in the pipes: only then are they closed."""
    streams = (process.stdout, process.stderr)
    if process.returncode is not None and all(stream is not None and stream.at_eof() for stream in streams):
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.communicate(), REAP)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:SHOWN] if lines else ""
