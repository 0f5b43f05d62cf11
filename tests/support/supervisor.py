"""Kasugai's own commands as child processes: started, killed with -9, and started again at once, as a supervisor does.

It knows the processes and what they log, and nothing of what they do.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from kasugai.cli.demo.crew import AT_WORK
from kasugai.cli.exits import Exit
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.sim.child import Child

COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "route": ("route",),
        "correlate-1": ("correlate",),
        "correlate-2": ("correlate",),
        "worker-1": ("worker", *INCIDENT_KINDS),
        "worker-2": ("worker", *INCIDENT_KINDS),
    }
)
"""Each process by its instance name, which its next life has too."""


def role(name: str) -> str:
    """Return what a process is, without its number."""
    return name.partition("-")[0]


@dataclass(slots=True)
class Life:
    """One process from its start to its end."""

    child: Child
    said: int
    """How long its log was when it was started."""


@dataclass(slots=True)
class Supervisor:
    """The processes. Use it from the main thread: they die with the thread that started them."""

    folder: Path
    config: Path
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: COMMANDS)
    conf_of: Callable[[str], str] = lambda _: ""
    """What a process's own configuration adds, by its role."""
    own_ends: list[str] = field(default_factory=list)
    """Which ended without being killed, with exit code and last line."""
    _lives: dict[str, Life] = field(default_factory=dict)

    def start(self) -> None:
        """Start all."""
        for name in self.commands:
            (self.folder / f"{name}.conf").write_text(
                f"[stream]\ninstance = {name}\n{self.conf_of(role(name))}"
            )
            self._launch(name)

    def stop(self) -> None:
        """End all."""
        for life in self._lives.values():
            if life.child.exit_code is None:
                life.child.kill()
        self._lives.clear()

    def is_at_work(self, name: str) -> bool:
        """Whether the process's present life has said that it has its partitions."""
        said = self.log(name)[self._lives[name].said :].splitlines()
        kinds = self.commands[name][1:] or ("",)
        return all(
            any(AT_WORK[role(name)] in line and line.endswith(kind) for line in said) for kind in kinds
        )

    def kill(self, name: str) -> int:
        """Kill a process with -9, start it again at once, and return the process id that is gone."""
        pid = self._lives[name].child.pid
        self._lives[name].child.kill()
        self._launch(name)
        return pid

    def tend(self) -> None:
        """Start again what has ended by itself; what says that its configuration is wrong does not deserve it."""
        for name, life in self._lives.items():
            code = life.child.exit_code
            if code is None:
                continue
            last = (self.log(name).strip().splitlines() or [""])[-1]
            self.own_ends.append(f"{name} ended by itself with {code}: {last}")
            assert code != Exit.USAGE, self.own_ends[-1]
            self._launch(name)

    def until(self, so: Callable[[], bool], within: float, missing: Callable[[], object]) -> None:
        """Wait until it is so, tending the processes meanwhile; say what is missing when it takes too long."""
        deadline = time.monotonic() + within
        while not so():
            self.tend()
            assert time.monotonic() < deadline, f"not so within {within:.0f} s: {missing()}\n{self.tails()}"
            time.sleep(0.02)

    def log(self, name: str) -> str:
        """Return all that a process has logged, in all of its lives."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def tails(self) -> str:
        """Return the end of every log."""
        shown = (f"== {name}\n" + "\n".join(self.log(name).splitlines()[-15:]) for name in self.commands)
        return "\n".join([*self.own_ends, *shown])

    def _launch(self, name: str) -> None:
        files = ("--config-file", str(self.config), "--config-file", str(self.folder / f"{name}.conf"))
        log = self.folder / f"{name}.log"
        log.touch()
        command = [sys.executable, "-m", "kasugai.cli", *self.commands[name], *files]
        child = Child(command, log=log, state=self.folder)
        self._lives[name] = Life(child, len(self.log(name)))
        child.start(lambda: True)
