"""libvirt's binding for Python as a module of the test's own: what is called of it, in which order, and what it raises.

It behaves as the real one where the door depends on it; what the real one does is held by tests/integration.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class FakeError(Exception):
    """libvirt's error, with its code."""

    def __init__(self, code: int, text: str = "it failed") -> None:
        super().__init__(text)
        self._code = code

    def get_error_code(self) -> int:
        return self._code


class FakeDomain:
    """A guest: its state, its job and its XML."""

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid
        self.now: tuple[int, int] = (1, 0)
        self.job = 0
        self.xml = "<domain/>"
        self.pong: Exception | None = None

    def UUIDString(self) -> str:
        return self.uuid

    def XMLDesc(self, flags: int) -> str:
        return self.xml

    def state(self, flags: int) -> list[int]:
        return list(self.now)

    def jobInfo(self) -> list[int]:
        return [self.job, 0]


class FakeConnection:
    """A connection; `calls` is what was done with it, in order."""

    def __init__(self, libvirt: "FakeLibvirt") -> None:
        self._libvirt = libvirt
        self.calls: list[str] = []
        self.dispatchers: dict[int, list[Callable[..., None]]] = {}
        self.on_close: Any = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.calls.append(name)
            error = self._libvirt.raises.get(name)
            if error is not None:
                raise error
            return getattr(self._libvirt, f"on_{name}", lambda *_: 0)(self, *args)

        return call


EVENTS = (
    "LIFECYCLE",
    "REBOOT",
    "WATCHDOG",
    "IO_ERROR",
    "CONTROL_ERROR",
    "DEVICE_ADDED",
    "DEVICE_REMOVED",
    "AGENT_LIFECYCLE",
    "MEMORY_FAILURE",
)
"""The events that there are; a number each, by their order."""


class FakeLibvirt(SimpleNamespace):
    """The module."""

    libvirtError = FakeError
    VIR_DOMAIN_STATS_STATE = 1

    def __init__(self) -> None:
        super().__init__()
        self.raises: dict[str, Exception] = {}
        self.order: list[str] = []
        self.connections: list[FakeConnection] = []
        self.domains: list[FakeDomain] = []
        self.keepalive = 0
        for number, name in enumerate(EVENTS):
            setattr(self, f"VIR_DOMAIN_EVENT_ID_{name}", number)

    def openReadOnly(self, uri: str) -> FakeConnection:
        return self._open("openReadOnly")

    def open(self, uri: str) -> FakeConnection:
        return self._open("open")

    def qemuAgentCommand(self, domain: FakeDomain, command: str, timeout: int, flags: int) -> str:
        if domain.pong is not None:
            raise domain.pong
        return "{}"

    def on_setKeepAlive(self, connection: FakeConnection, every: int, count: int) -> int:
        return self.keepalive

    def on_domainEventRegisterAny(
        self,
        connection: FakeConnection,
        domain: None,
        number: int,
        callback: Callable[..., None],
        opaque: None,
    ) -> int:
        connection.dispatchers.setdefault(number, []).append(callback)
        return number

    def on_registerCloseCallback(self, connection: FakeConnection, callback: Any, opaque: None) -> int:
        connection.on_close = callback
        return 0

    def on_getAllDomainStats(self, connection: FakeConnection, what: int, flags: int) -> list[Any]:
        return [(each, {"state.state": each.now[0], "state.reason": each.now[1]}) for each in self.domains]

    def on_lookupByUUIDString(self, connection: FakeConnection, uuid: str) -> FakeDomain:
        for each in self.domains:
            if each.uuid == uuid:
                return each
        raise FakeError(42, "Domain not found")

    def _open(self, how: str) -> FakeConnection:
        self.order.append(how)
        if how in self.raises:
            raise self.raises[how]
        self.connections.append(FakeConnection(self))
        return self.connections[-1]
