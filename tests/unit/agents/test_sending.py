"""What an agent says reaches Kafka once by its id, whatever dies in between; what Kafka refuses or does not answer."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import pytest

from kasugai.adapters.kafka.post import PostFull, Report
from kasugai.adapters.outbox import Outbox, OutboxAway, Waiting
from kasugai.agents.sending import RETRY, Sender
from kasugai.agents.store import Store
from kasugai.core.words.log import LogAway, LogRefused
from kasugai.sim.loop import run
from tests.support.agent_life import kafka_of, send_rest
from tests.support.deaths import lived_through

Answer = LogAway | LogRefused | None


class Broker:
    """A mail whose reports come when `serve` is called next, as it is told to answer."""

    def __init__(self, answer: Callable[[str], Answer] = lambda _: None, *, room: int = 1_000) -> None:
        self.sent: list[tuple[str, dict[str, bytes]]] = []
        self.answer, self.room = answer, room
        self._reports: list[tuple[str, Report]] = []

    def send(
        self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]], report: Report
    ) -> None:
        if len(self._reports) >= self.room:
            raise PostFull
        self.sent.append((value.decode(), dict(headers)))
        self._reports.append((value.decode(), report))

    def serve(self) -> None:
        reports, self._reports = self._reports, []
        for value, report in reports:
            report(self.answer(value))

    @property
    def values(self) -> list[str]:
        return [value for value, _ in self.sent]


class Seal:
    def header(self, topic: str, key: str, value: bytes) -> tuple[str, bytes]:
        return "proof", b"/".join((topic.encode(), key.encode(), value))


def word(id_: str, *, repeats: bool = False) -> Waiting:
    return Waiting(id=id_, topic="t", key="cmp1", value=id_.encode(), headers=(("h", b"1"),), repeats=repeats)


def store_of(folder: Path, *ids: str) -> Store:
    store = Store(lambda: Outbox(folder / "outbox.sqlite", 100))
    for id_ in ids:
        store.put(word(id_), id_, None)
    return store


async def sending(sender: Sender, seconds: float) -> None:
    task = asyncio.create_task(sender.run())
    await asyncio.sleep(seconds)
    assert not task.done(), task
    task.cancel()


def play(story: Coroutine[None, None, None]) -> None:
    run(story)


def test_what_waits_is_sent_in_order_with_its_proof_and_forgotten(tmp_path: Path) -> None:
    store, broker = store_of(tmp_path, "a", "b"), Broker()
    play(sending(Sender(store, broker, Seal()), 1))
    assert broker.sent == [
        ("a", {"h": b"1", "proof": b"t/cmp1/a"}),
        ("b", {"h": b"1", "proof": b"t/cmp1/b"}),
    ]
    assert len(store) == 0


def test_what_comes_later_is_sent_at_once(tmp_path: Path) -> None:
    store, broker = store_of(tmp_path), Broker()
    sender = Sender(store, broker, None)

    async def story() -> None:
        task = asyncio.create_task(sender.run())
        await asyncio.sleep(5)
        store.put(word("late"), "late", None)
        sender.wake()
        await asyncio.sleep(0.1)
        assert broker.values == ["late"] and len(store) == 0
        task.cancel()

    play(story())


def test_while_kafka_is_away_nothing_is_lost_and_order_is_kept(tmp_path: Path) -> None:
    store, broker = store_of(tmp_path, "a", "b", "c"), Broker(lambda _: LogAway("gone"))
    sender = Sender(store, broker, None)

    async def story() -> None:
        task = asyncio.create_task(sender.run())
        await asyncio.sleep(10 * RETRY)
        assert len(store) == 3 and sender.trouble == "gone"
        broker.answer = lambda _: None
        broker.sent.clear()
        await asyncio.sleep(2 * RETRY)
        assert broker.values == ["a", "b", "c"] and len(store) == 0 and sender.trouble == ""
        task.cancel()

    play(story())


def test_what_one_failure_took_along_is_sent_again_and_nothing_else(tmp_path: Path) -> None:
    failures = {"b"}

    def answer(value: str) -> Answer:
        return LogAway("b is slow") if value in failures else None

    store, broker = store_of(tmp_path, "a", "b", "c"), Broker(answer)

    async def story() -> None:
        task = asyncio.create_task(Sender(store, broker, None).run())
        await asyncio.sleep(RETRY / 2)
        failures.clear()
        await asyncio.sleep(2 * RETRY)
        assert broker.values == ["a", "b", "c", "b"] and len(store) == 0
        task.cancel()

    play(story())


def test_what_no_broker_takes_is_dropped_and_said_and_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_of(tmp_path, "a", "large", "c")
    broker = Broker(lambda value: LogRefused("too large") if value == "large" else None)
    with caplog.at_level(logging.ERROR):
        play(sending(Sender(store, broker, None), 5 * RETRY))
    assert broker.values == ["a", "large", "c"] and len(store) == 0
    assert [record.getMessage() for record in caplog.records] == ["a word is lost: too large"]


def test_a_client_that_is_full_gets_the_rest_later(tmp_path: Path) -> None:
    store, broker = store_of(tmp_path, "a", "b", "c"), Broker(room=2)
    play(sending(Sender(store, broker, None), 3 * RETRY))
    assert broker.values == ["a", "b", "c"] and len(store) == 0


class Disk:
    """An outbox that can be told to take nothing."""

    def __init__(self, file: Path) -> None:
        self.inner, self.full = Outbox(file, 100), False

    def opened(self) -> Outbox:
        disk = self

        class Full(Outbox):
            def __init__(self) -> None:
                self.__dict__ = disk.inner.__dict__

            def put(self, *arguments: object, **more: object):  # type: ignore[no-untyped-def]
                if disk.full:
                    raise OutboxAway("database or disk is full")
                return super().put(*arguments, **more)  # type: ignore[arg-type]

            def remove(self, numbers: Sequence[int]) -> None:
                if disk.full:
                    raise OutboxAway("database or disk is full")
                super().remove(numbers)

        return Full()


def test_what_a_full_disk_does_not_take_is_sent_all_the_same_once_and_in_order(tmp_path: Path) -> None:
    disk, broker = Disk(tmp_path / "outbox.sqlite"), Broker()
    store = Store(disk.opened)
    store.put(word("before"), "s", None)
    disk.full = True
    store.put(word("first"), "s", None)
    store.put(word("second"), "s", None)
    assert "disk is full" in store.trouble and len(store) == 3
    play(sending(Sender(store, broker, None), 5 * RETRY))
    assert broker.values == ["before", "first", "second"]
    disk.full = False
    play(sending(Sender(store, broker, None), 5 * RETRY))
    assert broker.values == ["before", "first", "second"] and len(store) == 0 and store.trouble == ""


def test_what_waits_in_memory_is_on_disk_once_there_is_room(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "outbox.sqlite")
    disk.full = True
    store = Store(disk.opened)
    store.put(word("a"), "s", None)
    disk.full = False
    store.put(word("b"), "s", None)
    assert [record.id for _, record in disk.inner.after(0, 9)] == ["a", "b"] and store.trouble == ""


def test_what_is_under_way_from_memory_is_not_overtaken_by_what_the_disk_takes_again(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "outbox.sqlite")
    disk.full = True
    store = Store(disk.opened)
    store.put(word("a"), "s", None)
    assert [record.id for _, record in store.next(9)] == ["a"]
    disk.full = False
    store.put(word("b"), "s", None)
    assert list(disk.inner.after(0, 9)) == []
    store.rewind()
    assert [record.id for _, record in store.next(9)] == ["a", "b"]
    assert [record.id for _, record in disk.inner.after(0, 9)] == ["a", "b"]


def test_memory_too_is_bounded_and_gives_up_repetitions_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Disk(tmp_path / "outbox.sqlite")
    disk.full = True
    store = Store(disk.opened)
    store.put(word("first"), "s", None)
    store.put(word("again", repeats=True), "s", None)
    for n in range(999):
        store.put(word(f"w{n}"), "s", None)
    assert len(store) == 1_000 and store.lost == 0
    store.put(word("last"), "s", None)
    assert len(store) == 1_000 and store.lost == 1
    assert [record.id for _, record in store.next(3)] == ["w0", "w1", "w2"]
    assert "memory has room for 1000" in caplog.text


def test_an_outbox_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    store = Store(lambda: Outbox(folder / "outbox.sqlite", 100))
    assert "unable to open" in store.trouble
    store.put(word("a"), "s", None)
    folder.mkdir()
    store.mend()
    assert store.trouble == "" and len(Outbox(folder / "outbox.sqlite", 100)) == 1


@pytest.mark.timeout(400)
def test_killed_at_any_line_all_that_was_said_reaches_kafka_and_nothing_twice_under_two_ids(
    tmp_path: Path,
) -> None:
    deaths = 0
    for said, file in lived_through("tests.support.agent_life", tmp_path):
        deaths += 1
        asyncio.run(send_rest(file))
        lines = [line.split() for line in kafka_of(file).read_text().splitlines()]
        told = [
            (subject.rpartition("/")[2], symptom) for _, subject, symptom in dict.fromkeys(map(tuple, lines))
        ]
        expected = [tuple(line.split()) for line in said]
        assert told in (expected, told[:1] if not expected else [*expected, told[-1]]), (deaths, said, lines)
        ids = {id_: (subject, symptom) for id_, subject, symptom in lines}
        assert len(ids) == len(told), "one id is one word"
        assert (
            len({id_ for id_, subject, symptom in lines if subject.endswith("/a") and symptom == "down"}) <= 2
        )
    assert deaths > 200
