"""The agents of a run's hosts, each on a machine of its own, and what is done to them: killed, cut off, misdated.

It knows machines, agents and clocks; what a blow means for a host's guests is the town's business.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kasugai.adapters.proving.masters import derive
from kasugai.sim.child import Child
from tests.support.agents import MASTER
from tests.support.machines import Clock, Machine, clock_library

CONF = """\
[agent]
host = {host}
key_file = {folder}/{host}.key
state_dir = {folder}/{host}.state
health_port = 0
[kafka]
bootstrap_servers = {kafka}
[host]
peers_file = {folder}/peers
peer_interval = 1
monitoring_interval = 3600
[process]
enabled = false
[instance]
enabled = false
"""


@dataclass(slots=True)
class Hypervisors:
    """All machines. Use it from the main thread: they die with the thread that started them."""

    folder: Path
    names: Sequence[str]
    ends: list[tuple[str, int, str]] = field(default_factory=list)
    """Agents that ended by themselves: name, exit code, last line."""
    kills: int = 0
    _machines: dict[str, Machine] = field(default_factory=dict)
    _agents: dict[str, Child] = field(default_factory=dict)
    _clocks: dict[str, Clock] = field(default_factory=dict)
    _down: dict[str, float] = field(default_factory=dict)
    """Agents that are killed, and until when nobody starts them again."""
    _cut: dict[str, bool] = field(default_factory=dict)
    """Machines that are cut off, and whether from their peers too."""
    _library: Path = Path()

    def start(self, kafka: str) -> None:
        """Boot all machines and start their agents; `kafka` is where they reach it."""
        self._library = clock_library(self.folder)
        for number, name in enumerate(self.names, 1):
            self._machines[name] = Machine(number, name, self.folder)
            self._clocks[name] = Clock(self.folder / f"{name}.clock")
            self._write(name, kafka)
        peers = [
            f"{name} {network} {address}"
            for name, machine in self._machines.items()
            for network, address in machine.addresses.items()
        ]
        (self.folder / "peers").write_text("\n".join(peers) + "\n")
        for name in self.names:
            self.boot(name)

    def stop(self) -> None:
        """End everything, without manners."""
        for name in self.names:
            if name in self._machines:
                self.die(name)

    def boot(self, host: str) -> None:
        """Give a machine power; its agent starts with it."""
        self._machines[host].boot()
        self._launch(host)

    def die(self, host: str) -> None:
        """Take a machine's power, with all that runs on it."""
        self._end(host)
        self._down.pop(host, None)
        self._cut.pop(host, None)
        self._machines[host].die()

    def kill(self, host: str, seconds: float) -> int:
        """Kill an agent with -9, which is started again so many seconds later; return the process id that is gone."""
        pid = self._agents[host].pid
        self._end(host)
        self.kills += 1
        self._down[host] = time.monotonic() + seconds
        return pid

    def cut(self, host: str, *, peers: bool) -> None:
        """Cut a machine off from Kafka; with `peers`, from all other machines too."""
        if peers:
            self._machines[host].unplug()
        else:
            self._machines[host].lose_hub()
        self._cut[host] = peers

    def heal(self, host: str) -> None:
        """Put right what was cut, if the machine still has power."""
        peers = self._cut.pop(host, None)
        if peers:
            self._machines[host].unplug(False)
        elif peers is not None:
            self._machines[host].lose_hub(False)

    def misdate(self, host: str, offset: float) -> None:
        """Set the clock of a machine's processes forth or back."""
        self._clocks[host].jump(offset)

    def whole(self) -> list[str]:
        """Return the machines that have power, an agent that runs, and all their cables."""
        return [name for name in self._agents if name not in self._cut]

    def boots(self, host: str) -> int:
        """Return how often a machine has booted."""
        return self._machines[host].boots

    def tend(self) -> None:
        """Start agents again whose time has come, and those that have ended by themselves."""
        now = time.monotonic()
        for host, agent in list(self._agents.items()):
            if agent.exit_code is not None:
                self.ends.append((f"agent-{host}", agent.exit_code, self._last_line(host)))
                self._launch(host)
        for host in [host for host, until in self._down.items() if until <= now]:
            del self._down[host]
            self._launch(host)

    def heal_all(self) -> None:
        """Put everything right but what has no power."""
        for host in list(self._cut):
            self.heal(host)
        self._down = dict.fromkeys(self._down, 0.0)
        self.tend()

    def _launch(self, host: str) -> None:
        command = [sys.executable, "-m", "kasugai.cli", "agent", "--config-file", str(self._conf(host))]
        inside = self._machines[host].within(command, self._clocks[host].file, self._library)
        log = self._log(host)
        log.touch()
        self._agents[host] = Child(inside, log=log)
        self._agents[host].start(lambda: True)

    def _end(self, host: str) -> None:
        agent = self._agents.pop(host, None)
        if agent is not None:
            agent.kill()

    def _write(self, host: str, kafka: str) -> None:
        key = self.folder / f"{host}.key"
        key.touch(mode=0o600)
        key.write_text(derive(MASTER, host).line(host) + "\n")
        self._conf(host).write_text(CONF.format(host=host, folder=self.folder, kafka=kafka))

    def _conf(self, host: str) -> Path:
        return self.folder / f"agent-{host}.conf"

    def _log(self, host: str) -> Path:
        return self.folder / f"agent-{host}.log"

    def _last_line(self, host: str) -> str:
        return (self._log(host).read_text(errors="replace").strip().splitlines() or [""])[-1]
