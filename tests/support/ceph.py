"""A real Ceph cluster on this machine: a monitor and one OSD in memory, and hypervisors with addresses of their own.

Needs root, and Debian's ceph-mon, ceph-osd and ceph-common (`tools/ensure-services ceph`). Each machine is a network
namespace of its own; nothing of it is reached from outside. A client is Ceph's own `rbd bench`, which holds its image
open and writes to it.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

NETWORK = "198.51.100"
PORTS = (33001, 33002)
CONF = """\
[global]
fsid = {fsid}
mon host = [v2:{at}:{v2},v1:{at}:{v1}]
mon initial members = a
public addr = {at}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
mon allow pool size one = true
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 536870912
run dir = {home}/run
admin socket = {home}/run/$name.$pid.asok
pid file = {home}/run/$name.pid
log file = {home}/log/$name.log
crash dir = {home}/crash
[mon]
mon data = {home}/mon
mon data avail warn = 1
mon data avail crit = 0
[osd]
osd data = {home}/osd
"""
WITHIN = "ip link set lo up; touch {home}/{name}; while :; do sleep 3600 & wait $!; done"


class Machine:
    """A network namespace with one address."""

    def __init__(self, home: Path, name: str, address: str) -> None:
        """Begin it."""
        self.name, self.address = name, address
        script = WITHIN.format(home=home, name=name)
        self._init = subprocess.Popen(["unshare", "--net", "sh", "-c", script], start_new_session=True)
        wait_for((home / name).exists, f"{name} is there")

    @property
    def within(self) -> tuple[str, ...]:
        """What goes before a command that is to run on it."""
        return ("nsenter", "-t", str(self._init.pid), "-n")

    def plug(self, bridge: "Machine") -> None:
        """Connect it with the machine that has the bridge."""
        wire = f"v{self.name}"
        ip(bridge, "link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", str(self._init.pid))
        ip(bridge, "link", "set", wire, "master", "bridge0", "up")
        ip(self, "addr", "add", f"{self.address}/24", "dev", "eth0")
        ip(self, "link", "set", "eth0", "up")

    def cable(self, state: str) -> None:
        """Set its network `up` or `down`."""
        ip(self, "link", "set", "eth0", state)

    def stop(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.killpg(self._init.pid, 9)
        self._init.wait()


def ip(machine: Machine, *words: str) -> None:
    """Change a machine's network."""
    subprocess.run([*machine.within, "ip", *words], check=True, capture_output=True)


class Ceph:
    """The cluster, with hypervisors h1 and h2, and a worker that asks it."""

    def __init__(self) -> None:
        """Start it, and return when its OSD is up and its pools are there."""
        self._folder = tempfile.TemporaryDirectory(prefix="ceph-", dir="/tmp")
        self.home = Path(self._folder.name)
        for each in ("run", "log", "mon", "osd", "crash"):
            (self.home / each).mkdir()
        self.conf = self.home / "ceph.conf"
        at = f"{NETWORK}.1"
        self.conf.write_text(CONF.format(fsid=uuid4(), at=at, v2=PORTS[0], v1=PORTS[1], home=self.home))
        self._running: list[subprocess.Popen[bytes]] = []
        self.store = Machine(self.home, "store", at)
        self.machines = {"store": self.store}
        ip(self.store, "link", "add", "bridge0", "type", "bridge")
        ip(self.store, "addr", "add", f"{at}/24", "dev", "bridge0")
        ip(self.store, "link", "set", "bridge0", "up")
        for number, name in ((11, "h1"), (12, "h2"), (20, "worker")):
            self.machines[name] = Machine(self.home, name, f"{NETWORK}.{number}")
            self.machines[name].plug(self.store)
        self._start_monitor()
        self._start_osd()
        for pool in ("volumes", "vms"):
            self.admin("ceph", "osd", "pool", "create", pool, "8")
            self.admin("rbd", "pool", "init", pool)

    def admin(self, *words: str, on: str = "store", check: bool = True) -> str:
        """Run one of Ceph's programs as its administrator, and return what it prints."""
        command = (*self.machines[on].within, *words, "-c", str(self.conf), "--keyring", self._key("admin"))
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def ask(self, *words: str) -> Any:
        """Return what one of Ceph's programs prints as JSON."""
        said = self.admin(*words, "--format", "json")
        return json.JSONDecoder().raw_decode(said.lstrip())[0]

    def user(self, name: str, **caps: str) -> Path:
        """Make a user with these rights, and return the file with its key."""
        path = self.home / f"client.{name}.keyring"
        said = [word for pair in caps.items() for word in pair]
        self.admin("ceph", "auth", "get-or-create", f"client.{name}", *said, "-o", str(path))
        return path

    def image(self, name: str) -> None:
        """Make an image, so small that the OSD's memory takes those of all stories: a full one answers no more."""
        self.admin("rbd", "create", name, "--size", "8M")

    def writer(self, host: str, image: str) -> "Writer":
        """Let a client on a host open an image and write to it until it may not any more."""
        command = ("rbd", "bench", image, "--io-type", "write", "--io-size", "4K", "--io-total", "20G")
        more = ("--io-threads", "1", "--io-pattern", "rand", "--rbd_cache=false")
        known = ("-c", str(self.conf), "--keyring", self._key("admin"))
        log = self.home / "log" / f"{host}-{image.replace('/', '-')}-{len(self._running)}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                (*self.machines[host].within, *command, *more, *known),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._running.append(process)
        writer = Writer(process, log)
        wait_for(writer.has_written, f"{host} writes to {image}")
        return writer

    def program(self, folder: Path, on: str = "worker") -> Path:
        """Make a folder with `ceph` and `rbd` as they run on a machine, and return it."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("ceph", "rbd"):
            path = folder / name
            path.write_text(f'#!/bin/sh\nexec {" ".join(self.machines[on].within)} /usr/bin/{name} "$@"\n')
            path.chmod(0o755)
        return folder

    def stop(self) -> None:
        """End all of it."""
        for process in self._running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
        for machine in self.machines.values():
            machine.stop()
        self._folder.cleanup()

    def _start_monitor(self) -> None:
        key = self._key("admin")
        self._tool("ceph-authtool", key, "-C", "-g", "-n", "client.admin", *_caps("mon", "osd"))
        monitor = str(self.home / "mon.keyring")
        self._tool("ceph-authtool", monitor, "-C", "-g", "-n", "mon.", *_caps("mon"))
        self._tool("ceph-authtool", monitor, "--import-keyring", key)
        fsid = self.conf.read_text().split()[3]
        at = f"[v2:{NETWORK}.1:{PORTS[0]},v1:{NETWORK}.1:{PORTS[1]}]"
        self._tool("monmaptool", "--create", "--addv", "a", at, "--fsid", fsid, f"{self.home}/monmap")
        known = ("-c", str(self.conf), "-i", "a")
        self._tool("ceph-mon", *known, "--mkfs", "--monmap", f"{self.home}/monmap", "--keyring", monitor)
        self._launch("ceph-mon", *known, "-f")

    def _start_osd(self) -> None:
        uuid, key = str(uuid4()), str(self.home / "osd" / "keyring")
        number = self.admin("ceph", "osd", "new", uuid).strip()
        caps = ("mon", "allow profile osd", "osd", "allow *")
        self.admin("ceph", "auth", "get-or-create", f"osd.{number}", *caps, "-o", key)
        known = ("-c", str(self.conf), "-i", number, "--keyring", key)
        self._tool("ceph-osd", *known, "--mkfs", "--osd-uuid", uuid)
        self._launch("ceph-osd", *known, "-f")
        wait_for(lambda: self.ask("ceph", "osd", "stat")["num_up_osds"] == 1, "the OSD is up")

    def _key(self, name: str) -> str:
        return str(self.home / f"{name}.keyring")

    def _tool(self, *words: str) -> None:
        done = subprocess.run(
            (*self.store.within, *words), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"

    def _launch(self, *words: str) -> None:
        log = (self.home / "log" / f"{words[0]}.out").open("wb")
        with log:
            process = subprocess.Popen(
                (*self.store.within, *words), stdout=log, stderr=log, start_new_session=True
            )
        self._running.append(process)


class Writer:
    """A client that writes."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """It runs."""
        self._process = process
        self._log = log

    def has_written(self) -> bool:
        """Whether it has told of a second in which it wrote (under load it leaves out the first)."""
        assert self._process.poll() is None, self._log.read_text()
        return any(line.strip()[:1].isdigit() for line in self._log.read_text().splitlines())

    def ended(self) -> int | None:
        """Return how it ended; None: it goes on."""
        return self._process.poll()

    def stop_still(self) -> None:
        """Let it stand still, as a machine that hangs."""
        os.killpg(self._process.pid, 19)

    def go_on(self) -> None:
        """Let it go on where it stood."""
        os.killpg(self._process.pid, 18)

    def kill(self) -> None:
        """End it as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()


def wait_for(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Return once it holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not in {seconds:g} s: {what}"
        time.sleep(0.1)


def _caps(*services: str) -> tuple[str, ...]:
    return tuple(word for service in services for word in ("--cap", service, "allow *"))
