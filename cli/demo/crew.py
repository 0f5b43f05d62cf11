"""Kasugai's own processes: started on a leash, started again when they end by themselves, killed as the story goes.

It is the demo's supervisor, and knows nothing of what the processes do.
"""

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from kasugai.cli.exits import Exit, SaidNo
from kasugai.sim.child import Child

COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "route": ("route",),
        "correlate": ("correlate",),
        "worker-1": ("worker", "host"),
        "worker-2": ("worker", "host"),
    }
)
"""Each process by its instance name."""

AT_WORK = MappingProxyType(
    {"route": "reading ", "correlate": "owner of partitions [", "worker": "works on partitions "}
)
"""What a process's log says once it has its partitions."""

RESTARTS = 5
"""A process that ends so often by itself will not be any better the next time."""


@dataclass(slots=True)
class Crew:
    """The processes."""

    folder: Path
    config: Path
    is_mock: bool
    say: Callable[[str], None] = print
    _children: dict[str, Child] = field(default_factory=dict)
    _dead: set[str] = field(default_factory=set)
    _restarts: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        """Start all."""
        for name, words in COMMANDS.items():
            own = self.folder / f"{name}.conf"
            own.write_text(f"[stream]\ninstance = {name}\n")
            files = ("--config-file", str(self.config), "--config-file", str(own))
            demo = ("--demo",) if self.is_mock else ()
            command = [sys.executable, "-m", "kasugai.cli", *words, *files, *demo]
            self._children[name] = Child(command, log=self.log_of(name))
            self._launch(name)

    def are_at_work(self) -> bool:
        """Whether each has said that it has its partitions."""
        return all(_has_said(self.log_of(name), AT_WORK[name.partition("-")[0]]) for name in self._children)

    def tend(self) -> None:
        """Start again what has ended by itself, as a supervisor does; SaidNo when that does not help."""
        for name, child in self._children.items():
            code = child.exit_code
            if name in self._dead or code is None:
                continue
            self._restarts[name] += 1
            if code == Exit.USAGE or self._restarts[name] > RESTARTS:
                raise SaidNo(f"{name} cannot run (exit code {code}): {_last_line(self.log_of(name))}")
            self.say(f"{name} has ended by itself (exit code {code}): started again, as a supervisor does")
            self._launch(name)

    def kill(self, name: str) -> int:
        """End a process as a power cut would, for good; return its process id."""
        pid = self._children[name].pid
        self._dead.add(name)
        self._children[name].kill()
        return pid

    def pids(self) -> dict[str, int]:
        """Return the living ones' process ids."""
        return {name: child.pid for name, child in self._children.items() if name not in self._dead}

    def stop(self) -> None:
        """End all: nobody waits for good manners, everything that they stand on goes too."""
        for name, child in self._children.items():
            if name not in self._dead:
                self._dead.add(name)
                child.kill()

    def log_of(self, name: str) -> Path:
        """Return where a process's log is."""
        return self.folder / f"{name}.log"

    def _launch(self, name: str) -> None:
        self._children[name].start(lambda: True)


def _has_said(log: Path, words: str) -> bool:
    return words in log.read_text(errors="replace")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "(nothing)"
