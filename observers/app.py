"""`kasugai observe` as a process: reads the inventory to its end, then looks, says and repeats until told to stop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, ExitStack

from kasugai.adapters.kafka.inventory_reader import InventoryReader, follow
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.nova.survey import NovaSurvey
from kasugai.adapters.settings import Settings
from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.observer_metrics import OBSERVED_DOWN, OBSERVED_STRANGERS
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.until import until_set, until_signalled
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.verdicts import Verdict
from kasugai.observers.parts import TOPICS, Parts, Word, open_parts
from kasugai.observers.power import Suspects
from kasugai.observers.room import Room
from kasugai.observers.rounds import PAUSE, Hosts, Round
from kasugai.observers.silences import Keeper
from kasugai.observers.silencing import NAME, SilenceRound, newest
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import INVENTORY, SILENCES, VERDICTS

LOG = logging.getLogger(__name__)

RECENT = 2_000
"""Records of each partition of verdicts that a reader of power begins with: who was suspected before that waits for
correlate's next word about him."""


def main(
    settings: Settings, words: Sequence[Word], *, demo: bool = False, vitals: Vitals | None = None
) -> int:
    """Observe until SIGTERM or SIGINT and return 0; Unfit when it cannot as it is set up, TopicsUnfit when the broker's
    topics are not as their contracts say (`demo` accepts a broker that cannot say); any other exception means: start
    me again."""
    return until_signalled(lambda stop: run(settings, words, stop, demo=demo, vitals=vitals))


async def run(
    settings: Settings,
    words: Sequence[Word],
    stop: asyncio.Event,
    *,
    demo: bool = False,
    vitals: Vitals | None = None,
) -> None:
    """Observe on the running loop until `stop` is set."""
    await until_set(stop, _observe(settings, list(words), demo, vitals or Vitals()))


async def _observe(settings: Settings, words: list[Word], demo: bool, vitals: Vitals) -> None:
    kafka, name = settings.kafka, f"kasugai-observe-{'-'.join(words)}-{settings.stream.instance}"
    async with AsyncExitStack() as stack:
        beating = asyncio.create_task(vitals.keep_beating())
        stack.callback(beating.cancel)
        parts = await open_parts(stack, settings, words)
        await asyncio.to_thread(require, settings, _topics(words), demo=demo)
        producer = await stack.enter_async_context(Producer(kafka, name))
        inventory = await stack.enter_async_context(InventoryReader(kafka, f"{name}-inventory"))
        rounds = Rounds(settings, parts, producer, lambda: names(inventory))
        if parts.alertmanager is not None:
            rounds.add_silences(await _last_words(settings, f"{name}-silences"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow(inventory))
            if Word.POWER in words:
                tasks.create_task(_suspect(settings, f"{name}-verdicts", parts.suspects))
            stack.enter_context(rounds.shown())
            if parts.survey is not None:
                room = _room(settings, parts.survey, inventory)
                stack.enter_context(room.shown())
                tasks.create_task(room.run())
            if parts.devices is not None:
                stack.enter_context(parts.devices.shown())
                tasks.create_task(parts.devices.run())
            vitals.expect(lambda: "")
            rounds.start(tasks)
            LOG.info("observing: %s", ", ".join(words))


def _room(settings: Settings, cloud: NovaSurvey, inventory: InventoryReader) -> Room:
    return Room(
        cloud,
        lambda: inventory.inventory,
        settings.worker.timing,
        every=settings.observe.room_interval / 1000,
        now=asyncio.get_running_loop().time,
    )


def _topics(words: Iterable[Word]) -> list[str]:
    needed = {Word.POWER: [VERDICTS], Word.SILENCES: [SILENCES]}
    own = [
        topic for word in words for topic in ([TOPICS[word]] if word in TOPICS else []) + needed.get(word, [])
    ]
    return [INVENTORY, *own]


def names(inventory: InventoryReader) -> frozenset[str]:
    """Return the hosts that the inventory has now."""
    return frozenset(host.name for host in inventory.inventory.hosts())


class Rounds:
    """All loops of a process."""

    def __init__(self, settings: Settings, parts: Parts, sink: Producer, hosts: Hosts) -> None:
        """One for each watch; nothing runs yet."""
        self._every = settings.observe.interval / 1000
        self._parts, self._sink, self._hosts = parts, sink, hosts
        self._rounds = [
            Round(watch=watch, topic=TOPICS[word], sink=sink, hosts=hosts, every=self._every)
            for word, watches in parts.watches.items()
            for watch in watches
        ]
        self._silences: SilenceRound | None = None

    def add_silences(self, keeper: Keeper) -> None:
        """Read silences too."""
        assert self._parts.alertmanager is not None, "silences were asked for"
        self._silences = SilenceRound(
            alertmanager=self._parts.alertmanager,
            keeper=keeper,
            sink=self._sink,
            hosts=self._hosts,
            every=self._every,
        )

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Let all run."""
        for each in self._rounds:
            tasks.create_task(each.run())
        if self._silences is not None:
            tasks.create_task(self._silences.run())

    def shown(self) -> ExitStack:
        """Show what stands, for as long as the block lasts."""
        stack = ExitStack()
        stack.enter_context(watched(OBSERVED_DOWN, self._down))
        stack.enter_context(watched(OBSERVED_STRANGERS, self._strangers))
        return stack

    def _down(self) -> list[Reading]:
        found: list[Reading] = [(len(r.said.standing), {"observer": r.watch.name}) for r in self._rounds]
        if self._silences is not None:
            found.append((len(self._silences.keeper.standing), {"observer": NAME}))
        return found

    def _strangers(self) -> list[Reading]:
        return [
            (getattr(each.watch, "strangers", 0), {"observer": each.watch.name})
            for each in self._rounds
            if hasattr(each.watch, "strangers")
        ]


async def _last_words(settings: Settings, name: str) -> Keeper:
    """Return what the topic says of each host."""
    async with Reader(settings.kafka, name) as reader:
        partitions = await reader.partitions(SILENCES)
        found = [await reader.read_range(SILENCES, partition, 0) for partition in partitions]
    values = [value for each in found for value in _values(record.value for record in each.records)]
    return Keeper(newest(values).values())


async def _suspect(settings: Settings, name: str, suspects: Suspects) -> None:
    """Hear correlate's verdicts for ever."""
    async with Reader(settings.kafka, name) as reader:
        async for value in _verdicts(reader):
            suspects.hear(value)


async def _verdicts(reader: Reader) -> AsyncIterator[Verdict]:
    places: dict[int, int] = {}
    while True:
        try:
            if not places:
                bounds = {p: await reader.bounds(VERDICTS, p) for p in await reader.partitions(VERDICTS)}
                places = {p: max(low, end - RECENT) for p, (low, end) in bounds.items()}
            await reader.assign([Place(VERDICTS, p, offset) for p, offset in places.items()])
            while True:
                batch = await reader.next()
                for record in batch.records:
                    for value in _values([record.value]):
                        if isinstance(value, Verdict):
                            yield value
                    places[record.partition] = record.offset + 1
        except LogAway as error:
            LOG.warning("verdicts cannot be read, trying again: %s", error)
            await asyncio.sleep(PAUSE)


def _values(found: Iterable[bytes | None]) -> list[object]:
    """Return what can be read; the rest is passed over, for somebody else puts it aside."""
    values: list[object] = []
    for data in found:
        try:
            values.append(decode(data or b""))
        except Undecodable as error:
            LOG.warning("a record is passed over: %s", error)
    return values
