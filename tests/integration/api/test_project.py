"""The projector on a real Kafka and Redis: it catches up, follows, is taken over from, and computes dropped views anew.

It has a broker of its own: Kasugai's topics have fixed names.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.redis_views import RedisViews
from kasugai.adapters.settings import Settings, load
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.api import project_app
from kasugai.api.view_store import ViewStore
from kasugai.api.views import Status
from kasugai.core.telling.documents import Round
from kasugai.core.telling.incident_views import Record
from kasugai.core.words.signals import Fault
from tests.support.incidents import INCIDENT, OPENED, WHOLE
from tests.support.kafka import KafkaServer
from tests.support.projections import UUID_1, naming, posted, topic_of
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for

pytestmark = pytest.mark.integration

NAMES = [
    f"notification/{UUID_1}",
    *(f"{kind}/{INCIDENT}" for kind in ("incident", "timeline", "tasks", "moves")),
]


@pytest.fixture(scope="module")
def whole(node: KafkaServer, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Topics are there."""
    file = tmp_path_factory.mktemp("conf") / "kasugai.conf"
    file.write_text(settings_for(kafka=node.conf, redis=redis_server.url, partitions=3))
    settings = load([str(file)])
    Topics(settings).apply(wanted(settings))
    return settings


@pytest.fixture
def settings(whole: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """There are no views; pauses are short."""
    RedisViews.from_url(whole.redis.url).drop()
    monkeypatch.setattr(project_app, "RENEW", 0.2)
    monkeypatch.setattr(project_app, "PAUSE", 0.1)
    return whole


async def publish(settings: Settings, *values: Record | Fault) -> None:
    async with Producer(settings.kafka, "test") as producer:
        for value in values:
            await producer.send(topic_of(value), value)


@asynccontextmanager
async def projecting(settings: Settings, vitals: Vitals | None = None) -> AsyncIterator[None]:
    """Run a projector for the length of the block."""
    stop = asyncio.Event()
    running = asyncio.create_task(project_app.run(settings, stop, vitals=vitals))
    try:
        yield
        assert not running.done(), "it runs until it is stopped"
    finally:
        stop.set()
        await running


async def until(so: Callable[[], object], within: float = 90.0) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(so):  # noqa: ASYNC110  # nobody tells when Redis changes
            await asyncio.sleep(0.02)


def test_views_follow_the_topics_are_rebuilt_to_the_byte_and_taken_over(settings: Settings) -> None:
    store = RedisViews.from_url(settings.redis.url)
    views = ViewStore(store)

    def stands(status: Status) -> bool:
        view = views.notification(UUID_1)
        return view is not None and view.status is status

    async def story() -> None:
        assert not views.caught_up()
        first, second = Vitals(), Vitals()
        await publish(settings, posted(), naming(OPENED, posted()), WHOLE[1])
        async with projecting(settings, first):
            await until(lambda: views.caught_up() and stands(Status.RUNNING))
            await publish(settings, *WHOLE[2:])
            await until(lambda: stands(Status.FINISHED))
            before = store.many(NAMES)
            assert None not in before and first.unready() == []
            async with projecting(settings, second):
                await until(lambda: second.unready() == [])
                store.drop()
                assert not views.caught_up()
                await until(lambda: views.caught_up() and store.many(NAMES) == before)
        async with projecting(settings):
            await publish(settings, posted("33333333-0000-4000-8000-000000000003", host="cmp2"))
            await until(lambda: len(list(views.notifications())) == 2)
        assert store.many(NAMES) == before

    asyncio.run(story())
    store.close()


@pytest.mark.parametrize(
    ("place", "offset"), [("kasugai.verdicts/0", 1_000), ("kasugai.verdicts/0@another", 0)]
)
def test_views_of_topics_that_were_made_anew_are_dropped(settings: Settings, place: str, offset: int) -> None:
    """Also when the new ones are longer already than the old ones were."""
    store = RedisViews.from_url(settings.redis.url)
    assert store.own("an earlier one")
    store.write("an earlier one", Round(progress={place: offset}, texts={"x": "old"}))
    store.disown("an earlier one")

    async def story() -> None:
        async with projecting(settings):
            await until(lambda: store.is_current() and store.get("x") is None)

    asyncio.run(story())
    store.close()


def test_a_projector_waits_for_redis_and_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    server = RedisServer().start()
    url = server.url
    server.kill()
    vitals = Vitals()
    away = replace(settings, redis=replace(settings.redis, url=url))

    async def story() -> None:
        async with projecting(away, vitals):
            await until(lambda: any("Redis" in why for why in vitals.unready()))
            await asyncio.to_thread(server.restart)
            await until(lambda: vitals.unready() == [])

    try:
        asyncio.run(story())
    finally:
        server.stop()
    assert sum(record.message.startswith("waiting") for record in caplog.records) == 1
