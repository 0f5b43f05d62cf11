"""A Ceph cluster as its own programs `ceph` and `rbd` tell of it: one process for each question, in JSON, each with a
time-out after which it is killed with all that it has started.

No secret passes through here: the programs read the user's key from its file.
"""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kasugai.adapters.ceph.cluster import CephAway, CephTrouble, Lock

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"}
"""All that a program gets: our own environment may hold the secrets of others."""
GRACE = 1.0
"""Seconds that a program may outlive a worker that stands still, or has died."""
SHOWN = 240
"""Characters of a reason."""
MISSING = 2
"""The exit code of `rbd` for an image that is not there (ENOENT)."""
KILLED = 137
KEEP = "--rbd_blocklist_on_break_lock=false"
"""`rbd lock rm` would put the locker on the blocklist, where nobody takes it off again: it is there by its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """One cluster, as one user."""

    conf: str
    """The cluster's ceph.conf."""
    user: str
    """Without `client.` before it."""
    keyring: str
    """The file with the user's key."""
    read_timeout: float
    """Seconds for one question."""
    folder: Path = Path("/usr/bin")
    """Where the programs are."""
    limit: asyncio.Semaphore
    """How many run at a time."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"ceph ({self.conf})"

    async def blocked(self) -> Mapping[str, float]:
        """Return the blocklist."""
        rows = await self._json("ceph", "osd", "blocklist", "ls")
        try:
            return {str(row["addr"]): datetime.fromisoformat(row["until"]).timestamp() for row in rows or ()}
        except (KeyError, TypeError, ValueError) as error:
            raise CephTrouble(f"its blocklist is not understood: {error!r}") from error

    async def block(self, entry: str, seconds: int) -> None:
        """Add an entry."""
        await self._run("ceph", "osd", "blocklist", "add", entry, str(seconds))

    async def unblock(self, entry: str) -> None:
        """Remove an entry."""
        await self._run("ceph", "osd", "blocklist", "rm", entry)

    async def watchers(self, image: str) -> tuple[str, ...] | None:
        """Return who watches an image."""
        found = await self._json("rbd", "status", image)
        try:
            return None if found is None else tuple(str(each["address"]) for each in found["watchers"])
        except (KeyError, TypeError) as error:
            raise CephTrouble(f"the watchers of {image} are not understood: {error!r}") from error

    async def locks(self, image: str) -> tuple[Lock, ...] | None:
        """Return who has locked an image."""
        rows = await self._json("rbd", "lock", "ls", image)
        try:
            return None if rows is None else tuple(Lock(r["id"], r["locker"], r["address"]) for r in rows)
        except (KeyError, TypeError) as error:
            raise CephTrouble(f"the locks of {image} are not understood: {error!r}") from error

    async def unlock(self, image: str, lock: Lock) -> None:
        """Remove a lock."""
        await self._run("rbd", "lock", "rm", image, lock.id, lock.locker, KEEP, missing_is_well=True)

    async def _json(self, *command: str) -> Any:
        """Return the answer; None: there is no such image. `ceph` 16 prints a second, empty one behind a blocklist."""
        said = await self._run(*command, "--format", "json", missing_is_well=command[0] == "rbd")
        if said is None:
            return None
        try:
            return json.JSONDecoder().raw_decode(said.lstrip())[0]
        except ValueError as error:
            raise CephTrouble(f"{' '.join(command)}: its answer is no JSON") from error

    async def _run(self, program: str, *words: str, missing_is_well: bool = False) -> str | None:
        """Return what the program prints; None when it says that an image is missing and that is well."""
        async with self.limit:
            code, said, complained = await self._wait(program, *words)
        if code == 0:
            return said.decode(errors="replace")
        if code == MISSING and missing_is_well:
            return None
        what = " ".join((program, *words[:3]))
        if code in (KILLED, -signal.SIGKILL):
            raise CephAway(f"no answer to {what} within {self.read_timeout:g} s")
        raise CephTrouble(f"{what}: {_reason(complained) or f'exit code {code} without a word'}")

    async def _wait(self, program: str, *words: str) -> tuple[int, bytes, bytes]:
        seconds = self.read_timeout
        known = ("-c", self.conf, "--id", self.user, "--keyring", self.keyring)
        try:
            process = await asyncio.create_subprocess_exec(
                *("timeout", "--signal=KILL", f"{seconds + GRACE}"),
                *(str(self.folder / program), *words, *known),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                cwd="/",
                env=ENVIRONMENT | {"CEPH_KEYRING": self.keyring},
            )
        except OSError as error:
            raise CephTrouble(f"{program} cannot be run: {error.strerror}") from error
        try:
            async with asyncio.timeout(seconds):
                said, complained = await process.communicate()
        except TimeoutError:
            return KILLED, b"", b""
        finally:
            await _end(process)
        return process.returncode or 0, said, complained


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _reason(complained: bytes) -> str:
    """What the program complained about last, in one line."""
    lines = [line.strip() for line in complained.decode(errors="replace").splitlines() if line.strip()]
    own = [line for line in lines if line.startswith(("rbd: ", "Error "))]
    text = (own or lines or [""])[-1]
    return text if len(text) <= SHOWN else f"…{text[1 - SHOWN :]}"
