"""An agent's watchdog: the device behind its door, the question between neighbours, and a second of its life."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kasugai.adapters.kafka.post import PostFull, Report
from kasugai.adapters.watchdog import (
    CAN_BE_CLOSED,
    GET_SUPPORT,
    GET_TIMEOUT,
    KEEP_ALIVE,
    SET_TIMEOUT,
    Watchdog,
    WatchdogAway,
)
from kasugai.agents.checking import watchdog
from kasugai.agents.sending import Headers
from kasugai.agents.settings.values import AgentPart, AgentSettings, HostPart, WatchdogPart
from kasugai.agents.watchdog.asking import ANSWER, QUESTION, Asking, answer_to, read_answer
from kasugai.agents.watchdog.rule import Rule
from kasugai.agents.watchdog.watch import DogOptions, DogWatch
from kasugai.core.words.lifelines import LEASE, PARTITION, Lifeline
from kasugai.core.words.log import LogAway
from kasugai.core.words.timing import Millis
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import HEARTBEATS
from kasugai.sim.child import free_port
from kasugai.sim.loop import run
from tests.support.scripted_watchdog import ScriptedWatchdog

SEVEN = Millis(7_000)


class Clock:
    """Seconds that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


def opened(device: ScriptedWatchdog, *, software: bool = False) -> Watchdog:
    return Watchdog("/dev/watchdog", SEVEN, software=software, calls=device)


def test_requests_are_numbered_as_linux_does() -> None:
    def numbered(way: int, request: int, size: int) -> int:
        return way << 30 | size << 16 | ord("W") << 8 | request

    assert numbered(2, 0, struct.calcsize("=II32s")) == GET_SUPPORT
    assert (numbered(2, 5, 4), numbered(3, 6, 4), numbered(2, 7, 4)) == (KEEP_ALIVE, SET_TIMEOUT, GET_TIMEOUT)


def test_a_device_counts_by_what_its_driver_says_is_petted_and_stops_when_it_is_closed() -> None:
    clock = Clock()
    device = ScriptedWatchdog(clock)
    dog = opened(device)
    assert (dog.timeout, dog.identity.name, device.timeout) == (7_000, "iTCO_wdt", 7)
    clock.now += 6
    dog.pet()
    clock.now += 6
    assert not device.has_reset
    dog.close()
    clock.now += 60
    assert (device.has_reset, device.is_open) == (False, False)


def test_a_device_that_is_abandoned_counts_on() -> None:
    clock = Clock()
    device = ScriptedWatchdog(clock)
    opened(device).abandon()
    clock.now += 8
    assert device.has_reset


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_there": False}, "see docs/operators/watchdog.md"),
        ({"identity": "Software Watchdog"}, "software = yes"),
        ({"options": 0}, "cannot be stopped"),
        ({"options": CAN_BE_CLOSED}, "resets after 30 s"),
        ({"broken": {GET_SUPPORT}}, "ioctl"),
        ({"broken": {GET_TIMEOUT}}, "ioctl"),
    ],
)
def test_a_device_that_cannot_be_used_is_closed_in_order_and_told(
    changes: dict[str, object], why: str
) -> None:
    device = ScriptedWatchdog(Clock(), **changes)  # type: ignore[arg-type]
    with pytest.raises(WatchdogAway, match=why):
        opened(device)
    assert not device.is_open and device.petted is None
    soft = ScriptedWatchdog(Clock(), identity="Software Watchdog")
    assert opened(soft, software=True).identity.is_software


def test_a_pet_that_is_not_taken_is_told() -> None:
    device = ScriptedWatchdog(Clock())
    dog = opened(device)
    device.broken = {KEEP_ALIVE}
    with pytest.raises(WatchdogAway, match="is not petted"):
        dog.pet()


def test_an_answer_says_one_of_two_words_and_everything_else_is_none() -> None:
    question = QUESTION + bytes(16)
    assert read_answer(answer_to(question, without=True) or b"") == (bytes(16), True)
    assert read_answer(answer_to(question, without=False) or b"") == (bytes(16), False)
    assert answer_to(question + b"x", without=True) is None and answer_to(b"", without=True) is None
    for wrong in (b"", ANSWER, question, ANSWER + bytes(16) + b"?", ANSWER + bytes(17) + b"w"):
        assert read_answer(wrong) is None


async def _between(says: bool, *, listed: bool = True, asks: Callable[[Asking, int], None]) -> list[object]:
    """Return what is heard by who asks at 127.0.0.1, of a neighbour at 127.0.0.2."""
    loop, heard, ports = asyncio.get_running_loop(), list[object](), (free_port(), free_port())
    ours = Asking(lambda: False, lambda *words: heard.append(words))
    theirs = Asking(lambda: says, lambda *_: None)
    theirs.know({"cmp1": ["127.0.0.1"]} if listed else {"cmp3": ["127.0.0.3"]})
    transports = [
        (await loop.create_datagram_endpoint(lambda: ours, local_addr=("127.0.0.1", ports[0])))[0],
        (await loop.create_datagram_endpoint(lambda: theirs, local_addr=("127.0.0.2", ports[1])))[0],
    ]
    asks(ours, ports[1])
    for _ in range(50):
        await asyncio.sleep(0.01)
        if heard:
            break
    for transport in transports:
        transport.close()
    return heard


def test_a_neighbour_answers_over_udp_what_it_was_asked() -> None:
    def ask(asking: Asking, port: int) -> None:
        asking.ask("cmp2", "127.0.0.2", port, 42)

    assert asyncio.run(_between(True, asks=ask)) == [("cmp2", 42, True)]
    assert asyncio.run(_between(False, asks=ask)) == [("cmp2", 42, False)]
    assert asyncio.run(_between(True, listed=False, asks=ask)) == []


def test_an_answer_counts_once_and_from_whom_was_asked() -> None:
    heard: list[object] = []
    asking = Asking(lambda: False, lambda *words: heard.append(words))
    sent: list[bytes] = []

    class Transport(asyncio.DatagramTransport):
        def get_extra_info(self, name: str, default: object = None) -> object:
            return ("::", 9480)

        def is_closing(self) -> bool:
            return False

        def sendto(self, data: object, addr: object = None) -> None:
            assert isinstance(data, bytes)
            sent.append(data)

    asking.connection_made(Transport())
    asking.ask("cmp2", "192.0.2.2", 9480, 1)
    asking.ask("cmp2", "no address", 9480, 1)
    answer = answer_to(sent[0], without=True)
    assert answer is not None and len(sent) == 1
    asking.datagram_received(answer, ("::ffff:192.0.2.3", 9480))
    asking.datagram_received(ANSWER + bytes(16) + b"w", ("::ffff:192.0.2.2", 9480))
    assert heard == []
    asking.datagram_received(answer, ("::ffff:192.0.2.2", 9480))
    asking.datagram_received(answer, ("::ffff:192.0.2.2", 9480))
    assert heard == [("cmp2", 1, True)]


class Lines:
    """Kafka as a list, that acknowledges at once, later, or never."""

    def __init__(self) -> None:
        """Acknowledge at once."""
        self.words: list[Lifeline] = []
        self.is_away = False
        self.is_full = False
        self._reports: list[Report] = []

    def send_to(
        self, partition: int, topic: str, key: str, value: bytes, headers: Headers, report: Report
    ) -> None:
        """Take a record."""
        if self.is_full:
            raise PostFull
        word = decode(value)
        assert isinstance(word, Lifeline) and (partition, topic, key) == (PARTITION, HEARTBEATS, "cmp1")
        assert ("proof", b"x") in headers
        self._reports.append(report)
        if not self.is_away:
            self.words.append(word)

    def serve(self) -> None:
        """Tell reports."""
        if not self.is_away:
            reports, self._reports = self._reports, []
            for report in reports:
                report(None)

    def flush(self, seconds: float) -> None:
        """Wait."""
        self.serve()

    def give_up(self) -> None:
        """Tell that nothing came of what is under way."""
        reports, self._reports = self._reports, []
        for report in reports:
            report(LogAway("too late"))


class Life:
    """A host with a scripted device, second by second."""

    def __init__(self, folder: Path, *, networks: int = 2, peers: str | None = None) -> None:
        """Begin."""
        self.file = folder / "peers"
        self.file.write_text(
            "cmp1 management 127.0.0.1\ncmp1 storage 127.0.1.1\ncmp2 management 127.0.0.2\n"
            if peers is None
            else peers
        )
        self.seconds, self.mail = 100.0, Lines()
        self.device = ScriptedWatchdog(lambda: self.seconds)
        self.rule = Rule(host="cmp1", boot_id="b1", began=self.uptime())
        options = DogOptions(
            device="/dev/watchdog",
            timeout=SEVEN,
            software=False,
            port=9480,
            networks=networks,
            peers=self.file,
            drivers=folder / "class",
        )
        self.watch = DogWatch(
            self.rule,
            options,
            self.mail,
            lambda topic, key, value, headers: (*headers, ("proof", b"x")),
            self.uptime,
            self.device,
        )
        self.watch._read_list()

    def uptime(self) -> Millis:
        return Millis(int(self.seconds * 1_000))

    async def live(self, seconds: int, *, answers: bool = True, without: bool = False) -> "Life":
        """Let seconds pass, in which the neighbour answers."""
        for _ in range(seconds):
            self.seconds += 1
            await asyncio.sleep(1)
            self.watch.turn()
            if answers:
                self.watch._heard("cmp2", self.uptime(), without)
        return self


def told(folder: Path, story: Callable[[Life], Awaitable[None]], **how: object) -> Life:
    """Play a story in virtual time."""
    lives: list[Life] = []

    async def play() -> None:
        lives.append(Life(folder, **how))  # type: ignore[arg-type]
        await story(lives[0])

    run(play())
    return lives[0]


def test_a_host_is_armed_once_kafka_and_a_neighbour_answer_and_lives_on(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.live(1)
        assert life.device.petted is None and "Kafka has had no word" in life.watch.trouble
        await life.live(60)

    life = told(tmp_path, story)
    assert not life.device.has_reset and life.watch.trouble == ""
    first, *_, last = life.mail.words
    assert not first.is_armed and last.is_armed
    assert (last.timeout, last.neighbours, last.enough) == (7_000, ("cmp2",), 1)
    assert last.acknowledged == last.uptime - 1_000 and last.clean_since == 100_000


def test_a_host_without_neighbours_or_with_one_network_is_not_armed(tmp_path: Path) -> None:
    async def alone(life: Life) -> None:
        await life.live(30, answers=False)

    async def along(life: Life) -> None:
        await life.live(30)

    life = told(tmp_path, alone)
    assert life.device.petted is None and "no neighbour answers" in life.watch.trouble
    life = told(tmp_path, along, peers="cmp1 management 127.0.0.1\ncmp2 management 127.0.0.2\n")
    assert life.device.petted is None and "1 networks, and 2 are needed" in life.watch.trouble
    life = told(tmp_path, along, peers="cmp1 management 127.0.0.1\ncmp2 management 127.0.0.2\n", networks=1)
    assert life.device.petted is not None


def test_a_host_that_lost_kafka_alone_is_reset_within_a_lease_and_a_timeout(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.live(30)
        life.mail.is_away = True
        await life.live(LEASE // 1_000)
        assert not life.device.has_reset
        await life.live(9)

    life = told(tmp_path, story)
    assert life.device.has_reset and "not petted any more" in life.watch.trouble


def test_a_host_whose_neighbour_lost_kafka_too_lives_on_and_sends_no_queue(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.live(30)
        life.mail.is_away = True
        await life.live(600, without=True)
        assert not life.device.has_reset and len(life.mail._reports) == 3
        life.mail.give_up()
        life.mail.is_away = False
        await life.live(60)

    assert not told(tmp_path, story).device.has_reset


def test_an_agent_that_ends_in_order_stops_the_device_once_kafka_has_its_word(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.live(30)
        life.watch.end(2.0)
        life.watch.end(2.0)

    life = told(tmp_path, story)
    assert life.device.petted is None and not life.device.is_open and not life.mail.words[-1].is_armed


def test_an_agent_that_ends_while_kafka_is_away_leaves_the_device_counting(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.live(30)
        life.mail.is_away = True
        life.watch.end(2.0)
        life.seconds += 8

    assert told(tmp_path, story).device.has_reset


def test_a_device_that_is_refused_is_tried_again_later(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        life.device.is_there = False
        await life.live(10)
        assert "watchdog.md" in life.watch.trouble
        life.device.is_there = True
        await life.live(40)

    assert told(tmp_path, story).watch.trouble == ""


def test_a_device_that_is_not_petted_and_a_full_queue_are_told(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.live(10)
        life.device.broken = {KEEP_ALIVE}
        await life.live(1)
        assert "is not petted" in life.watch.trouble
        life.device.broken, life.mail.is_full = set(), True
        await life.live(1)

    assert told(tmp_path, story).watch.trouble == ""


def test_a_list_that_is_gone_keeps_what_was_known(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.live(10)
        life.file.unlink()
        await life.live(30)

    life = told(tmp_path, story)
    assert not life.device.has_reset and life.watch.trouble == ""


def test_a_device_that_cannot_be_stopped_is_not_even_opened(tmp_path: Path) -> None:
    driver = tmp_path / "class" / "watchdog0"
    driver.mkdir(parents=True)
    (driver / "nowayout").write_text("1\n")

    async def story(life: Life) -> None:
        await life.live(20)

    life = told(tmp_path, story)
    assert life.device.petted is None and not life.device.has_reset
    assert "cannot be stopped (nowayout)" in life.watch.trouble


def test_the_watch_listens_and_turns_by_itself(tmp_path: Path) -> None:
    async def live() -> Life:
        life = Life(
            tmp_path, peers="cmp1 management 127.0.0.1\ncmp1 storage 127.0.1.1\ncmp2 management 127.0.0.2\n"
        )
        life.watch._options = DogOptions(
            device="/dev/watchdog",
            timeout=SEVEN,
            software=False,
            port=free_port(),
            networks=2,
            peers=life.file,
            listen="127.0.0.1",
            drivers=tmp_path / "class",
        )
        task = asyncio.create_task(life.watch.run())
        for _ in range(500):
            await asyncio.sleep(0 if life.mail.words else 0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return life

    assert asyncio.run(live()).mail.words[0].host == "cmp1"


def test_check_looks_at_files_alone_and_says_what_is_missing(tmp_path: Path) -> None:
    device, drivers, peers = tmp_path / "watchdog", tmp_path / "class", tmp_path / "peers"
    peers.write_text("cmp1 management 127.0.0.1\ncmp1 storage 127.0.1.1\n")
    settings = AgentSettings(
        agent=AgentPart(host="cmp1"),
        host=HostPart(peers_file=str(peers)),
        watchdog=WatchdogPart(enabled=True, device=str(device)),
    )

    def found() -> list[tuple[str, bool]]:
        return [(each.text.replace(str(tmp_path), ""), each.is_wrong) for each in watchdog(settings, drivers)]

    assert found() == [("/watchdog cannot be written: see docs/operators/watchdog.md", True)]
    device.write_text("")
    (drivers / "watchdog0").mkdir(parents=True)
    (drivers / "watchdog0" / "identity").write_text("iTCO_wdt\n")
    well = ("/watchdog is iTCO_wdt; this host is listed on 2 networks, 2 are needed", False)
    assert found() == [well] and device.read_text() == ""
    (drivers / "watchdog0" / "nowayout").write_text("1\n")
    assert found() == [
        ("iTCO_wdt cannot be stopped (nowayout): each end of the agent resets this host", True),
        well,
    ]
    (drivers / "watchdog0" / "nowayout").write_text("0\n")
    (drivers / "watchdog0" / "identity").write_text("Software Watchdog\n")
    assert [wrong for _, wrong in found()] == [True, False]
    peers.write_text("cmp1 management 127.0.0.1\n")
    assert [wrong for _, wrong in found()] == [True, True]
    peers.unlink()
    assert [wrong for _, wrong in found()] == [True]
