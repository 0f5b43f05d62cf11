"""What systemd says of its units and of the machine's own end: read in full, and again whenever it says that something
changed.

It reads levels: a signal says only that it is time to look. Names of interfaces and properties are those of
org.freedesktop.systemd1(5) and org.freedesktop.login1(5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from jeepney import DBusAddress, Message

from kasugai.adapters.systemd.bus import Bus, Refused

SYSTEMD: Final = "org.freedesktop.systemd1"
LOGIND: Final = "org.freedesktop.login1"
DBUS: Final = "org.freedesktop.DBus"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
MANAGER: Final = DBusAddress("/org/freedesktop/systemd1", SYSTEMD, f"{SYSTEMD}.Manager")
LOGIN_PROPERTIES: Final = DBusAddress("/org/freedesktop/login1", LOGIND, PROPERTIES)

GOING: Final = {
    "reboot.target": "reboot",
    "soft-reboot.target": "reboot",
    "kexec.target": "reboot",
    "poweroff.target": "shutdown",
    "halt.target": "shutdown",
    "shutdown.target": "shutdown",
}
"""What a job of systemd for one of these units says of the machine. shutdown.target is part of each of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service as systemd sees it."""

    load_state: str
    """`loaded`, `not-found`, `masked`, `error`, `bad-setting`."""
    active_state: str = ""
    """`active`, `reloading`, `activating`, `deactivating`, `inactive`, `failed`."""
    sub_state: str = ""
    """`running`, `exited`, `auto-restart`, `dead`, ..."""
    result: str = ""
    """Of a service's last end: `success`, `exit-code`, `signal`, `oom-kill`, `watchdog`, `start-limit-hit`, ..."""
    restarts: int = 0
    """How often systemd has restarted it by itself since somebody started it."""


class Units:
    """Units by their names."""

    def __init__(self, bus: Bus) -> None:
        """Ask by `bus`."""
        self._bus = bus

    async def subscribe(self) -> None:
        """Ask systemd to say when units and jobs change."""
        await self._bus.call(MANAGER, "Subscribe")

    async def path_of(self, unit: str) -> str:
        """Return the object of a unit, which systemd loads if need be."""
        (path,) = await self._bus.call(MANAGER, "LoadUnit", "s", unit)
        return str(path)

    async def read(self, path: str) -> Unit:
        """Return what a unit's object says now."""
        said = await self._all(path, f"{SYSTEMD}.Unit")
        service = await self._service(path) if said.get("LoadState") == "loaded" else {}
        return Unit(
            load_state=str(said.get("LoadState", "")),
            active_state=str(said.get("ActiveState", "")),
            sub_state=str(said.get("SubState", "")),
            result=str(service.get("Result", "")),
            restarts=int(service.get("NRestarts", 0)),
        )

    async def on_change(self, path: str, changed: Callable[[], None]) -> None:
        """Let `changed` be called whenever a property of a unit's object changes."""
        await self._bus.hear(
            lambda _: changed(), sender=SYSTEMD, interface=PROPERTIES, member="PropertiesChanged", path=path
        )

    async def on_new_manager(self, changed: Callable[[], None]) -> None:
        """Let `changed` be called when systemd has come back to the bus: who subscribed is forgotten then."""
        await self._bus.hear(
            lambda _: changed(), sender=DBUS, interface=DBUS, member="NameOwnerChanged", first=SYSTEMD
        )

    async def restart(self, unit: str) -> None:
        """Ask systemd to restart a unit; raise Refused when it, or polkit, does not."""
        await self._bus.call(MANAGER, "RestartUnit", "ss", unit, "replace")

    async def _service(self, path: str) -> dict[str, Any]:
        """What is no service (a target, a socket) has no such interface."""
        try:
            return await self._all(path, f"{SYSTEMD}.Service")
        except Refused:
            return {}

    async def _all(self, path: str, interface: str) -> dict[str, Any]:
        (found,) = await self._bus.call(DBusAddress(path, SYSTEMD, PROPERTIES), "GetAll", "s", interface)
        return {name: value for name, (_, value) in found.items()}


async def going(bus: Bus) -> str:
    """Return `reboot` or `shutdown` when the machine is on its way there, by systemd's jobs; else nothing."""
    (jobs,) = await bus.call(MANAGER, "ListJobs")
    wanted = {GOING[unit] for _, unit, kind, *_ in jobs if unit in GOING and kind == "start"}
    return "reboot" if "reboot" in wanted else "".join(sorted(wanted))


async def on_going(bus: Bus, changed: Callable[[], None]) -> None:
    """Let `changed` be called when jobs of the machine's end come or go."""

    def heard(message: Message) -> None:
        if message.body[2] in GOING:
            changed()

    for member in ("JobNew", "JobRemoved"):
        await bus.hear(heard, sender=SYSTEMD, interface=f"{SYSTEMD}.Manager", member=member)


async def preparing(bus: Bus) -> bool:
    """Return whether logind says that the machine is about to go: who may delay that is asked to be quick now."""
    return bool(await _of_logind(bus, "PreparingForShutdown"))


async def on_prepare(bus: Bus, changed: Callable[[], None]) -> None:
    """Let `changed` be called when logind says that the machine is about to go, or that it is not after all."""
    await bus.hear(
        lambda _: changed(), sender=LOGIND, interface=f"{LOGIND}.Manager", member="PrepareForShutdown"
    )


async def scheduled(bus: Bus) -> str:
    """Return what logind shall do at a set time (`shutdown -r +5`): `reboot`, `poweroff`, ...; else nothing."""
    kind, _ = await _of_logind(bus, "ScheduledShutdown")
    return str(kind)


async def _of_logind(bus: Bus, name: str) -> Any:
    (value,) = await bus.call(LOGIN_PROPERTIES, "Get", "ss", f"{LOGIND}.Manager", name)
    return value[1]
