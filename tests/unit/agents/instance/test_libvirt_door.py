"""libvirt behind the port: what is done with a connection, and what its errors mean."""

import sys

import pytest

from kasugai.agents.instance import libvirt_door
from kasugai.agents.instance.binding import NoBindingError, binding
from kasugai.agents.instance.libvirt_door import LibvirtDoor
from kasugai.agents.instance.options import Keepalive
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.ports import Ears, UnreachableError
from kasugai.agents.instance.values import Heard, Seen, State
from tests.support.fake_libvirt import EVENTS, FakeDomain, FakeError, FakeLibvirt

AGENT = "<domain><devices><channel><target name='org.qemu.guest_agent.0' state='{}'/></channel></devices></domain>"


@pytest.fixture
def libvirt(monkeypatch: pytest.MonkeyPatch) -> FakeLibvirt:
    fake = FakeLibvirt()
    monkeypatch.setattr(libvirt_door, "binding", lambda name="libvirt": fake)
    monkeypatch.setattr(libvirt_door, "run_events", lambda: fake.order.append("events"))
    return fake


@pytest.fixture
def door() -> LibvirtDoor:
    return LibvirtDoor("qemu:///system", Keepalive())


class Ear:
    """Hears all."""

    def __init__(self) -> None:
        self.events: list[Heard] = []
        self.lost: list[str] = []
        self.ears = Ears(event=self.events.append, lost=self.lost.append)


def test_events_run_before_the_connection_and_its_keepalive_comes_first(
    libvirt: FakeLibvirt, door: LibvirtDoor
) -> None:
    door.watch(Ear().ears)
    assert libvirt.order == ["events", "openReadOnly"]
    calls = libvirt.connections[0].calls
    assert calls[:2] == ["setKeepAlive", "registerCloseCallback"]
    assert set(calls[2:]) == {"domainEventRegisterAny"}


def test_each_event_has_one_dispatcher(libvirt: FakeLibvirt, door: LibvirtDoor) -> None:
    door.watch(Ear().ears)
    found = libvirt.connections[0].dispatchers
    assert len(found) == len(EVENTS) and {len(each) for each in found.values()} == {1}


@pytest.mark.parametrize("call", ["setKeepAlive", "registerCloseCallback", "domainEventRegisterAny"])
def test_a_connection_that_would_not_be_heard_is_closed(
    libvirt: FakeLibvirt, door: LibvirtDoor, call: str
) -> None:
    libvirt.raises[call] = FakeError(1, "the event loop was registered too late")
    with pytest.raises(UnreachableError, match="qemu:///system: the event loop was registered too late"):
        door.watch(Ear().ears)
    assert libvirt.connections[0].calls[-1] == "close"


def test_a_connection_that_knows_no_keepalive_is_closed(libvirt: FakeLibvirt, door: LibvirtDoor) -> None:
    libvirt.keepalive = 1
    with pytest.raises(UnreachableError, match="nobody would see it hang"):
        door.watch(Ear().ears)
    assert libvirt.connections[0].calls[-1] == "close"


@pytest.mark.parametrize(
    "error",
    [
        FakeError(45, "authentication failed:\nno SASL mechanism"),
        FakeError(38, "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied"),
    ],
)
def test_missing_rights_are_one_line_that_says_what_to_type(
    libvirt: FakeLibvirt, door: LibvirtDoor, error: FakeError
) -> None:
    libvirt.raises["open"] = error
    with pytest.raises(UnreachableError, match="usermod -aG libvirt") as told:
        door.ask()
    assert "\n" not in str(told.value)


def test_a_daemon_that_is_not_there_is_no_question_of_rights(libvirt: FakeLibvirt, door: LibvirtDoor) -> None:
    libvirt.raises["openReadOnly"] = FakeError(38, "Failed to connect socket: No such file or directory")
    with pytest.raises(UnreachableError, match=r"No such file or directory$"):
        door.watch(Ear().ears)


def test_a_line_for_questions_hears_of_nothing(libvirt: FakeLibvirt, door: LibvirtDoor) -> None:
    door.ask()
    assert libvirt.order[-1] == "open" and libvirt.connections[0].dispatchers == {}
    libvirt.connections[0].on_close(None, 1, None)


def test_what_libvirt_tells_is_heard_in_words_until_the_line_is_closed(
    libvirt: FakeLibvirt, door: LibvirtDoor
) -> None:
    ear, guest = Ear(), FakeDomain("a")
    line = door.watch(ear.ears)
    connection = libvirt.connections[0]
    rest = {"LIFECYCLE": (5, 5), "WATCHDOG": (1,), "IO_ERROR": ("/x", "vda", 2), "AGENT_LIFECYCLE": (2, 0)}
    rest["MEMORY_FAILURE"] = (0, 2, 0)
    for number, name in enumerate(EVENTS):
        connection.dispatchers[number][0](connection, guest, *rest.get(name, ()), None)
    assert [(event.event, event.detail) for event in ear.events] == [
        ("LIFECYCLE", "STOPPED_FAILED"),
        ("REBOOT", "UNKNOWN"),
        ("WATCHDOG", "WATCHDOG_PAUSE"),
        ("IO_ERROR", "IO_ERROR_REPORT"),
        ("CONTROL_ERROR", "UNKNOWN"),
        ("DEVICE_ADDED", "UNKNOWN"),
        ("DEVICE_REMOVED", "UNKNOWN"),
        ("AGENT_LIFECYCLE", "AGENT_DISCONNECTED"),
        ("MEMORY_FAILURE", "MEMORY_FAILURE_FATAL"),
    ]
    connection.on_close(connection, 2, None)
    assert ear.lost == ["the connection is lost: the daemon does not answer"]
    line.close()
    connection.on_close(connection, 1, None)
    connection.dispatchers[0][0](connection, guest, 5, 5, None)
    assert len(ear.events) == 9 and len(ear.lost) == 1
    assert connection.calls.count("domainEventDeregisterAny") == 9
    assert connection.calls[-2:] == ["unregisterCloseCallback", "close"]


def test_a_line_is_closed_also_where_the_daemon_is_gone(libvirt: FakeLibvirt, door: LibvirtDoor) -> None:
    line = door.watch(Ear().ears)
    libvirt.raises = dict.fromkeys(
        ("domainEventDeregisterAny", "unregisterCloseCallback", "close"),
        FakeError(1, "client socket is closed"),
    )
    line.close()
    assert libvirt.connections[0].calls[-1] == "close"


def test_all_states_come_in_one_answer_and_jobs_of_those_that_stand_still(
    libvirt: FakeLibvirt, door: LibvirtDoor
) -> None:
    runs, dumps, dead = (FakeDomain(name) for name in ("runs", "dumps", "dead"))
    dumps.now, dumps.job, dead.now, runs.job = (3, 6), 2, (5, 3), 2
    libvirt.domains = [runs, dumps, dead]
    assert door.watch(Ear().ears).states() == [
        Seen(uuid="runs", state=State.RUNNING),
        Seen(uuid="dumps", state=State.PAUSED, reason="WATCHDOG", busy=True),
        Seen(uuid="dead", state=State.OFF, reason="CRASHED"),
    ]


def test_what_cannot_be_asked_is_unreachable_and_what_is_gone_is_nothing(
    libvirt: FakeLibvirt, door: LibvirtDoor
) -> None:
    line = door.watch(Ear().ears)
    libvirt.on_isAlive = lambda _: 1
    assert line.description("nobody") == ""
    libvirt.on_isAlive = lambda _: 0
    libvirt.raises["getAllDomainStats"] = FakeError(38, "Cannot recv data")
    for ask in (line.states, lambda: line.description("nobody")):
        with pytest.raises(UnreachableError):
            ask()


@pytest.mark.parametrize(
    ("code", "now", "channel", "answer"),
    [
        (86, (1, 0), "connected", Answer.SILENT),
        (97, (1, 0), "connected", Answer.SILENT),
        (110, (1, 0), "connected", Answer.SILENT),
        (86, (1, 0), "disconnected", Answer.ABSENT),
        (74, (1, 0), "disconnected", Answer.ABSENT),
        (86, (3, 0), "connected", Answer.EXCUSED),
        (86, (1, 2), "connected", Answer.EXCUSED),
        (55, (3, 0), "connected", Answer.EXCUSED),
        (68, (1, 0), "connected", Answer.EXCUSED),
        (42, (1, 0), "connected", Answer.EXCUSED),
        (38, (1, 0), "connected", Answer.UNKNOWN),
        (29, (1, 0), "connected", Answer.UNKNOWN),
    ],
)
def test_what_an_unanswered_ping_means(
    libvirt: FakeLibvirt, door: LibvirtDoor, code: int, now: tuple[int, int], channel: str, answer: Answer
) -> None:
    """`now`: the guest's state and its job."""
    guest = FakeDomain("a")
    guest.now, guest.job, guest.xml, guest.pong = (now[0], 0), now[1], AGENT.format(channel), FakeError(code)
    libvirt.domains = [guest]
    assert door.ask().ping("a", 2) is answer


def test_a_ping_that_is_answered_and_one_of_a_guest_that_is_gone(
    libvirt: FakeLibvirt, door: LibvirtDoor
) -> None:
    libvirt.domains = [FakeDomain("a")]
    line = door.ask()
    assert (line.ping("a", 2), line.ping("b", 2)) == (Answer.ANSWERED, Answer.EXCUSED)
    libvirt.raises["lookupByUUIDString"] = FakeError(38, "Cannot recv data")
    assert line.ping("a", 2) is Answer.UNKNOWN


def test_without_the_binding_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    binding.cache_clear()
    try:
        with pytest.raises(NoBindingError, match=r"pip install 'kasugai\[agent-libvirt\]'"):
            binding()
        with pytest.raises(UnreachableError, match="is not installed"):
            LibvirtDoor("qemu:///system", Keepalive()).watch(Ear().ears)
    finally:
        binding.cache_clear()
