"""A server process that belongs to us: started on a leash, waited for until it answers, stopped or killed at will.

The leash is the kernel's parent-death signal: when we go, however we go, the server goes too. It knows
nothing of the server but its command line and a question that tells whether it is ready.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

READY_WITHIN = 60.0
STOP_WITHIN = 20.0
BELOW_EPHEMERAL = range(20_000, 32_000)
"""Ports that the kernel gives to nobody by itself: a client that reconnects cannot take a dead server's port."""

LEASH = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent is gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Asks for SIGKILL at the parent's death (1 is PR_SET_PDEATHSIG), then becomes the server; -S keeps it quick."""


class ServerFailedError(Exception):
    """A server ended or did not answer in time; the message holds the end of its log."""


def free_port() -> int:
    """Return a port of the loopback interface on which nobody listens."""
    for port in random.sample(BELOW_EPHEMERAL, k=100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    message = "no free port in 20000-31999: stop some servers"
    raise ServerFailedError(message)


class Child:
    """One server process. It dies with the thread that started it, so start it from a thread that stays."""

    def __init__(self, command: Sequence[str], *, log: Path, state: Path | None = None) -> None:
        """Remember the command line, the file that its output goes to, and the folder that it finds as
        $STATE_DIRECTORY (None: it has none)."""
        self._command = tuple(command)
        self._log = log
        self._state = {} if state is None else {"STATE_DIRECTORY": str(state)}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    @property
    def exit_code(self) -> int | None:
        """How the running server ended by itself; None while it lives (or was stopped by us)."""
        return None if self._process is None else self._process.poll()

    def start(self, ready: Callable[[], bool], *, within: float = READY_WITHIN) -> None:
        """Start the server and return when `ready` says yes."""
        leash = (sys.executable, "-I", "-S", "-c", LEASH, str(os.getpid()))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                (*leash, *self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._state},
            )
        deadline = time.monotonic() + within
        while not ready():
            self._check(deadline)
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask the server to end and wait for it; harmless when it is not running."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL)."""
        process = self._running()
        process.kill()
        process.wait()
        self._process = None

    def pause(self) -> None:
        """Stop the server in its tracks (SIGSTOP): connections stay open, nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = f"{self._command[0]} is not running: start it first"
            raise ServerFailedError(message)
        return self._process

    def _check(self, deadline: float) -> None:
        code = self._running().poll()
        if code is None and time.monotonic() < deadline:
            return
        if code is None:
            self.kill()
        self._process = None
        verdict = "did not answer in time" if code is None else f"ended with {code}"
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
        message = f"{' '.join(self._command)} {verdict}; its log ends with:\n{tail}"
        raise ServerFailedError(message)
