"""Beats: one a second, with what is seen, and how late the loop is; while Kafka is away; watches side by side."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from kasugai.adapters.kafka.post import PostFull, Report
from kasugai.adapters.outbox import Outbox
from kasugai.agents.beating import UNDER_WAY, Guests, Heart
from kasugai.agents.joining import Joint
from kasugai.agents.sending import Sender
from kasugai.agents.store import Store
from kasugai.agents.telling import Teller
from kasugai.agents.tending import FIRST_PAUSE, Tending
from kasugai.core.words.heartbeats import Beat, DiskCount, Leave, Link
from kasugai.core.words.log import LogAway
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.subject import Subject, host_subject, process_subject
from kasugai.core.words.timing import Instant, Millis
from kasugai.schemas.codec import decode
from kasugai.sim.loop import run


class Broker:
    def __init__(self) -> None:
        self.beats: list[tuple[float, Beat]] = []
        self.topics: list[tuple[str, str]] = []
        self.is_away = self.is_full = False
        self.reports: list[Report] = []

    def send(
        self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]], report: Report
    ) -> None:
        if self.is_full:
            raise PostFull
        beat = decode(value)
        assert isinstance(beat, Beat) and dict(headers)["kasugai-schema"].startswith(b"Beat/")
        self.beats.append((asyncio.get_running_loop().time(), beat))
        self.topics.append((topic, key))
        self.reports.append(report)

    def serve(self) -> None:
        if not self.is_away:
            self.tell(None)

    def tell(self, found: LogAway | None) -> None:
        reports, self.reports = self.reports, []
        for report in reports:
            report(found)


class Clocks:
    def uptime(self) -> Millis:
        return Millis(round(asyncio.get_running_loop().time() * 1000))

    def now(self) -> Instant:
        return 1_795_000_000_000


class Sights:
    def __init__(self) -> None:
        self.going = Leave.STAYS

    def leave(self) -> Leave:
        return self.going

    def links(self) -> tuple[Link, ...]:
        return (Link(network="management", asked=4, reached=3),)

    def guests(self) -> Guests:
        return Guests(2, (DiskCount(disk="rbd", guests=2),))


def heart_of(broker: Broker, sights: Sights, folder: Path) -> Heart:
    store = Store(lambda: Outbox(folder / "outbox.sqlite", 100))
    return Heart(
        host="cmp1",
        boot_id="boot",
        version="1",
        every=Millis(1_000),
        clocks=Clocks(),
        mail=broker,
        sender=Sender(store, broker, None),
        sights=sights,
    )


def test_a_beat_comes_once_a_second_and_says_what_is_seen(tmp_path: Path) -> None:
    broker, sights = Broker(), Sights()
    heart = heart_of(broker, sights, tmp_path)

    async def story() -> None:
        task = asyncio.create_task(heart.run())
        await asyncio.sleep(3.5)
        task.cancel()

    run(story())
    assert [round(at, 2) for at, _ in broker.beats] == [0, 1, 2, 3]
    assert set(broker.topics) == {("kasugai.heartbeats", "cmp1")} and heart.delivered == 3
    assert broker.beats[1][1] == Beat(
        host="cmp1",
        boot_id="boot",
        uptime=Millis(1_000),
        every=Millis(1_000),
        late=Millis(0),
        links=sights.links(),
        guests=2,
        disks=sights.guests().disks,
        version="1",
        sent_at=1_795_000_000_000,
    )


def test_a_loop_that_was_held_up_is_seen_in_the_next_beat_and_beats_do_not_pile_up(tmp_path: Path) -> None:
    broker = Broker()
    heart = heart_of(broker, Sights(), tmp_path)

    async def story() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(heart.run())
        await asyncio.sleep(1.5)
        loop._now += 5.2  # type: ignore[attr-defined]  # a call that blocks for so long
        await asyncio.sleep(2.5)
        task.cancel()

    run(story())
    assert [beat.late for _, beat in broker.beats] == [0, 0, 4_700, 0, 0]
    assert [round(at, 1) for at, _ in broker.beats] == [0, 1, 6.7, 7.7, 8.7]


def test_what_is_to_be_said_at_once_is(tmp_path: Path) -> None:
    broker, sights = Broker(), Sights()
    heart = heart_of(broker, sights, tmp_path)

    async def story() -> None:
        task = asyncio.create_task(heart.run())
        await asyncio.sleep(1.3)
        sights.going = Leave.REBOOT
        heart.beat_now()
        await asyncio.sleep(1.2)
        task.cancel()

    run(story())
    assert [(round(at, 1), str(beat.leave)) for at, beat in broker.beats] == [
        (0, "stays"),
        (1, "stays"),
        (1.3, "reboot"),
        (2.3, "reboot"),
    ]
    assert all(beat.late == 0 for _, beat in broker.beats)


def test_while_kafka_is_away_few_beats_wait_and_then_they_go_on(tmp_path: Path) -> None:
    broker = Broker()
    heart = heart_of(broker, Sights(), tmp_path)

    async def story() -> None:
        task = asyncio.create_task(heart.run())
        broker.is_away = True
        await asyncio.sleep(60)
        assert len(broker.beats) == UNDER_WAY
        broker.tell(LogAway("timed out"))
        assert heart.trouble == "timed out"
        broker.is_away = False
        await asyncio.sleep(2)
        assert len(broker.beats) == UNDER_WAY + 2 and heart.trouble == ""
        broker.is_full = True
        await asyncio.sleep(2)
        assert heart.trouble == "Kafka takes no records: too many are under way"
        task.cancel()

    run(story())


class Watch:
    def __init__(self, name: str, lives: list[float | Exception]) -> None:
        self.name, self.trouble = name, ""
        self.lives, self.begun = lives, list[float]()

    async def run(self) -> None:
        self.begun.append(asyncio.get_running_loop().time())
        life = self.lives.pop(0) if self.lives else 10**6
        if isinstance(life, Exception):
            raise life
        await asyncio.sleep(life)


def test_a_watch_that_ends_or_fails_is_begun_again_and_others_do_not_notice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, bad = Watch("good", []), Watch("bad", [RuntimeError("oops"), 0.5, 200.0])
    tending = Tending([good, bad])

    async def story() -> None:
        task = asyncio.create_task(tending.run())
        await asyncio.sleep(0.1)
        assert "RuntimeError: oops" in tending.all[1].trouble and tending.all[0].trouble == ""
        await asyncio.sleep(400)
        assert tending.all[1].trouble == ""
        task.cancel()

    run(story())
    pause = FIRST_PAUSE
    assert good.begun == [0] and bad.begun == [0, pause, 3 * pause + 0.5, 4 * pause + 200.5]
    assert "bad failed" in caplog.text


def test_trouble_is_told_once_each_time_that_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch("eyes", [])
    tending = Tending([watch])
    with caplog.at_level(logging.INFO):
        for trouble in ("", "dark", "dark", "foggy", "", ""):
            watch.trouble = trouble
            tending.tell()
    assert [record.getMessage() for record in caplog.records] == [
        "eyes: dark",
        "eyes: foggy",
        "eyes sees again",
    ]


def test_two_watches_of_one_agent_are_one_witness() -> None:
    said: list[tuple[str, bool]] = []

    class Voice:
        def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
            said.append((f"{subject} {symptom} {seen}", again))

    joint, host = Joint(Voice()), host_subject("cmp2")
    peers, cluster = joint.voice("peers"), joint.voice("cluster")
    peers.say(host, Symptom.CLEAR, seen="0")
    peers.say(host, Symptom.DOWN, seen="1")
    cluster.say(host, Symptom.DOWN, seen="2")
    peers.say(host, Symptom.CLEAR, seen="3")
    cluster.say(host, Symptom.DOWN, again=True, seen="4")
    cluster.say(host, Symptom.CLEAR, seen="5")
    cluster.say(host, Symptom.DOWN, seen="6")
    assert said == [
        ("host/cmp2 clear 0", False),
        ("host/cmp2 down 1", False),
        ("host/cmp2 down 2", True),
        ("host/cmp2 down 4", True),
        ("host/cmp2 clear 5", False),
        ("host/cmp2 down 6", False),
    ]


class FixedClocks:
    def __init__(self, up: int) -> None:
        self.up = up

    def uptime(self) -> Millis:
        return Millis(self.up)

    def now(self) -> Instant:
        return self.up


def said(store: Store) -> list[Fault]:
    faults = [decode(record.value) for _, record in store.next(100)]
    assert all(isinstance(fault, Fault) for fault in faults)
    return [fault for fault in faults if isinstance(fault, Fault)]


def teller_of(folder: Path, up: int, boot: str = "boot") -> tuple[Teller, Store]:
    store = Store(lambda: Outbox(folder / "outbox.sqlite", 100))
    woken: list[None] = []
    return Teller(
        host="cmp1", boot_id=boot, clocks=FixedClocks(up), store=store, wake=lambda: woken.append(None)
    ), store


PROCESS = process_subject("cmp1", "nova-compute")


def test_a_word_again_has_the_same_id_also_after_a_start_and_the_next_one_another(tmp_path: Path) -> None:
    teller, store = teller_of(tmp_path, 5_000)
    teller.say(PROCESS, Symptom.DOWN)
    store.close()
    teller, store = teller_of(tmp_path, 9_000)
    teller.say(PROCESS, Symptom.DOWN, again=True)
    teller.say(PROCESS, Symptom.CLEAR)
    teller.say(PROCESS, Symptom.CLEAR)
    teller.say(PROCESS, Symptom.DOWN, again=True)
    first, again, clear, second = said(store)
    assert first.event_id == again.event_id and again.observed_at == 9_000
    assert (clear.symptom, clear.episode) == (Symptom.CLEAR, first.episode)
    assert second.event_id != first.event_id and int(second.episode) >= 9_000
    assert (first.observer, first.source, first.boot_id) == ("host/cmp1", Source.HEARTBEAT, "boot")


def test_a_lost_file_repeats_no_id_and_a_clock_set_back_neither(tmp_path: Path) -> None:
    ids = set()
    for n, up in enumerate((1_000, 2_000, 3_000)):
        folder = tmp_path / str(n)
        folder.mkdir()
        teller, store = teller_of(folder, up)
        for _ in range(3):
            teller.say(PROCESS, Symptom.DOWN)
        ids |= {fault.event_id for fault in said(store)}
    assert len(ids) == 9


def test_what_stands_from_another_boot_is_taken_back_as_it_was_said_and_begins_anew(tmp_path: Path) -> None:
    teller, store = teller_of(tmp_path, 5_000, "one")
    teller.say(PROCESS, Symptom.DOWN)
    store.close()
    teller, store = teller_of(tmp_path, 10, "two")
    teller.say(PROCESS, Symptom.DOWN, again=True)
    first, second = said(store)
    assert (first.boot_id, second.boot_id) == ("one", "two") and first.event_id != second.event_id


def test_of_another_host_one_speaks_as_a_peer_and_claims_no_boot_of_it(tmp_path: Path) -> None:
    teller, store = teller_of(tmp_path, 5_000)
    teller.say(host_subject("cmp2"), Symptom.DOWN)
    ((_, record),) = store.next(1)
    fault = decode(record.value)
    assert isinstance(fault, Fault) and (record.topic, record.key) == ("kasugai.faults.peers", "cmp2")
    assert (fault.source, fault.boot_id, fault.episode) == (Source.PEER, "", "boot/5000")


def test_what_has_no_form_is_said_in_the_log_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    teller, store = teller_of(tmp_path, 1)
    teller.say(process_subject("cmp1", "x" * 300), Symptom.DOWN)
    assert len(store) == 0 and "cannot be told" in caplog.text
