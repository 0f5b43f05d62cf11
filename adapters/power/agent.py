"""A power device that a ClusterLabs fence agent drives: one process per action, parameters over stdin, never in argv.

What the agent says is kept without secrets. OFF is believed only when both the exit code (2) and the word on stdout
say so: 2 is also what an interpreter answers that does not find its script.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kasugai.adapters.power import leash
from kasugai.adapters.power.fencing import DeviceTrouble
from kasugai.adapters.power.redaction import redact
from kasugai.core.recovering.look import PowerState

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"}
"""All that an agent gets: our own environment may hold the secrets of others."""
GRACE = 1.0
"""Seconds that the leash waits longer than we do: it ends the agent when we stand still."""
MOST = 64 * 1024
"""Bytes of each of an agent's outputs that are read."""
SHOWN = 240
"""Characters of a reason."""
ON, OFF = 0, 2


@dataclass(frozen=True, slots=True)
class Ended:
    """How an action ended."""

    code: int
    said: str
    """stdout, without secrets."""
    complained: str
    """stderr, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceAgent:
    """One device of one host."""

    kind: str
    """The agent's name, like fence_redfish."""
    folder: Path
    """Where agents are."""
    parameters: Mapping[str, str] = field(repr=False)
    timeout: float
    """Seconds for switching off, reading back included."""
    read_timeout: float
    """Seconds for one reading."""

    @property
    def address(self) -> str:
        """Where the device is; "" for agents without an address."""
        found = (self.parameters.get(name) for name in ("ip", "ipaddr"))
        place = next((value for value in found if value), "")
        plug = self.parameters.get("plug") or self.parameters.get("port") or ""
        return f"{place} plug {plug}".strip() if plug else place

    @property
    def name(self) -> str:
        """Kind and address."""
        return f"{self.kind} at {self.address}" if self.address else self.kind

    async def status(self) -> PowerState:
        """Return ON or OFF; DeviceTrouble when the agent cannot tell."""
        ended = await self._run("status", min(self.read_timeout, self.timeout))
        words = re.findall(r"\b(?:ON|OFF)\b", ended.said.upper())
        match ended.code, words[-1:]:
            case (0, _):
                return PowerState.ON
            case (2, ["OFF"]):
                return PowerState.OFF
            case (2, _):
                raise DeviceTrouble(f"exit code 2 without the word OFF: {_reason(ended)}")
            case _:
                raise DeviceTrouble(_reason(ended))

    async def off(self) -> None:
        """Tell the device to switch off; DeviceTrouble when the agent reports a failure."""
        ended = await self._run("off", self.timeout)
        if ended.code != 0:
            raise DeviceTrouble(_reason(ended))

    async def on(self) -> None:
        """Tell the device to switch on; DeviceTrouble when the agent reports a failure."""
        ended = await self._run("on", self.timeout)
        if ended.code != 0:
            raise DeviceTrouble(_reason(ended))

    async def _run(self, action: str, seconds: float) -> Ended:
        with _files(self._stdin(action)) as files:
            try:
                async with asyncio.timeout(seconds):
                    await self._wait(files, seconds)
            except TimeoutError as error:
                raise DeviceTrouble(f"no answer to {action} within {seconds:g} s") from error
            verdict = _text(files.verdict)
            said, complained = (redact(_text(file), self.parameters) for file in (files.out, files.err))
        if not verdict:
            raise DeviceTrouble(f"{self.kind} was killed during {action}")
        return Ended(int(verdict), said, complained)

    async def _wait(self, files: "Files", seconds: float) -> None:
        """Run the agent to its end; whatever ends the waiting ends the agent and all that it has started."""
        starting = asyncio.ensure_future(self._start(files, seconds))
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await _end(await starting)
            raise
        try:
            await process.wait()
        finally:
            await _end(process)

    async def _start(self, files: "Files", seconds: float) -> asyncio.subprocess.Process:
        command = (sys.executable, "-I", "-S", leash.__file__)
        return await asyncio.create_subprocess_exec(
            *command,
            str(os.getpid()),
            str(seconds + GRACE),
            str(self.folder / self.kind),
            stdin=files.stdin,
            stdout=files.out,
            stderr=files.err,
            pass_fds=(files.verdict,),
            start_new_session=True,
            cwd="/",
            env=ENVIRONMENT | {leash.VERDICT_VARIABLE: str(files.verdict)},
        )

    def _stdin(self, action: str) -> bytes:
        lines = {"action": action} | dict(self.parameters)
        return "".join(f"{name}={_quoted(value)}\n" for name, value in lines.items()).encode()


@dataclass(frozen=True, slots=True)
class Files:
    """What an agent reads and writes: in memory, and without anybody who must keep reading."""

    stdin: int
    out: int
    err: int
    verdict: int


@contextmanager
def _files(stdin: bytes) -> Iterator[Files]:
    numbers = [os.memfd_create(f"kasugai-fence-{name}") for name in ("stdin", "out", "err", "verdict")]
    try:
        os.pwrite(numbers[0], stdin, 0)
        yield Files(*numbers)
    finally:
        for number in numbers:
            os.close(number)


def _text(file: int) -> str:
    """Return what was written; of too much the last, perhaps incomplete line is left out (half a secret is none that
    could be recognised)."""
    data = os.pread(file, MOST, 0)
    if len(data) == MOST:
        data = data.rpartition(b"\n")[0]
    return data.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _quoted(value: str) -> str:
    """fence-agents strip blanks and one pair of quotes."""
    needs = value != value.strip() or (value.startswith('"') and value.endswith('"'))
    return f'"{value}"' if needs else value


def _reason(ended: Ended) -> str:
    """What the agent complained about, in one line; the end of it is what matters."""
    lines = [line.strip() for line in ended.complained.splitlines() if line.strip()]
    text = " / ".join(dict.fromkeys(lines)) or f"exit code {ended.code} without a word"
    return text if len(text) <= SHOWN else f"…{text[1 - SHOWN :]}"
