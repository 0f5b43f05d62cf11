"""`kasugai announce` as a process: reads the inventory to its end, then tells each receiver until told to stop."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from kasugai.adapters.inventory import Description
from kasugai.adapters.kafka.inventory_reader import InventoryReader, follow
from kasugai.adapters.kafka.route_loop import Batches
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.links import read_keys
from kasugai.adapters.redis_told import RedisTold
from kasugai.adapters.settings.values import AnnounceSettings, Settings
from kasugai.adapters.telemetry.announce_metrics import ANNOUNCE_AWAY, ANNOUNCED
from kasugai.adapters.telemetry.meters import count, watched
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.until import until_set, until_signalled
from kasugai.adapters.wall import Wall
from kasugai.adapters.web import Web
from kasugai.announcers.notifier import Links, Notifier
from kasugai.announcers.ports import Known
from kasugai.announcers.receivers_file import Receiver, read_receivers
from kasugai.announcers.round import Round
from kasugai.schemas.rights import ANNOUNCE_GROUPS
from kasugai.schemas.topics import INVENTORY, VERDICTS

LOG = logging.getLogger(__name__)


def main(
    settings: Settings, receivers: Sequence[Receiver], *, demo: bool = False, vitals: Vitals | None = None
) -> int:
    """Tell until SIGTERM or SIGINT and return 0; TopicsUnfit when the topics are not as their contracts say (`demo`
    accepts a broker that cannot say); any other exception means: start me again."""

    async def until(stop: asyncio.Event) -> None:
        await until_set(stop, _serve(settings, receivers, demo, vitals or Vitals()))

    return until_signalled(until)


def fit(settings: AnnounceSettings) -> tuple[tuple[Receiver, ...], Links | None]:
    """Return whom to tell, and how links are made; BadReceivers or BadKeys where what is set up cannot be used."""
    return read_receivers(settings.receivers_file), _links(settings)


def _links(settings: AnnounceSettings) -> Links | None:
    if not settings.address:
        return None
    keys = read_keys(settings.links_key_file)
    return Links(address=settings.address, keys=keys, lifetime=settings.links_last)


async def _serve(settings: Settings, receivers: Sequence[Receiver], demo: bool, vitals: Vitals) -> None:
    kafka, name = settings.kafka, f"{ANNOUNCE_GROUPS}{settings.stream.instance}"
    async with AsyncExitStack() as stack:
        beating = asyncio.create_task(vitals.keep_beating())
        stack.callback(beating.cancel)
        await asyncio.to_thread(require, settings, (INVENTORY, VERDICTS), demo=demo)
        web = await stack.enter_async_context(Web(settings.announce.timeout / 1000))
        told = RedisTold.connect(settings.redis, Known)
        stack.callback(told.close)
        inventory = await stack.enter_async_context(InventoryReader(kafka, f"{name}-inventory"))
        segments = _Segments(inventory)
        links = _links(settings.announce)
        rounds, sources = [], []
        for receiver in receivers:
            source = Batches(
                kafka,
                group=f"{ANNOUNCE_GROUPS}{receiver.name}",
                instance=settings.stream.instance,
                topics=[VERDICTS],
            )
            stack.push_async_callback(source.close)
            notifier = Notifier(
                receiver,
                sends=web,
                remembers=told,
                segments=segments.names,
                now=Wall().now,
                expires=settings.announce.expires,
                links=links,
                told=_count,
            )
            sources.append(source)
            rounds.append(Round(notifier, source))
        vitals.expect(lambda: _unready(sources))
        stack.enter_context(watched(ANNOUNCE_AWAY, lambda: _away(rounds)))
        LOG.info("telling %s", ", ".join(receiver.name for receiver in receivers))
        async with asyncio.TaskGroup() as tasks:
            for work in (segments.follow(), *(each.run() for each in rounds)):
                tasks.create_task(work)


def _count(receiver: str, end: str) -> None:
    count(ANNOUNCED, receiver=receiver, end=end)


def _unready(sources: Sequence[Batches]) -> str:
    return "" if all(source.has_joined for source in sources) else "waiting for the groups"


def _away(rounds: Sequence[Round]) -> list[tuple[int, dict[str, str]]]:
    return [(int(bool(each.trouble.text)), {"receiver": each.receiver}) for each in rounds]


class _Segments:
    """The names of the segments that the inventory has now, by id."""

    def __init__(self, reader: InventoryReader) -> None:
        self._reader = reader
        self._names: Mapping[str, str] | None = None

    def names(self) -> Mapping[str, str]:
        if self._names is None:
            self._names = {each.segment_id: each.name for each in self._reader.inventory.segments()}
        return self._names

    async def follow(self) -> None:
        """Learn of segments for ever."""
        await follow(self._reader, self._forget)

    def _forget(self, _: Description) -> None:
        self._names = None
