"""A bus of its own (dbus-daemon) with a scripted systemd and logind on it: the same interfaces, no machine behind them.

It is no systemd: it answers what it is told to, and emits the signals that systemd and logind emit (systemd 252,
org.freedesktop.systemd1(5), org.freedesktop.login1(5)).
"""

import asyncio
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
SYSTEMD, LOGIND = "org.freedesktop.systemd1", "org.freedesktop.login1"
MANAGER = "/org/freedesktop/systemd1"
LOGIN = "/org/freedesktop/login1"


class BusDaemon:
    """A dbus-daemon in a folder."""

    def __init__(self, folder: Path) -> None:
        """Write its configuration."""
        self._socket = folder / "bus"
        self._config = folder / "bus.conf"
        self._config.write_text(CONFIG.format(socket=self._socket))
        self.address = f"unix:path={self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it; it prints its address once it listens."""
        self._process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self._config}", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "dbus-daemon does not start: apt-get install dbus-daemon"
        return self

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None
        self._socket.unlink(missing_ok=True)


class ScriptedSystemd:
    """Both services, on one connection."""

    def __init__(self, connection: DBusConnection) -> None:
        """Answer by `connection`, which owns both names."""
        self._connection = connection
        self.units: dict[str, dict[str, Any]] = {}
        """What each unit says, by its name; others are not found."""
        self.jobs: list[tuple[str, str]] = []
        """(unit, kind) of those that wait or run."""
        self.preparing = False
        self.scheduled = ""
        self.restarted: list[str] = []
        self.restart_refused = False
        self.subscriptions = 0
        self._serving = asyncio.create_task(self._serve())

    @classmethod
    async def on(cls, address: str) -> Self:
        """Take both names on a bus."""
        connection = await open_dbus_connection(address)
        async with DBusRouter(connection) as router:
            for name in (SYSTEMD, LOGIND):
                await Proxy(message_bus, router).RequestName(name)
        return cls(connection)

    async def close(self) -> None:
        """Leave the bus."""
        self._serving.cancel()
        with suppress(asyncio.CancelledError):
            await self._serving
        with suppress(OSError):
            await self._connection.close()

    async def becomes(self, unit: str, **properties: Any) -> None:
        """Change what a unit says, and say that it changed."""
        self.units.setdefault(unit, {"LoadState": "loaded"}).update(properties)
        body = (f"{SYSTEMD}.Unit", {"ActiveState": ("s", self.units[unit].get("ActiveState", ""))}, ["Names"])
        await self._emit(
            _path(unit), "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", body
        )

    async def job(self, unit: str, kind: str = "start") -> None:
        """Begin a job."""
        self.jobs.append((unit, kind))
        body = (len(self.jobs), f"{MANAGER}/job/{len(self.jobs)}", unit)
        await self._emit(MANAGER, f"{SYSTEMD}.Manager", "JobNew", "uos", body)

    async def no_job(self) -> None:
        """End all jobs, as a cancelled shutdown does."""
        jobs, self.jobs = self.jobs, []
        for n, (unit, _) in enumerate(jobs, 1):
            body = (n, f"{MANAGER}/job/{n}", unit, "canceled")
            await self._emit(MANAGER, f"{SYSTEMD}.Manager", "JobRemoved", "uoss", body)

    async def prepare(self, begins: bool, kind: str = "") -> None:
        """Say that the machine is about to go, as logind does."""
        self.preparing, self.scheduled = begins, kind
        await self._emit(LOGIN, f"{LOGIND}.Manager", "PrepareForShutdown", "b", (begins,))

    async def _emit(self, path: str, interface: str, member: str, signature: str, body: Any) -> None:
        await self._connection.send(
            new_signal(DBusAddress(path, interface=interface), member, signature, body)
        )

    async def _serve(self) -> None:
        while True:
            message = await self._connection.receive()
            if message.header.message_type is MessageType.method_call:
                await self._connection.send(self._answer(message))

    def _answer(self, message: Message) -> Message:
        member = message.header.fields[HeaderFields.member]
        match member, message.body:
            case "Subscribe", _:
                self.subscriptions += 1
                return new_method_return(message)
            case "LoadUnit", (unit,):
                return new_method_return(message, "o", (_path(unit),))
            case "RestartUnit", (unit, _):
                return self._restart(message, unit)
            case "ListJobs", _:
                return new_method_return(message, "a(usssoo)", (self._jobs(),))
            case "Get" | "GetAll", _:
                return self._property(message)
            case _:
                return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (str(member),))

    def _restart(self, message: Message, unit: str) -> Message:
        if self.restart_refused:
            name = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
            return new_error(message, name, "s", ("Interactive authentication required.",))
        self.restarted.append(unit)
        return new_method_return(message, "o", (f"{MANAGER}/job/1",))

    def _jobs(self) -> list[tuple[int, str, str, str, str, str]]:
        return [
            (n, unit, kind, "waiting", f"{MANAGER}/job/{n}", _path(unit))
            for n, (unit, kind) in enumerate(self.jobs, 1)
        ]

    def _property(self, message: Message) -> Message:
        match message.body:
            case (_, "PreparingForShutdown"):
                return new_method_return(message, "v", (("b", self.preparing),))
            case (_, "ScheduledShutdown"):
                return new_method_return(message, "v", (("(st)", (self.scheduled, 0)),))
            case (interface,):
                return self._all(message, message.header.fields[HeaderFields.path], interface)
            case _:
                return new_error(message, "org.freedesktop.DBus.Error.UnknownProperty", "s", ("no",))

    def _all(self, message: Message, path: str, interface: str) -> Message:
        said = next(
            (said for unit, said in self.units.items() if _path(unit) == path), {"LoadState": "not-found"}
        )
        names = (
            ("LoadState", "ActiveState", "SubState")
            if interface.endswith(".Unit")
            else ("Result", "NRestarts")
        )
        found = {name: ("u" if name == "NRestarts" else "s", said[name]) for name in names if name in said}
        return new_method_return(message, "a{sv}", (found,))


def _path(unit: str) -> str:
    """Return a unit's object path as systemd writes it."""
    escaped = "".join(char if char.isalnum() else f"_{ord(char):02x}" for char in unit)
    return f"{MANAGER}/unit/{escaped}"
