"""Faust's table recovery with remedy 2: seek first, then resume, and nothing of it once a newer rebalance has begun.

tables/recovery.py:649-656 resumes the stream's partitions and seeks afterwards, while the fetcher already runs:
what it fetches in between is half delivered, and the seek makes the rest look like a gap.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, ClassVar, cast

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery, ServiceStopped
from faust.types import TP

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.care import Care, care_of
from kasugai.adapters.faust.consuming import CarefulConsumer, CarefulThread
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.hush import SERVICE_LOG


class CarefulRecovery(Recovery):
    """Recovers the table, then takes the stream's partitions over in the right order."""

    logger = SERVICE_LOG

    _round: int = 0
    """The rebalance that this recovery belongs to, by the app's own count."""

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Remember which rebalance it is: a generation changes only at its end (drivers/aiokafka.py:217)."""
        self._round = cast("Any", self.app).rebalancing_count
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    def revoke(self, tp: TP) -> None:
        """Forget a changelog partition and its rows."""
        super().revoke(tp)
        care = care_of(self.app)
        if care.table is not None and self._is_changelog_tp(tp):
            care.table.forget(tp)

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Check what was restored, seek, hand the partitions to the handler, and only then resume them."""
        await self.app.on_rebalance_complete.send()
        self._set_recovery_ended()
        for table in self.tables.values():  # not in asyncio.wait (:641), which swallows what they raise
            await table.on_recovery_completed(self.actives_for_table[table], self.standbys_for_table[table])
        consumer = cast("CarefulConsumer", self.app.consumer)
        streams = {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        starts = await self._start(consumer, streams, generation_id)
        if starts is None:
            self.log.warning("another rebalance has begun: this recovery ends here")
            return
        self._check(care_of(self.app))
        care_of(self.app).take_over(starts)
        consumer.resume_partitions(streams)
        await self._resume(consumer)

    async def _start(
        self, consumer: CarefulConsumer, streams: set[TP], generation: int
    ) -> dict[TP, int] | None:
        """Return where each partition starts; None when it is not ours to say any more."""
        if self._is_overtaken(generation):
            return None
        starts: dict[TP, int] = {}
        await self._within(self._seek(consumer, streams, starts))
        return None if self._is_overtaken(generation) else starts

    async def _seek(self, consumer: CarefulConsumer, streams: set[TP], starts: dict[TP, int]) -> None:
        if streams:
            starts.update(await consumer.seek_to_start(streams))
        await cast("CarefulThread", consumer._thread).beat_once()

    def _check(self, care: Care) -> None:
        ends = {tp: end for tp, end in self.active_highwaters.items() if tp in self.active_tps}
        if care.table is not None and (wrong := care.table.distrust(ends)):
            exits.leave(Exit.UNTRUSTED_ROWS, wrong)

    async def _resume(self, consumer: CarefulConsumer) -> None:
        """What is left of tables/recovery.py:657-667."""
        self.completed.set()
        self.app.flow_control.resume()
        consumer.resume_flow()
        await cast("Any", self.app)._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        self.app.on_rebalance_end()
        self.log.info("worker ready")

    def _is_overtaken(self, generation: int) -> bool:
        app = cast("Any", self.app)
        return bool(app.consumer_generation_id != generation or app.rebalancing_count != self._round)

    async def _within(self, work: Awaitable[None]) -> None:
        """Wait as `_wait` does, but do not take a time-out for the service's end.

        `_wait` (:606) raises ServiceStopped for both, and the recovery task then ends for ever, in silence.
        """
        limit = self.app.conf.broker_request_timeout
        try:
            await self._wait(asyncio.ensure_future(work), timeout=limit)
        except ServiceStopped:
            if not self.should_stop:
                exits.leave(Exit.STUCK, f"seeking to the committed offsets took more than {limit:.0f} s")
            raise


class CarefulTableManager(TableManager):
    """The table manager with the careful recovery."""

    logger = SERVICE_LOG

    recovery_class: ClassVar[type[Recovery]] = CarefulRecovery

    @property
    def recovery(self) -> Recovery:
        """The recovery service, made on first use (tables/manager.py:119)."""
        if self._recovery is None:
            self._recovery = self.recovery_class(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
