"""Hypervisors as namespaces: each has a network and a boot of its own, and is joined to the others by two bridges.

All of it lies in namespaces of the process that asks (`apart`), and none of it has a name outside of them: the kernel
takes it down with that process, however it ends. Needs root and iproute2. CLOCK_REALTIME has no namespace in Linux:
a machine's processes get one of their own by a preloaded library (`clock.c`).
"""

import os
import shutil
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from kasugai.sim.child import Child, ServerFailedError

APART = "KASUGAI_TESTS_APART"
"""Set in a process that has namespaces of its own."""
NETWORKS = {"management": "192.0.2", "storage": "198.51.100"}
"""The bridges, and the first three bytes of addresses on them."""
HUB = f"{NETWORKS['management']}.254"
"""Where machines reach what listens beside them; on the management bridge."""
NOBODY = "02:00:00:00:00:ff"
"""A link address that no machine has: what is sent there is lost without a word."""
BOOT_ID = "/proc/sys/kernel/random/boot_id"
LIFE = 'mount --bind "$0" {boot_id}; touch "$0.up"; exec sleep infinity'
SOURCE = Path(__file__).with_name("clock.c")
SECOND = 1_000_000_000


def apart(module: str, words: Sequence[str]) -> NoReturn:
    """Become `python -m module words` in namespaces of its own; ServerFailedError where that is not allowed."""
    if os.geteuid() != 0:
        message = "namespaces need root: type sudo, or leave the agents out"
        raise ServerFailedError(message)
    flags = ("--net", "--mount", "--propagation", "private")
    os.execvpe(
        "unshare", ["unshare", *flags, sys.executable, "-m", module, *words], {**os.environ, APART: "1"}
    )


def is_apart() -> bool:
    """Whether this process has namespaces of its own."""
    return APART in os.environ


@dataclass(slots=True)
class Machine:
    """One hypervisor: off until it boots."""

    number: int
    name: str
    folder: Path
    boots: int = 0
    _life: Child | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """Its address on each network."""
        return {network: f"{prefix}.{self.number}" for network, prefix in NETWORKS.items()}

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self._life is not None

    def boot(self) -> None:
        """Give it power, a boot that it never had, and its cables."""
        self.boots += 1
        boot_id = self.folder / f"{self.name}.boot-{self.boots}"
        boot_id.write_text(f"{uuid.uuid4()}\n")
        up = boot_id.with_name(boot_id.name + ".up")
        self._life = Child(
            [*_booted_now(), "sh", "-ec", LIFE.format(boot_id=BOOT_ID), str(boot_id)],
            log=self.folder / f"{self.name}.machine.log",
        )
        self._life.start(up.exists)
        self._plug()

    def die(self) -> None:
        """Take its power: its networks are gone at once. What runs on it is the caller's to end."""
        if self._life is not None:
            self._life.kill()
            self._life = None

    def within(self, command: Sequence[str], offset: Path, library: Path) -> list[str]:
        """Return the command as it runs on this machine, with the clock that `offset` sets (`Clock`)."""
        clock = (f"LD_PRELOAD={library}", f"CLOCK_OFFSET={offset}")
        return [*self._entered(), "env", *clock, *command]

    def lose_hub(self, lost: bool = True) -> None:
        """Let everything that it sends to the hub be lost, or let it through again; its peers hear it all along."""
        if lost:
            self._ip(f"neigh replace {HUB} lladdr {NOBODY} dev management nud permanent")
        else:
            self._ip(f"neigh del {HUB} dev management")

    def unplug(self, out: bool = True) -> None:
        """Pull its cables, or put them back."""
        state = "down" if out else "up"
        _batch(["ip"], *(f"link set {self._end(network)} {state}" for network in NETWORKS))

    def _plug(self) -> None:
        assert self._life is not None
        for network in NETWORKS:
            end = self._end(network)
            _batch(
                ["ip"],
                f"link add {end} type veth peer name {network} netns {self._life.pid}",
                f"link set {end} master {network} up",
            )
        own = [
            line
            for network, address in self.addresses.items()
            for line in (
                f"link set {network} address {self._card(network)}",
                f"address add {address}/24 dev {network}",
                f"link set {network} up",
            )
        ]
        self._ip("link set lo up", *own)

    def _card(self, network: str) -> str:
        """Its link address there: a boot changes no network card."""
        return f"02:00:00:00:{list(NETWORKS).index(network):02x}:{self.number:02x}"

    def _end(self, network: str) -> str:
        return f"{network[0]}{self.number}"

    def _ip(self, *lines: str) -> None:
        _batch([*self._entered(), "ip"], *lines)

    def _entered(self) -> list[str]:
        if self._life is None:
            message = f"{self.name} has no power"
            raise ServerFailedError(message)
        return ["nsenter", "-t", str(self._life.pid), "-n", "-m", "-T"]


@dataclass(slots=True)
class Clock:
    """CLOCK_REALTIME of one machine's processes."""

    file: Path
    offset: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """It is right until it jumps."""
        self.file.write_bytes(struct.pack("q", 0))

    def jump(self, offset: float) -> None:
        """Be so many seconds fast from now on, or slow."""
        self.offset = offset
        with self.file.open("r+b") as file:  # mapped by who runs: never made anew
            file.write(struct.pack("q", round(offset * SECOND)))


def _booted_now() -> list[str]:
    """Return the command by which another one runs in namespaces of its own, since whose boot no time has passed."""
    up = int(time.clock_gettime(time.CLOCK_BOOTTIME))
    return ["unshare", "--net", "--mount", "--time", "--boottime", str(-up)]


def make_hub() -> None:
    """Make the bridges in this process's own network, which has nothing yet."""
    assert is_apart(), "a hub belongs into namespaces of its own"
    lines = [line for n in NETWORKS for line in (f"link add {n} type bridge", f"link set {n} up")]
    _batch(["ip"], "link set lo up", *lines, f"address add {HUB}/24 dev management")


def clock_library(folder: Path) -> Path:
    """Compile the library that sets clocks; ServerFailedError without a compiler."""
    library = folder / "clock.so"
    compiler = shutil.which("cc")
    if compiler is None:
        message = "no C compiler: type make services"
        raise ServerFailedError(message)
    _run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"])
    return library


def _batch(program: Sequence[str], *lines: str) -> None:
    _run([*program, "-batch", "-"], "\n".join(lines) + "\n")


def _run(command: Sequence[str], text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        message = f"{' '.join(command)}: {done.returncode}: {text}{done.stdout}{done.stderr}"
        raise ServerFailedError(message)
