"""The stack's processes by name: started on a leash, with a log each, and ended by id together with all they forked."""

import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from acceptance.stack.descendants import descendants, end
from kasugai.sim.child import Child


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int, path: str = "/") -> bool:
    """Whether a web service answers there, and no worse than that it has nothing to show."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@dataclass(slots=True)
class Processes:
    """Use it from the main thread: they die with the thread that started them."""

    logs: Path
    _running: dict[str, Child] = field(default_factory=dict)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: Callable[[], bool] = lambda: True,
        environment: Mapping[str, str] | None = None,
        within: float = 240.0,
    ) -> None:
        """Start one and return when it is ready; ServerFailedError holds the end of its log."""
        words = [f"{key}={value}" for key, value in (environment or {}).items()]
        child = Child(["env", *words, *command], log=self.logs / f"{name}.log")
        child.start(ready, within=within)
        self._running[name] = child

    def pid(self, name: str) -> int:
        """Return its process id."""
        return self._running[name].pid

    def runs(self, name: str) -> bool:
        """Whether it was started, and neither ended by us nor by itself."""
        return name in self._running and self._running[name].exit_code is None

    def kill(self, name: str) -> None:
        """End it and what it forked as a power cut would."""
        child = self._running.pop(name)
        below = descendants(child.pid)
        if child.exit_code is None:
            child.kill()
        end(below)

    def pause(self, name: str) -> None:
        """Stop it and what it forked in their tracks."""
        self._signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let them go on."""
        self._signal(name, signal.SIGCONT)

    def stop_all(self) -> None:
        """Kill all, the last started first: nothing here is kept."""
        for name in reversed(list(self._running)):
            self.kill(name)

    def ended(self) -> list[str]:
        """Return who has ended without being asked to, with the last line of each one's log."""
        return [
            f"{name} ended with {child.exit_code}: {self._last(name)}"
            for name, child in self._running.items()
            if child.exit_code is not None
        ]

    def _signal(self, name: str, sent: signal.Signals) -> None:
        pid = self._running[name].pid
        for each in (pid, *descendants(pid)):
            os.kill(each, sent)

    def _last(self, name: str) -> str:
        lines = (self.logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "(nothing)"
