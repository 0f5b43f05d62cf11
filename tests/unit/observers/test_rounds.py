"""The loops: what Kafka does not take is tried on, what is not seen is told, silences go on while nobody answers."""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Sequence
from itertools import pairwise
from typing import Any

import pytest

from kasugai.adapters.kafka.records import Outgoing
from kasugai.adapters.wall import Wall
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.signals import Fault, Source, Stamp, Symptom
from kasugai.core.words.silences import Silence
from kasugai.core.words.timing import BrokerTime
from kasugai.observers import rounds
from kasugai.observers.rounds import Round, at_intervals
from kasugai.observers.seen import NoOpinion, Seen
from kasugai.observers.silences import Found, Keeper, Read
from kasugai.observers.silencing import SilenceRound, newest
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import METRICS, SILENCES

DOWN = Seen(host="cmp1", symptom=Symptom.DOWN, episode="1")


class Sink:
    """A Kafka that is away as often as it is told."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.taken: list[tuple[str, Any]] = []

    async def publish_all(self, records: Sequence[Outgoing]) -> list[Stamp]:
        if self.away:
            self.away -= 1
            raise LogAway("no broker")
        self.taken += [(record.topic, decode(record.value or b"")) for record in records]
        return [Stamp(partition=0, offset=0, at=BrokerTime(0)) for _ in records]


class Watch:
    """Sees what it is told to see."""

    name = "query/x"
    source = Source.METRICS

    def __init__(self, *answers: list[Seen] | str) -> None:
        self.answers = list(answers)

    async def look(self, hosts: Collection[str], now: float) -> Sequence[Seen]:
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise NoOpinion(answer)
        return answer


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


def round_of(watch: Watch, sink: Sink) -> Round:
    return Round(watch=watch, topic=METRICS, sink=sink, hosts=lambda: {"cmp1"}, every=0.0)


def test_a_word_goes_to_its_topic_and_is_tried_until_kafka_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "PAUSE", 0.0)
    sink = Sink(away=3)
    run(round_of(Watch([DOWN]), sink).once())
    ((topic, said),) = sink.taken
    assert topic == METRICS and isinstance(said, Fault)
    assert (said.observer, said.source, said.host, said.symptom) == (
        "query/x",
        Source.METRICS,
        "cmp1",
        "down",
    )


def test_trouble_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sink = Sink()
    looks = round_of(Watch("it is down", "it is down", [DOWN], [DOWN]), sink)

    async def four() -> None:
        for _ in range(2):
            await looks.once()
        assert looks.trouble.text == "it is down"
        for _ in range(2):
            await looks.once()

    run(four())
    assert [record.getMessage() for record in caplog.records] == [
        "query/x has no opinion: it is down",
        "query/x sees again",
    ]
    assert len(sink.taken) == 1 and looks.said.standing == {"cmp1"}


def test_a_bug_ends_the_loop_and_trouble_does_not() -> None:
    looks = round_of(Watch("away", "away"), Sink())
    with pytest.raises(IndexError):
        run(looks.run())
    assert looks.watch.answers == []  # type: ignore[attr-defined]


def test_looks_begin_at_intervals() -> None:
    began: list[float] = []

    async def once() -> None:
        began.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.05)
        if len(began) == 3:
            raise EOFError

    with pytest.raises(EOFError):
        run(at_intervals(once, 0.1))
    assert all(0.09 < later - earlier < 1.0 for earlier, later in pairwise(began))


class Alertmanager:
    """Answers in turn; a text: it is away."""

    def __init__(self, *answers: Read | str) -> None:
        self.answers = list(answers)

    async def silences(self) -> Read:
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise NoOpinion(answer)
        return answer


FAR = Wall().now() + 3_600_000
ACTIVE = Found(silence_id="s1", host="cmp1", is_active=True, until=FAR, author="kimura", reason="r")
ENDED = Found(silence_id="s1", host="cmp1", is_active=False, until=FAR, author="kimura", reason="r")


def silence_round(sink: Sink, *answers: Read | str, standing: Collection[Silence] = ()) -> SilenceRound:
    return SilenceRound(
        alertmanager=Alertmanager(*answers),
        keeper=Keeper(standing),
        sink=sink,
        hosts=lambda: {"cmp1"},
        every=0.0,
    )


def play(looks: SilenceRound, times: int) -> None:
    async def all_of_them() -> None:
        for _ in range(times):
            await looks.once()

    run(all_of_them())


def test_a_silence_is_said_at_once_and_its_end_once() -> None:
    sink = Sink()
    play(silence_round(sink, *(Read(found=(each,), near=()) for each in (ACTIVE, ACTIVE, ENDED, ENDED))), 4)
    assert [(topic, said.until) for topic, said in sink.taken] == [(SILENCES, FAR), (SILENCES, 0)]


def test_what_stood_before_a_restart_is_said_on_while_alertmanager_is_away() -> None:
    stood = Silence(host="cmp1", until=FAR, observer="alertmanager", names=("s1",), ends=(FAR,))
    sink = Sink()
    looks = silence_round(sink, "away", "away", Read(found=(), near=()), standing=[stood])
    play(looks, 3)
    assert [said for _, said in sink.taken] == [stood], "neither its absence nor Alertmanager's ends it"


def test_a_silence_that_only_comes_near_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    near = Read(found=(), near=("s7",))
    play(silence_round(Sink(), near, near), 2)
    assert [record.getMessage()[:15] for record in caplog.records] == ["the silence s7 "]


def test_the_last_word_about_each_host_counts() -> None:
    first, last = (Silence(host="cmp1", until=n, observer="a") for n in (1, 2))
    assert newest([first, "odd", last]) == {"cmp1": last}
