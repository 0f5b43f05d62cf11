"""What the cases about guests do to a hypervisor, said to a scripted libvirt and to a real one alike.

A guest is described by what it does once it boots, and by what libvirt is to do then. The scripted one tells the events
and shows the states that a real libvirt 9.0 with QEMU 7.2 did; the cases hold both to the same end.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID, uuid5

from kasugai.agents.instance import words
from kasugai.agents.instance.libvirt_door import LibvirtDoor
from kasugai.agents.instance.options import InstanceOptions, Keepalive, PingOptions
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.ports import Door, Ears, UnreachableError
from kasugai.agents.instance.values import Heard, Patience, Seen
from kasugai.core.words.timing import Millis
from tests.support.libvirt_server import LibvirtServer

CALM = Patience(
    settle=Millis(400),
    standstill=Millis(2_000),
    hang=Millis(2_000),
    quiet=Millis(30_000),  # a daemon that starts ten guests on a busy machine answers late
    repeat=Millis(1_500),
)
HASTY = Patience(
    settle=Millis(30), standstill=Millis(200), hang=Millis(200), quiet=Millis(300), repeat=Millis(300)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A guest that a case wants."""

    does: str = "idles"
    """A word of `libvirt_server.BOOT`."""
    on_crash: str = "destroy"
    on_reboot: str = "restart"
    on_poweroff: str = "destroy"
    watchdog: str = "reset"
    """What libvirt does when its watchdog fires."""
    on_error: str = ""
    """What QEMU does when its disk fails: `report`, `stop`. Empty: its disk is well."""


IDLE = Wanted()


class Hypervisor(Protocol):
    """A daemon with guests; its calls may block for a second."""

    options: InstanceOptions
    """With which it is watched: as short as it bears."""

    def door(self) -> Door:
        """Return the way to it."""
        ...

    def run(self, name: str, wanted: Wanted = IDLE) -> str:
        """Start a guest, anew where it has been before; return its uuid."""
        ...

    def kill_guest(self, name: str) -> None:
        """Its QEMU dies."""
        ...

    def end_guest(self, name: str, how: str) -> None:
        """Its owner has it `destroy`ed, `save`d, `suspend`ed, `resume`d or `undefine`d."""
        ...

    def end_daemon(self) -> None:
        """The daemon ends at once; its guests go on."""
        ...

    def start_daemon(self) -> None:
        """It is started again. Not from a thread that ends: the daemon would end with it."""
        ...

    def hang(self) -> None:
        """The daemon answers nobody."""
        ...

    def go_on(self) -> None:
        """It answers again."""
        ...


class RealHypervisor:
    """libvirtd with QEMU."""

    options = InstanceOptions(
        keepalive=Keepalive(every=1, count=2),
        reopen=Millis(300),
        answer=Millis(1_500),
        look_every=Millis(400),
        patience=CALM,
    )

    def __init__(self, server: LibvirtServer) -> None:
        self._server = server
        self._uuids: dict[str, str] = {}

    def door(self) -> Door:
        return LibvirtDoor(self._server.uri, self.options.keepalive)

    def run(self, name: str, wanted: Wanted = IDLE) -> str:
        ends = ("on_poweroff", "on_reboot", "on_crash")
        settings = "".join(f"<{each}>{getattr(wanted, each)}</{each}>" for each in ends)
        devices = f"<panic model='isa'/><watchdog model='ib700' action='{wanted.watchdog}'/>"
        self._uuids[name] = self._server.run(
            name, wanted.does, settings=settings, devices=devices, on_error=wanted.on_error
        )
        return self._uuids[name]

    def kill_guest(self, name: str) -> None:
        self._server.kill_guest(name)

    def end_guest(self, name: str, how: str) -> None:
        verbs = {"save": "managedSave"}
        getattr(self._server.guest(self._uuids[name]), verbs.get(how, how))()

    def end_daemon(self) -> None:
        self._server.kill()

    def start_daemon(self) -> None:
        self._server.start()

    def hang(self) -> None:
        self._server.pause()

    def go_on(self) -> None:
        self._server.resume()


@dataclass(slots=True)
class _Domain:
    uuid: str
    wanted: Wanted
    state: int = 5
    reason: int = 0
    busy: bool = False
    agent: Answer = Answer.ABSENT
    xml_agent: bool = False


RUNNING, PAUSED, OFF, PANICKED = 1, 3, 5, 6
STARTED, SUSPENDED, RESUMED, STOPPED, SHUTDOWN, CRASHED = 2, 3, 4, 5, 6, 8


@dataclass(slots=True)
class ScriptedHypervisor:
    """libvirt as it was seen to behave."""

    options: InstanceOptions = field(
        default_factory=lambda: InstanceOptions(
            reopen=Millis(20),
            answer=Millis(150),
            look_every=Millis(60),
            patience=HASTY,
            pings=PingOptions(every=Millis(30)),
        )
    )
    domains: dict[str, _Domain] = field(default_factory=dict)
    lines: list["ScriptedLine"] = field(default_factory=list)
    is_up: bool = True
    answers: threading.Event = field(default_factory=threading.Event)
    refuses: str = ""
    """Why no line can be opened to ask agents."""
    opened: list[str] = field(default_factory=list)
    """Which lines were opened."""
    pinged: list[str] = field(default_factory=list)
    """Whose agents were asked."""

    def __post_init__(self) -> None:
        self.answers.set()

    def door(self) -> Door:
        return self

    def watch(self, ears: Ears) -> "ScriptedLine":
        return self._open("watch", ears)

    def ask(self) -> "ScriptedLine":
        if self.refuses:
            raise UnreachableError(self.refuses)
        return self._open("ask", None)

    def run(self, name: str, wanted: Wanted = IDLE) -> str:
        uuid = str(uuid5(UUID(int=2), name))
        old = self.domains.get(name)
        self.domains[name] = domain = replace(old or _Domain(uuid=uuid, wanted=wanted), wanted=wanted)
        self._is(domain, RUNNING, 1)
        self.emit(name, words.lifecycle(uuid, RESUMED, 0), words.lifecycle(uuid, STARTED, 0))
        self._boot(name, domain)
        return uuid

    def kill_guest(self, name: str) -> None:
        self._is(self.domains[name], OFF, 3)
        self._emit(name, (STOPPED, 5))

    def dies_unheard(self, name: str) -> None:
        """Its QEMU dies, and no event tells of it."""
        self._is(self.domains[name], OFF, 3)

    def end_guest(self, name: str, how: str) -> None:
        domain = self.domains[name]
        match how:
            case "destroy":
                self._is(domain, OFF, 2)
                self._emit(name, (SHUTDOWN, 2), (STOPPED, 1))
            case "save":
                self._is(domain, OFF, 5)
                self._emit(name, (SUSPENDED, 0), (STOPPED, 4))
            case "suspend":
                self._is(domain, PAUSED, 1)
                self._emit(name, (SUSPENDED, 0))
            case "resume":
                self._is(domain, RUNNING, 5)
                self._emit(name, (RESUMED, 0))
            case _:
                self._emit(name, (1, 0))
                del self.domains[name]

    def end_daemon(self) -> None:
        self.is_up = False
        for line in self.lines:
            line.lose("the connection is lost: the daemon has ended")
        self.lines.clear()

    def start_daemon(self) -> None:
        for domain in self.domains.values():
            if domain.state == OFF and not domain.busy:
                domain.reason = 0 if domain.reason != 3 else 3
        self.is_up = True

    def hang(self) -> None:
        self.answers.clear()

    def go_on(self) -> None:
        self.answers.set()

    def emit(self, name: str, *events: Heard) -> None:
        """Let everybody who listens hear of it."""
        for line in self.lines if self.is_up else []:
            for event in events:
                line.tell(event)

    def _emit(self, name: str, *numbers: tuple[int, int]) -> None:
        uuid = self.domains[name].uuid
        self.emit(name, *(words.lifecycle(uuid, kind, detail) for kind, detail in numbers))

    def _is(self, domain: _Domain, state: int, reason: int) -> None:
        domain.state, domain.reason = state, reason

    def _boot(self, name: str, domain: _Domain) -> None:
        acts: dict[str, Callable[[str, _Domain], None]] = {
            "panics": self._panics,
            "hangs": self._hangs,
            "powers-off": self._powers_off,
            "reads": self._reads,
            "reboots": self._reboots,
        }
        if domain.wanted.does in acts:
            acts[domain.wanted.does](name, domain)

    def _panics(self, name: str, domain: _Domain) -> None:
        match domain.wanted.on_crash:
            case "preserve":
                self._is(domain, PANICKED, 1)
                self._emit(name, (CRASHED, 0))
            case "restart":
                self._is(domain, RUNNING, 9)
                self._emit(name, (SUSPENDED, 0), (CRASHED, 0))
                self.emit(name, *[Heard(uuid=domain.uuid, event="REBOOT")] * 3)
                self._emit(name, (RESUMED, 0))
            case _:
                self._is(domain, OFF, 3)
                self._emit(name, (CRASHED, 0), (STOPPED, 2))

    def _hangs(self, name: str, domain: _Domain) -> None:
        action = ("none", "pause", "reset", "poweroff", "shutdown").index(domain.wanted.watchdog)
        self.emit(name, words.watchdog(domain.uuid, action))
        match domain.wanted.watchdog:
            case "pause":
                self._is(domain, PAUSED, 6)
                self._emit(name, (SUSPENDED, 3))
            case "poweroff":
                self._is(domain, OFF, 3)
                self._emit(name, (STOPPED, 5))
            case "reset":
                self._reboots(name, domain)
            case _:
                pass

    def _powers_off(self, name: str, domain: _Domain) -> None:
        if domain.wanted.on_poweroff == "restart":
            self._reboots(name, domain)
        else:
            self._is(domain, OFF, 1)
            self._emit(name, (SHUTDOWN, 1), (STOPPED, 0))

    def _reads(self, name: str, domain: _Domain) -> None:
        if domain.wanted.on_error == "stop":
            self._is(domain, PAUSED, 5)
            self.emit(name, words.io_error(domain.uuid, 1))
            self._emit(name, (SUSPENDED, 2))
        else:
            self.emit(name, *[words.io_error(domain.uuid, 2)] * 5)

    def _reboots(self, name: str, domain: _Domain) -> None:
        if domain.wanted.on_reboot == "destroy":
            self._is(domain, OFF, 1)
            self._emit(name, (SHUTDOWN, 1), (STOPPED, 0))
        else:
            self.emit(name, *[Heard(uuid=domain.uuid, event="REBOOT")] * 3)

    def _open(self, what: str, ears: Ears | None) -> "ScriptedLine":
        self.answers.wait()
        if not self.is_up:
            raise UnreachableError("Connection refused")
        self.opened.append(what)
        line = ScriptedLine(self, ears)
        self.lines.append(line)
        return line


class ScriptedLine:
    """One connection to it."""

    def __init__(self, libvirt: ScriptedHypervisor, ears: Ears | None) -> None:
        self._libvirt = libvirt
        self._ears = ears

    def tell(self, event: Heard) -> None:
        if self._ears is not None:
            self._ears.event(event)

    def lose(self, why: str) -> None:
        if self._ears is not None:
            self._ears.lost(why)

    def states(self) -> Sequence[Seen]:
        self._answer()
        return [
            words.seen(each.uuid, each.state, each.reason, busy=each.busy)
            for each in self._libvirt.domains.values()
        ]

    def description(self, uuid: str) -> str:
        self._answer()
        domain = next((each for each in self._libvirt.domains.values() if each.uuid == uuid), None)
        if domain is None:
            return ""
        wanted = domain.wanted
        ends = "".join(
            f"<{each}>{getattr(wanted, each)}</{each}>" for each in ("on_crash", "on_reboot", "on_poweroff")
        )
        agent = "<channel><target name='org.qemu.guest_agent.0'/></channel>" if domain.xml_agent else ""
        return f"<domain>{ends}<devices>{agent}</devices></domain>"

    def ping(self, uuid: str, patience: int) -> Answer:
        if not self._libvirt.is_up:
            return Answer.UNKNOWN
        self._libvirt.pinged.append(uuid)
        domain = next((each for each in self._libvirt.domains.values() if each.uuid == uuid), None)
        return Answer.EXCUSED if domain is None or domain.busy else domain.agent

    def close(self) -> None:
        self._ears = None
        if self in self._libvirt.lines:
            self._libvirt.lines.remove(self)

    def _answer(self) -> None:
        self._libvirt.answers.wait()
        if not self._libvirt.is_up:
            raise UnreachableError("the connection is lost")


async def off_loop(call: Callable[[], object]) -> None:
    """Do what blocks in a thread, so that whoever watches goes on."""
    await asyncio.to_thread(call)
