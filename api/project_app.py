"""`kasugai project` as a process: owns the views, reads the topics behind them, and keeps the views up to date.

Several may run; one owns the views at a time and the others wait for it to go. In any doubt (Kafka or Redis away, views
dropped, ownership lost) it begins again from what Redis says has been read: at the beginning, if Redis knows nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from confluent_kafka import OFFSET_BEGINNING

from kasugai.adapters.incarnation import incarnation
from kasugai.adapters.kafka.reader import Batch, Place, Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.redis_claims import RedisClaims
from kasugai.adapters.redis_round import KEPT
from kasugai.adapters.redis_views import RedisViews
from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.until import until_set, until_signalled
from kasugai.api.announcing import Announcer
from kasugai.api.described import Described
from kasugai.api.projection.projector import Projector
from kasugai.api.standing_metrics import StandingMetrics
from kasugai.api.view_store import ViewStore
from kasugai.core.recovering.doors import LedgerAway, LogAway
from kasugai.core.telling.documents import NotOwner
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.topics import INCIDENTS, INVENTORY, RECOVERY, REPORTED, VERDICTS, Stamped, contracts

log = logging.getLogger(__name__)

TOPICS = (REPORTED, VERDICTS, *INCIDENTS.values(), RECOVERY)
"""What views are made of."""
DATED = frozenset(name for name in TOPICS if contracts()[name].timestamps is Stamped.APPEND)
"""Those of them that the broker dates."""

BATCH = 2_000
RENEW = 3.0
"""Seconds between two words of the owner that it is still there; a standby asks as often."""
PAUSE = 1.0
SAY_EVERY = 60.0
TRIM_EVERY = 3600.0
UNLISTED = 2 * 3_600_000
"""Milliseconds for which a view is not listed any more before it ends: what is listed must be there."""


def newest(known: BrokerTime, records: Iterable[Incoming]) -> BrokerTime:
    """Return the newest date that a broker has given: what is forgotten is counted from it, and a producer whose clock
    is ahead must not have everything forgotten."""
    return max([known, *(BrokerTime(record.at) for record in records if record.topic in DATED)])


def main(
    settings: Settings,
    *,
    demo: bool = False,
    rebuild: bool = False,
    vitals: Vitals | None = None,
    announcer: Announcer | None = None,
) -> int:
    """Run until SIGTERM or SIGINT and return 0; an exception means: start me again.

    TopicsUnfit when the broker's topics are not as their contracts say; `rebuild` drops the views first.
    """
    work = partial(run, settings, demo=demo, rebuild=rebuild, vitals=vitals, announcer=announcer)
    return until_signalled(work)


async def run(
    settings: Settings,
    stop: asyncio.Event,
    *,
    demo: bool = False,
    rebuild: bool = False,
    vitals: Vitals | None = None,
    announcer: Announcer | None = None,
) -> None:
    """Run on the running loop until `stop` is set; what becomes of notifications is told to `announcer`."""
    process = Process(settings, vitals or Vitals(), announcer)
    try:
        await until_set(stop, process.serve(demo=demo, rebuild=rebuild))
    finally:
        await process.leave()


class Process:
    """One projector process."""

    def __init__(self, settings: Settings, vitals: Vitals, announcer: Announcer | None) -> None:
        """Nothing is connected yet."""
        self._settings, self._vitals, self._announcer = settings, vitals, announcer
        self._name = f"kasugai-project-{settings.stream.instance}"
        self._owner = incarnation(self._name)
        self._documents = RedisViews.connect(settings.redis)
        self._views = ViewStore(self._documents)
        self._ids = TopicIds(settings.kafka, self._name)
        self._claims = RedisClaims.connect(settings.redis)
        self._described = Described(settings.kafka, f"{self._name}-inventory")
        self._shown = StandingMetrics(self._described.known)
        self._waits_for = "starting"
        self._said = self._trimmed = float("-inf")
        self._newest = BrokerTime(0)

    async def serve(self, *, demo: bool, rebuild: bool) -> None:
        """Own the views and keep them, for ever."""
        self._vitals.expect(lambda: self._waits_for)
        beating = asyncio.create_task(self._vitals.keep_beating())
        following: asyncio.Task[None] | None = None
        try:
            await self._patiently(lambda: require(self._settings, (*TOPICS, INVENTORY), demo=demo))
            following = asyncio.create_task(self._described.follow())
            await self._patiently(self._claims.check)
            self._vitals.watch(self._claims.waits_for)
            if rebuild:
                await self._patiently(self._documents.drop)
                log.info("the views have been dropped: they are computed anew from Kafka")
            with self._shown.watched():
                while True:
                    await self._keep()
        finally:
            beating.cancel()
            if following is not None:
                following.cancel()

    async def leave(self) -> None:
        """Let another one own the views at once."""
        with suppress(LedgerAway):
            await asyncio.to_thread(self._documents.disown, self._owner)
        self._documents.close()
        self._claims.close()

    async def _patiently(self, work: Callable[[], None]) -> None:
        """Do it on a thread, again and again while Kafka or Redis is away."""
        while True:
            try:
                return await asyncio.to_thread(work)
            except (LedgerAway, LogAway) as error:
                await self._wait(error)

    async def _keep(self) -> None:
        """Own the views until something ends it, and come back to begin again."""
        try:
            await self._owned()
            await self._read()
        except NotOwner as error:
            log.warning("the views are not ours any more (%s): begin again", error)
        except (LedgerAway, LogAway) as error:
            await self._wait(error)
        finally:
            self._shown.hide()

    async def _wait(self, error: Exception) -> None:
        self._waits_for = str(error)
        now = asyncio.get_running_loop().time()
        if now - self._said >= SAY_EVERY:
            self._said = now
            log.warning("waiting: %s", error)
        await asyncio.sleep(PAUSE)

    async def _owned(self) -> None:
        """Wait until the views are ours; a standby is ready."""
        while not await asyncio.to_thread(self._documents.own, self._owner):
            self._waits_for = ""
            await asyncio.sleep(RENEW)

    async def _read(self) -> None:
        self._waits_for = "reading what there is"
        async with Reader(self._settings.kafka, self._name) as reader:
            places = await self._places(reader)
            given = (self._documents, self._owner, self._claims, self._announcer, self._shown.hear)
            projector = await asyncio.to_thread(Projector, *given)
            await reader.assign(places)
            await self._follow(reader, projector, {(place.topic, place.partition) for place in places})

    async def _places(self, reader: Reader) -> list[Place]:
        """Return where to go on in every partition; views of topics that have been made anew are dropped."""
        progress = await asyncio.to_thread(self._documents.progress)
        await asyncio.to_thread(self._ids.learn, *TOPICS)
        places: list[Place] = []
        for topic in TOPICS:
            for partition in await reader.partitions(topic):
                name = self._ids.place(topic, partition)
                offset = progress.get(name, OFFSET_BEGINNING)
                others = {
                    place for place in progress if place.partition("@")[0] == f"{topic}/{partition}"
                } - {name}
                if others or (offset > 0 and offset > (await reader.bounds(topic, partition))[1]):
                    await asyncio.to_thread(self._documents.drop)
                    raise NotOwner(f"{topic}/{partition} is another one than the views are made of")
                places.append(Place(topic, partition, offset))
        return places

    async def _follow(self, reader: Reader, projector: Projector, behind: set[tuple[str, int]]) -> None:
        """Read on for ever. While behind, records are only kept: their views are computed once, at the end."""
        loop, renewed = asyncio.get_running_loop(), float("-inf")
        while True:
            batch = await reader.next(BATCH)
            behind -= {(end.topic, end.partition) for end in batch.ends}
            if loop.time() - renewed >= RENEW:
                await asyncio.to_thread(self._renew, projector, not behind)
                renewed = loop.time()
            if self._newest and loop.time() - self._trimmed >= TRIM_EVERY:
                await asyncio.to_thread(self._documents.trim, self._newest - KEPT * 1000 + UNLISTED)
                await asyncio.to_thread(projector.forget, self._newest)
                self._trimmed = loop.time()
            await asyncio.to_thread(self._work, projector, batch, not behind)
            self._waits_for = "reading what there is" if behind else ""

    def _renew(self, projector: Projector, is_current: bool) -> None:
        if not self._documents.renew(self._owner):
            raise NotOwner("another projector owns them, or they have been dropped")
        if is_current and projector.is_done:
            projector.project(is_current=True)
            self._shown.show(projector.board, self._views.hosts_out())

    def _work(self, projector: Projector, batch: Batch, is_current: bool) -> None:
        self._newest = newest(self._newest, batch.records)
        came = [(record.topic, record.stamp, record.value or b"") for record in batch.records]
        place = self._ids.place
        ends = {place(end.topic, end.partition): end.offset for end in batch.ends}
        read = {place(record.topic, record.partition): record.offset + 1 for record in batch.records}
        projector.take(came, ends | read)
        while is_current and not projector.is_done:
            projector.project(is_current=True)
            self._renew(projector, is_current=False)
