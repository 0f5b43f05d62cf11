"""A real libvirtd with QEMU (TCG, no KVM) for tests: without rights, in a folder of its own, and guests without an OS.

A guest is a machine whose disk holds a boot sector of a few bytes: it idles, panics, lets its watchdog fire or switches
itself off. Guests outlive their daemon, as on a hypervisor; they end with the server at the latest.
"""

import json
import os
import pwd
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID, uuid5

from kasugai.agents.instance.binding import binding
from kasugai.sim.child import Child

OUTSIDE = "nobody"
"""Whom it runs as where the tests run as root: a privileged libvirtd would be the machine's."""

BOOT = MappingProxyType(
    {
        "idles": "f4 eb fd",  # hlt; jmp
        "panics": "ba 05 05 b0 01 ee f4 eb fd",  # out 0x505, 1: pvpanic's port
        "hangs": "ba 43 04 b0 0f ee f4 eb fd",  # out 0x443, 15: the ib700 watchdog, at once
        "powers-off": "ba 04 06 b8 00 20 ef f4 eb fd",  # outw 0x604, S5: ACPI's soft-off
        "reads": "31 c0 8e d8 be 11 7c b4 42 b2 80 cd 13 fb f4 eb f3 10 00 01 00 00 80 00 00 05 00 00 00 00 00 00 00",
        "reboots": "ba f9 0c b0 06 ee f4 eb fd",  # out 0xcf9, 6: a hard reset
    }
)
"""What a guest does once its firmware has begun to boot, as machine code of a boot sector."""

BAD = 5
"""The sector that `reads` asks the BIOS for, again and again."""

GUEST = """
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>{settings}
<devices><controller type='usb' model='none'/><memballoon model='none'/>{devices}</devices>{more}</domain>
"""
DISK = """
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'/><target dev='hda'/></disk>
"""
FAILING = """
<qemu:commandline><qemu:arg value='-blockdev'/><qemu:arg value='{blockdev}'/>
<qemu:arg value='-device'/><qemu:arg value='ide-hd,drive=bad,bootindex=1,rerror={on_error}'/></qemu:commandline>
"""
"""A disk of which one sector cannot be read; libvirt itself knows no such thing."""


class LibvirtServer:
    """The daemon, and what the tests do to it and to its guests."""

    def __init__(self, name: str = "a") -> None:
        """Lay out its folder, whose name is short: sockets have at most 107 letters."""
        self.name = name
        self._root = Path(mkdtemp(prefix=f"kv{name}", dir="/tmp"))
        for each in ("libvirt", "home", "cfg/libvirt", "disks"):
            (self._root / each).mkdir(parents=True)
        uuid = uuid5(UUID(int=0), f"host {name}")
        (self._root / "libvirtd.conf").write_text(
            f'unix_sock_dir = "{self._root}/libvirt"\nhost_uuid = "{uuid}"\n'
            'auth_unix_rw = "none"\nauth_unix_ro = "none"\n'
        )
        (self._root / "cfg/libvirt/qemu.conf").write_text(
            'stdio_handler = "file"\nsecurity_driver = "none"\n'
        )
        self._child = Child([*self._outside(), *self._command()], log=self._root / "log")
        self._connection: Any = None

    @property
    def uri(self) -> str:
        """Where it is reached."""
        return f"qemu+unix:///session?socket={self._root}/libvirt/libvirt-sock"

    def start(self) -> Self:
        """Start the daemon and wait until it answers."""
        self._child.start(self._answers)
        return self

    def kill(self) -> None:
        """End the daemon as a power cut would; its guests go on."""
        self._disconnect()
        self._child.kill()
        for pidfile in self._root.rglob("libvirtd.pid"):
            pidfile.unlink()

    def pause(self) -> None:
        """Let the daemon hang."""
        self._child.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._child.resume()

    def stop(self) -> None:
        """End guests and daemon, and remove the folder."""
        self._disconnect()
        self._child.stop()
        self._kill_guests()
        shutil.rmtree(self._root, ignore_errors=True)

    def forget(self) -> None:
        """End all guests at once (libvirt takes its time to end one), and have libvirt forget them."""
        for domain in self.connection.listAllDomains():
            domain.undefineFlags(binding().VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
        self._kill_guests()
        until(lambda: self.connection.numOfDomains() == 0)

    def run(
        self, name: str, does: str = "idles", *, settings: str = "", devices: str = "", on_error: str = ""
    ) -> str:
        """Define and start a guest; return its uuid. `on_error`: its disk fails, and QEMU does this about it."""
        uuid = str(uuid5(UUID(int=1), name))
        disk = self._root / "disks" / name
        disk.write_bytes(bytes.fromhex(BOOT[does]).ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
        disk.chmod(0o666)
        more = _failing(disk, on_error) if on_error else ""
        devices += "" if on_error else DISK.format(disk=disk)
        text = GUEST.format(name=name, uuid=uuid, settings=settings, devices=devices, more=more)
        self.connection.defineXML(text).create()
        return uuid

    def guest(self, uuid: str) -> Any:
        """Return libvirt's own object."""
        return self.connection.lookupByUUIDString(uuid)

    def pid(self, name: str) -> int:
        """Return the process id of a guest's QEMU."""
        return int((self._root / "libvirt/qemu/run" / f"{name}.pid").read_text())

    def kill_guest(self, name: str) -> None:
        """End a guest's QEMU with SIGKILL."""
        os.kill(self.pid(name), signal.SIGKILL)

    def _kill_guests(self) -> None:
        for pidfile in self._root.glob("libvirt/qemu/run/*.pid"):
            if pidfile.stem == "driver":  # the daemon itself
                continue
            with suppress(OSError, ValueError):
                os.kill(int(pidfile.read_text()), signal.SIGKILL)

    @property
    def connection(self) -> Any:
        """A connection of the tests' own."""
        if self._connection is None:
            self._connection = binding().open(self.uri)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(binding().libvirtError):
                connection.close()

    def _answers(self) -> bool:
        if not (self._root / "libvirt/libvirt-sock").exists():
            return False
        with suppress(binding().libvirtError):
            binding().open(self.uri).close()
            return True
        return False

    def _command(self) -> list[str]:
        root = self._root
        homes = [f"HOME={root}/home", f"XDG_RUNTIME_DIR={root}", f"XDG_CONFIG_HOME={root}/cfg"]
        path = shutil.which("libvirtd") or "/usr/sbin/libvirtd"
        return ["env", *homes, f"XDG_CACHE_HOME={root}/cache", path, "-f", f"{root}/libvirtd.conf"]

    def _outside(self) -> list[str]:
        if os.getuid() != 0:
            return []
        user = pwd.getpwnam(OUTSIDE)
        for each in (self._root, *self._root.rglob("*")):
            os.chown(each, user.pw_uid, user.pw_gid)
        ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return ["setpriv", *ids, "--pdeathsig", "KILL"]


def _failing(disk: Path, on_error: str) -> str:
    error = [{"event": "none", "iotype": "read", "errno": 5, "sector": BAD, "once": False}]
    image = {"driver": "file", "filename": str(disk)}
    blockdev = {"driver": "blkdebug", "node-name": "bad", "image": image, "inject-error": error}
    return FAILING.format(blockdev=json.dumps(blockdev).replace("'", "&apos;"), on_error=on_error)


def until(holds: Callable[[], bool], within: float = 90.0) -> None:
    """Wait until a condition holds; AssertionError when it does not."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"it does not hold within {within:.0f} s"
        time.sleep(0.05)


@contextmanager
def libvirt_server(name: str = "a") -> Iterator[LibvirtServer]:
    """A server from start to stop."""
    server = LibvirtServer(name)
    try:
        yield server.start()
    finally:
        server.stop()
