"""Runs a command of the list: no shell, a time-out, and no child left behind whatever happens to the agent.

What a command says decides nothing: whether the process lives is seen, not told.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

PATIENCE = 90.0
"""Seconds that a command may take: systemd's own time-out for a start."""
KEPT = 300
"""Characters of what it says that are told."""
SUDO = ("sudo", "-n")


async def run(command: Sequence[str], *, as_root: bool) -> str:
    """Run a command to its end; return what went wrong in one line, or nothing."""
    words = (*SUDO, *command) if as_root and os.geteuid() != 0 else tuple(command)
    with TemporaryFile() as said:
        try:
            child = await _started(words, said)
        except OSError as error:
            return f"{words[0]} cannot be run: {error.strerror}"
        try:
            async with asyncio.timeout(PATIENCE):
                await child.wait()
        except TimeoutError:
            return f"{' '.join(words)} did not end within {PATIENCE:.0f} s"
        finally:
            await _end(child)
        return "" if child.returncode == 0 else _failed(words, child.returncode, said)


def _failed(words: Sequence[str], code: int | None, said: IO[bytes]) -> str:
    said.seek(0)
    text = " ".join(said.read(4 * KEPT).decode("utf-8", "replace").split())[:KEPT]
    return f"{' '.join(words)} ended with {code}: {text or 'it said nothing'}"


async def _started(words: Sequence[str], said: IO[bytes]) -> asyncio.subprocess.Process:
    """Start it. What it says goes to a file: a daemon that it starts would hold a pipe open, and be waited for. Who is
    cancelled meanwhile waits until it has begun, and ends it: asyncio itself would kill the child alone, and leave its
    own children (CPython 3.11, measured)."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kill what is left of it: its whole process group, for a script's own children outlive it."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
