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


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What one process does."""

    words: tuple[str, ...]
    """Its command."""
    config: Path | None = None
    """Its configuration, where it is not the one that the others share."""


ENGINE: Mapping[str, Role] = MappingProxyType(
    {
        "route": Role(words=("route",)),
        "correlate": Role(words=("correlate",)),
        "worker-1": Role(words=("worker", "host")),
        "worker-2": Role(words=("worker", "host")),
    }
)
"""What decides and recovers, by instance name."""

EYES: Mapping[str, Role] = MappingProxyType(
    {"liveness": Role(words=("liveness",)), "observe": Role(words=("observe", "power"))}
)
"""What finds a host dead."""

AT_WORK = MappingProxyType(
    {
        "route": "reading ",
        "correlate": "owner of partitions [",
        "worker": "works on partitions ",
        "liveness": "watching ",
        "bridge": "hearing Nova on ",
        "observe": "observing: ",
        "agent": " is watched: ",
    }
)
"""What a process's log says once it has what it works on."""


def agent(host: str) -> str:
    """Return the instance name of a host's agent."""
    return f"agent-{host}"


def agents(files: Mapping[str, Path]) -> dict[str, Role]:
    """Return the agents of hosts, by instance name; `files`: their configuration."""
    return {agent(host): Role(words=("agent",), config=file) for host, file in files.items()}


RESTARTS = 5
"""A process that ends so often by itself will not be any better the next time."""


@dataclass(slots=True)
class Crew:
    """The processes."""

    folder: Path
    config: Path
    is_mock: bool
    roles: Mapping[str, Role]
    """By instance name."""
    say: Callable[[str], None] = print
    _children: dict[str, Child] = field(default_factory=dict)
    _dead: set[str] = field(default_factory=set)
    _restarts: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        """Start all."""
        for name, role in self.roles.items():
            command = [sys.executable, "-m", "kasugai.cli", *role.words, *self._options(name, role)]
            self._children[name] = Child(command, log=self.log_of(name), state=self.folder)
            self._launch(name)

    def are_at_work(self) -> bool:
        """Whether each has said that it has what it works on."""
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

    def _options(self, name: str, role: Role) -> list[str]:
        if role.config is not None:
            return ["--config-file", str(role.config)]
        own = self.folder / f"{name}.conf"
        own.write_text(f"[stream]\ninstance = {name}\n")
        files = ["--config-file", str(self.config), "--config-file", str(own)]
        return [*files, *(["--demo"] if self.is_mock else [])]

    def _launch(self, name: str) -> None:
        self._children[name].start(lambda: True)


def _has_said(log: Path, words: str) -> bool:
    return words in log.read_text(errors="replace")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "(nothing)"
