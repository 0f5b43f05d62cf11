"""Faust's consumer with remedies 1 and 3, and with ears for the heartbeats.

It hands nothing out for an empty set of partitions, and it commits what `Progress` says and nothing else.
Which rule each override replaces is said with file and line of faust-streaming 0.15.3 and aiokafka 0.14.0.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

from kasugai.adapters.faust.care import SETTLE_AT_MOST, care_of
from kasugai.adapters.faust.hush import SERVICE_LOG

FETCH_AT_MOST = 0.2
"""Seconds that one fetch waits for records: partitions that become active meanwhile are served by the next one."""


class CarefulThread(AIOKafkaConsumerThread):
    """The thread that talks to the broker."""

    logger = SERVICE_LOG

    async def on_start(self) -> None:
        """Start, and listen to what the coordinator says to our heartbeats."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        coordinator._do_heartbeat = self._overheard(coordinator, coordinator._do_heartbeat)

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Any:
        """Remedy 1: fetch nothing for an empty set, and look at a copy of it.

        drivers/aiokafka.py:1102 hands Faust's live set to `fetched_records`, which takes an empty set for "all
        partitions" (aiokafka/consumer/fetcher.py:1221): records of paused partitions come back, getmany drops them
        (transport/consumer.py:758), and the position has moved past them.
        """
        frozen = frozenset(active_partitions)
        if not frozen:
            return {}
        brief = min(FETCH_AT_MOST, timeout or 0.0)
        try:
            return await super()._fetch_records(consumer, frozen, timeout=brief, max_records=max_records)  # type: ignore[arg-type]
        except Exception:
            if consumer._coordinator._pending_exception is None:
                raise
            return {}  # the coordinator's error reached a waiting fetch too: the watchdog deals with it

    def _create_worker_consumer(self, transport: Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = int(care_of(self.app).settings.fetch_wait * 1000)
        return consumer

    def _overheard(
        self, coordinator: Any, heartbeat: Callable[[], Awaitable[bool]]
    ) -> Callable[[], Awaitable[bool]]:
        """Wrap a heartbeat (group_coordinator.py:799), so that Membership hears how it went."""
        membership = care_of(self.app).membership

        async def beat() -> bool:
            sent, generation = membership.now(), coordinator.generation
            confirmed = await heartbeat()
            if confirmed and coordinator.generation == generation:
                membership.confirmed(sent)
            elif coordinator.generation != generation:
                membership.lost()
            return confirmed

        return beat

    async def beat_once(self) -> None:
        """Send a heartbeat now, so that a fresh member need not wait for the first one."""
        await self.call_thread(self._beat)

    async def _beat(self) -> None:
        await self._ensure_consumer()._coordinator._do_heartbeat()


class CarefulConsumer(Consumer):
    """The consumer as the app's loop sees it."""

    logger = SERVICE_LOG

    thread_class: ClassVar[type[AIOKafkaConsumerThread]] = CarefulThread

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return self.thread_class(self, loop=self.loop, beacon=self.beacon)

    def _new_offset(self, tp: TP) -> int | None:
        """Remedy 3: what may be committed is what the handler has handled and the changelog has acknowledged.

        transport/consumer.py:1097 counts what streams have acked, with gaps filled in and one record at the head
        forgiven. Its lists are emptied here, or they would grow for ever.
        """
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return care_of(self.app).progress.committable(tp.partition)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Mark nothing: transport/consumer.py:1157 would count a range that was never delivered as acknowledged."""

    async def commit_and_end_transactions(self) -> None:
        """Wait for the records in hand and their rows before the last commit of a revocation or a shutdown."""
        await care_of(self.app).settle(SETTLE_AT_MOST)
        await super().commit_and_end_transactions()

    async def seek_to_start(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Seek to the committed offsets, or to the beginning where there is none, and return where that is.

        perform_seek (transport/consumer.py:565) leaves a partition without a committed offset where it happens to be.
        """
        wanted = list(tps)
        await self.perform_seek()
        earliest = await self.earliest_offsets(*wanted) if wanted else {}
        starts = {tp: max(self._committed_offset[tp] or 0, earliest[tp]) for tp in wanted}
        for tp, start in starts.items():
            self._warn_of_expired(tp, start)
        if moved := {
            tp: at for tp, at in starts.items() if at != (self._committed_offset[tp] or 0) or at == 0
        }:
            await self.seek_wait(moved)
        return starts

    def _warn_of_expired(self, tp: TP, start: int) -> None:
        committed = self._committed_offset[tp]
        if committed is not None and committed < start:
            self.log.error("records %d-%d of %s expired before they were read", committed, start - 1, tp)


class CarefulTransport(Transport):
    """Makes careful consumers."""

    Consumer = CarefulConsumer
