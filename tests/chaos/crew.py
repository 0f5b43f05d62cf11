"""Kasugai's processes under a supervisor: killed, stopped in their tracks, and started again whenever they end.

It knows the processes and what they log, and nothing of what they do.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kasugai.cli.demo.crew import AT_WORK
from kasugai.core.words.subject import INCIDENT_KINDS, Kind
from kasugai.sim.child import Child
from tests.chaos.schedule import PROCESSES

WORDS = {
    "route": ("route",),
    "liveness": ("liveness",),
    "correlate": ("correlate",),
    "worker": ("worker", *INCIDENT_KINDS),
    "hosts": ("worker", Kind.HOST),
    "project": ("project",),
    "observe": ("observe", "power"),
    "bridge": ("bridge",),
}
"""What each is called as, by its role; `hosts` is a worker of hosts alone."""
SAID = {**AT_WORK, "liveness": "watching ", "project": ""}
"""What a process has logged once it is at work; the projector says nothing."""


@dataclass(slots=True)
class Crew:
    """The processes. Use it from the main thread: they die with the thread that started them."""

    folder: Path
    config: Path
    names: Sequence[str] = PROCESSES
    mutant: str = ""
    """A mistake that is built into all of them, a name of `mutants`."""
    kills: int = 0
    ends: list[tuple[str, int, str]] = field(default_factory=list)
    """Which ended by themselves: name, exit code, last line."""
    _children: dict[str, Child] = field(default_factory=dict)
    _paused: dict[str, float] = field(default_factory=dict)
    """Until when."""

    def start(self) -> None:
        """Start all."""
        for name in self.names:
            self.add(name)

    def stop(self) -> None:
        """End all, without manners."""
        for child in self._children.values():
            if child.exit_code is None:
                child.kill()
        self._children.clear()

    def kill(self, name: str) -> int:
        """Kill a process with -9, start it again at once, and return the process id that is gone."""
        self.tend()
        child = self._children[name]
        pid = child.pid
        child.kill()
        self._paused.pop(name, None)
        self.kills += 1
        self._launch(name)
        return pid

    def end(self, name: str) -> None:
        """Kill a process with -9 for good."""
        self._children.pop(name).kill()

    def add(self, name: str) -> None:
        """Start one more."""
        (self.folder / f"{name}.conf").write_text(f"[stream]\ninstance = {name}\n")
        self._launch(name)

    def pids(self) -> dict[str, int]:
        """Return the process ids."""
        return {name: child.pid for name, child in self._children.items()}

    def pause(self, name: str, seconds: float) -> None:
        """Stop a process in its tracks for so many seconds."""
        self.tend()
        self._children[name].pause()
        self._paused[name] = time.monotonic() + seconds

    def resume_all(self) -> None:
        """Let everybody go on."""
        self._paused = dict.fromkeys(self._paused, 0.0)
        self.tend()

    def tend(self) -> None:
        """Let those go on whose pause is over, and start again what has ended."""
        for name in [name for name, until in self._paused.items() if until <= time.monotonic()]:
            del self._paused[name]
            self._children[name].resume()
        for name, child in self._children.items():
            if child.exit_code is not None:
                last = (self.log(name).strip().splitlines() or [""])[-1]
                self.ends.append((name, child.exit_code, last))
                self._launch(name)

    def idle(self) -> list[str]:
        """Return who has never said that it has its partitions."""
        return [name for name in self._children if not self._is_at_work(name)]

    def _is_at_work(self, name: str) -> bool:
        """A worker has partitions of each of its kinds."""
        process, *kinds = WORDS[name.partition("-")[0]]
        said = [line for line in self.log(name).splitlines() if SAID[process] in line]
        return all(any(line.endswith(kind) for line in said) for kind in kinds or ("",))

    def log(self, name: str) -> str:
        """Return all that a process has logged, in all of its lives."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _launch(self, name: str) -> None:
        files = ("--config-file", str(self.config), "--config-file", str(self.folder / f"{name}.conf"))
        log = self.folder / f"{name}.log"
        log.touch()
        words = WORDS[name.partition("-")[0]]
        program = ("tests.chaos.mutants", self.mutant) if self.mutant else ("kasugai.cli",)
        child = Child([sys.executable, "-m", *program, *words, *files], log=log, state=self.folder)
        self._children[name] = child
        child.start(lambda: True)
