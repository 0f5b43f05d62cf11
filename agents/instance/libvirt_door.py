"""libvirt behind the port: connections, their events, and libvirt's errors as what they mean here.

Each connection has one dispatcher per event, begins with its keepalive, and is given up where that fails: what has none
would never tell that its daemon hangs. It knows neither guests' lives nor what is said of them.
"""

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import Any, Final

from kasugai.agents.instance import words
from kasugai.agents.instance.binding import NoBindingError, binding
from kasugai.agents.instance.describing import NotAGuestError, description_of
from kasugai.agents.instance.options import Keepalive
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.ports import Ears, Line, UnreachableError
from kasugai.agents.instance.values import Heard, Seen, State

log = logging.getLogger(__name__)

AGENT_UNRESPONSIVE, AGENT_UNSYNCED, AGENT_TIMED_OUT = 86, 97, 110
"""libvirt's codes for an agent that is not connected or does not answer, by its version."""
OPERATION_INVALID, OPERATION_TIMED_OUT, NO_DOMAIN, NOT_CONFIGURED = 55, 68, 42, 74
"""The guest is paused or off; a job holds it; it is gone; it has no agent."""
DENIED: Final = frozenset({29, 45, 79, 88, 94})
"""Operation denied, authentication failed, cancelled or unavailable, access denied."""
PING: Final = json.dumps({"execute": "guest-ping"})

_lock = Lock()
_running: list[Thread] = []


def run_events() -> None:
    """Let libvirt's own event loop run in a thread of this process, once: before the first connection, for callbacks of
    one that was opened earlier would never be called."""
    with _lock:
        if _running:
            return
        libvirt = binding()
        libvirt.virEventRegisterDefaultImpl()
        thread = Thread(target=_run_for_ever, args=(libvirt,), name="libvirt events", daemon=True)
        _running.append(thread)
        thread.start()


def _run_for_ever(libvirt: Any) -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except Exception:
            log.exception("libvirt's event loop stumbled")


class LibvirtDoor:
    """A hypervisor by libvirt's URI."""

    def __init__(self, uri: str, keepalive: Keepalive) -> None:
        """Remember where it is; nothing is opened or loaded yet."""
        self._uri = uri
        self._keepalive = keepalive

    def watch(self, ears: Ears) -> Line:
        """Keep the promise of `ports.Door`."""
        return self._opened("openReadOnly", ears)

    def ask(self) -> Line:
        """Keep the promise of `ports.Door`."""
        return self._opened("open", Ears(event=lambda _: None, lost=lambda _: None))

    def _opened(self, how: str, ears: Ears) -> Line:
        try:
            run_events()
            libvirt = binding()
        except NoBindingError as error:
            raise UnreachableError(str(error)) from None
        try:
            connection = getattr(libvirt, how)(self._uri)
        except libvirt.libvirtError as error:
            raise UnreachableError(f"{self._uri}: {_reason(error)}") from None
        try:
            self._keep_alive(connection)
            return LibvirtLine(connection, ears, is_watching=how == "openReadOnly")
        except libvirt.libvirtError as error:
            with suppress(libvirt.libvirtError):
                connection.close()
            raise UnreachableError(f"{self._uri}: {_reason(error)}") from None

    def _keep_alive(self, connection: Any) -> None:
        if connection.setKeepAlive(self._keepalive.every, self._keepalive.count) != 0:
            with suppress(binding().libvirtError):
                connection.close()
            raise UnreachableError(f"{self._uri}: it knows no keepalive, so that nobody would see it hang")


def _reason(error: Any) -> str:
    """Say in one line what libvirt complains about, and what to type where rights are missing."""
    text = " ".join(str(error).split())
    if error.get_error_code() in DENIED or "Permission denied" in text:
        return f"{text}: let this user in (usermod -aG libvirt USER, or auth_unix_rw in libvirtd.conf)"
    return text


class LibvirtLine:
    """One connection."""

    def __init__(self, connection: Any, ears: Ears, *, is_watching: bool) -> None:
        """Take over an open connection; raises libvirt's error when it cannot be heard."""
        self._libvirt = binding()
        self._connection = connection
        self._ears: Ears | None = ears
        self._callbacks: list[int] = []
        connection.registerCloseCallback(self._lost, None)
        if is_watching:
            for number, callback in self._dispatchers().items():
                self._callbacks.append(connection.domainEventRegisterAny(None, number, callback, None))

    def states(self) -> Sequence[Seen]:
        """Keep the promise of `ports.Line`: one answer shows all, whoever comes or goes meanwhile."""
        libvirt = self._libvirt
        try:
            rows = self._connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0)
        except libvirt.libvirtError as error:
            raise UnreachableError(_reason(error)) from None
        return [self._seen(domain, row) for domain, row in rows]

    def description(self, uuid: str) -> str:
        """Keep the promise of `ports.Line`."""
        libvirt = self._libvirt
        try:
            return str(self._connection.lookupByUUIDString(uuid).XMLDesc(0))
        except libvirt.libvirtError as error:
            if self._is_alive():
                return ""
            raise UnreachableError(_reason(error)) from None

    def ping(self, uuid: str, patience: int) -> Answer:
        """Keep the promise of `ports.Line`."""
        libvirt = self._libvirt
        try:
            domain = self._connection.lookupByUUIDString(uuid)
        except libvirt.libvirtError as error:
            return Answer.EXCUSED if error.get_error_code() == NO_DOMAIN else Answer.UNKNOWN
        try:
            binding("libvirt_qemu").qemuAgentCommand(domain, PING, patience, 0)
        except libvirt.libvirtError as error:
            return self._unanswered(domain, error.get_error_code())
        return Answer.ANSWERED

    def close(self) -> None:
        """Keep the promise of `ports.Line`."""
        self._ears = None
        error = self._libvirt.libvirtError
        for each in self._callbacks:
            with suppress(error):
                self._connection.domainEventDeregisterAny(each)
        for end in (self._connection.unregisterCloseCallback, self._connection.close):
            with suppress(error):
                end()

    def _unanswered(self, domain: Any, code: int) -> Answer:
        """What a ping's failure means is asked of the guest: the same code stands for several things."""
        if code in (OPERATION_INVALID, OPERATION_TIMED_OUT, NO_DOMAIN):
            return Answer.EXCUSED
        if code not in (AGENT_UNRESPONSIVE, AGENT_UNSYNCED, AGENT_TIMED_OUT, NOT_CONFIGURED):
            return Answer.UNKNOWN
        try:
            if not _runs(domain) or _is_busy(domain):
                return Answer.EXCUSED
            is_connected = description_of(domain.XMLDesc(0)).is_agent_connected
            return Answer.SILENT if is_connected else Answer.ABSENT
        except (self._libvirt.libvirtError, NotAGuestError):
            return Answer.UNKNOWN

    def _seen(self, domain: Any, row: dict[str, Any]) -> Seen:
        state, reason = int(row.get("state.state", 0)), int(row.get("state.reason", 0))
        seen = words.seen(domain.UUIDString(), state, reason)
        if seen.state not in (State.PAUSED, State.CRASHED):
            return seen
        with suppress(self._libvirt.libvirtError):
            return words.seen(seen.uuid, state, reason, busy=_is_busy(domain))
        return seen

    def _is_alive(self) -> bool:
        try:
            return bool(self._connection.isAlive())
        except self._libvirt.libvirtError:
            return False

    def _lost(self, _connection: Any, reason: int, _opaque: object) -> None:
        why = {1: "the daemon has ended", 2: "the daemon does not answer", 3: "it was closed"}
        ears = self._ears
        if ears is not None:
            ears.lost(f"the connection is lost: {why.get(reason, 'an error')}")

    def _hear(self, event: Heard) -> None:
        ears = self._ears
        if ears is not None:
            ears.event(event)

    def _dispatchers(self) -> dict[int, Callable[..., None]]:
        """One for each event; libvirt's arguments differ."""
        libvirt, hear = self._libvirt, self._hear

        def plain(event: str) -> Callable[..., None]:
            return lambda _, domain, *rest: hear(Heard(uuid=domain.UUIDString(), event=event))

        return {
            libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: lambda _, domain, kind, detail, *rest: hear(
                words.lifecycle(domain.UUIDString(), kind, detail)
            ),
            libvirt.VIR_DOMAIN_EVENT_ID_REBOOT: plain("REBOOT"),
            libvirt.VIR_DOMAIN_EVENT_ID_WATCHDOG: lambda _, domain, action, *rest: hear(
                words.watchdog(domain.UUIDString(), action)
            ),
            libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR: lambda _, domain, path, alias, action, *rest: hear(
                words.io_error(domain.UUIDString(), action)
            ),
            libvirt.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR: plain("CONTROL_ERROR"),
            libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED: plain("DEVICE_ADDED"),
            libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED: plain("DEVICE_REMOVED"),
            libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE: lambda _, domain, state, *rest: hear(
                words.agent(domain.UUIDString(), state)
            ),
            libvirt.VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE: lambda _, domain, recipient, action, *rest: hear(
                words.memory_failure(domain.UUIDString(), action)
            ),
        }


def _runs(domain: Any) -> bool:
    return int(domain.state(0)[0]) in (1, 2)


def _is_busy(domain: Any) -> bool:
    """Whether a job is under way: libvirt's type of job is none, or says what is."""
    return int(domain.jobInfo()[0]) in (1, 2)
