"""A worker's member of its group, with a consumer that does as it is told: what may be committed, and by whom."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import TopicPartition

from kasugai.adapters.kafka.poll_loop import Membership, PollLoop, member_config
from kasugai.adapters.kafka.route_loop import Batches
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.words.timing import Millis

KAFKA = KafkaSettings(bootstrap_servers="k:9092")
MEMBER = Membership(topic="t", group="g", instance="i", session=Millis(6_000))


class Consumer:
    """confluent-kafka's, as far as the loop can tell."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.commits: list[dict[int, int]] = []
        self.calls: list[Callable[[], None]] = []
        made.append(self)

    def subscribe(
        self, topics: list[str], **callbacks: Callable[[object, list[TopicPartition]], None]
    ) -> None:
        self.callbacks = callbacks

    def poll(self, _: float) -> None:
        if self.calls:
            self.calls.pop(0)()

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        self.commits.append({place.partition: place.offset for place in offsets})

    def committed(self, places: list[TopicPartition], _: float) -> list[TopicPartition]:
        return places

    def close(self) -> None:
        pass

    def hear(self, what: str, *numbers: int) -> None:
        """Let the group say something with the next poll."""
        places = [TopicPartition("t", number) for number in numbers]
        self.calls.append(lambda: self.callbacks[what](self, places))


made: list[Consumer] = []


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> list[Consumer]:
    made.clear()
    monkeypatch.setattr(confluent_kafka, "Consumer", Consumer)
    monkeypatch.setattr(TopicIds, "learn", lambda *_: None)
    return made


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def play(story: Callable[[PollLoop, Consumer], Any], done: Mapping[int, int]) -> None:
    async def give(numbers: set[int]) -> Mapping[int, int]:
        return {number: offset for number, offset in done.items() if number in numbers}

    async def main() -> None:
        async with PollLoop(KAFKA, MEMBER, take=lambda _: None, give=give) as loop:
            consumer = made[0]
            await until(lambda: hasattr(consumer, "callbacks"))
            consumer.hear("on_assign", 0, 1)
            await until(lambda: loop.has_joined)
            await story(loop, consumer)

    asyncio.run(main())


def test_only_what_is_owned_is_committed(consumers: list[Consumer]) -> None:
    """The broker takes a commit of a partition that was lost, backwards too: its new owner's work would come again."""

    async def story(loop: PollLoop, consumer: Consumer) -> None:
        loop.commit({0: 5, 1: 6})
        await until(lambda: consumer.commits == [{0: 5, 1: 6}])
        consumer.hear("on_lost", 1)
        await until(lambda: not consumer.calls)
        loop.commit({0: 7, 1: 8})
        await until(lambda: consumer.commits[1:] == [{0: 7}])
        consumer.hear("on_assign")
        await until(lambda: not consumer.calls)
        loop.commit({0: 9})
        await asyncio.sleep(0.05)
        assert len(consumer.commits) == 2

    play(story, {0: 5, 1: 6})


def test_what_is_given_back_is_settled_before_and_what_is_lost_is_not(consumers: list[Consumer]) -> None:
    async def story(loop: PollLoop, consumer: Consumer) -> None:
        consumer.hear("on_revoke", 0)
        await until(lambda: consumer.commits == [{0: 5}])
        consumer.hear("on_lost", 1)
        await until(lambda: not consumer.calls)
        assert consumer.commits == [{0: 5}]

    play(story, {0: 5, 1: 6})


def test_static_members_keep_to_the_protocol_that_takes_them_back(consumers: list[Consumer]) -> None:
    async def join() -> dict[str, Any]:
        Batches(KAFKA, group="g", instance="i", topics=["t"])._thread.shutdown()
        return made[-1].config

    for config in (member_config(KAFKA, MEMBER), asyncio.run(join())):
        assert config["group.instance.id"] == "i"
        assert config["group.protocol"] == "classic"
