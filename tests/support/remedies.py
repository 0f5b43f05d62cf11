"""Takes one remedy out of the Faust shell, so that a test can show what happens without it."""

from collections.abc import Awaitable
from typing import Any

from faust.sensors.monitor import Monitor
from faust.tables import Table
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer

from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.faust.care import care_of
from kasugai.adapters.faust.consuming import CarefulConsumer, CarefulThread
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Record
from kasugai.adapters.faust.progress import Place, Progress
from kasugai.adapters.faust.recovering import CarefulRecovery, CarefulTableManager
from kasugai.adapters.faust.table import RowTable
from kasugai.adapters.faust.taking import Taking
from kasugai.adapters.faust.watchdog import Watchdog


class HastyRecovery(CarefulRecovery):
    """Resumes first and seeks afterwards, as tables/recovery.py:649-656 does."""

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Take the partitions over in Faust's order."""
        await self.app.on_rebalance_complete.send()
        self._set_recovery_ended()
        consumer: Any = self.app.consumer
        streams = {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        starts: dict[Any, int] = {}
        await self._within(self._seek(consumer, streams, starts))
        care_of(self.app).take_over(starts)
        consumer.resume_partitions(streams)
        await self._within(consumer.perform_seek())
        await self._resume(consumer)


def _carefree(progress: Progress, partition: int, offset: int) -> Place:
    """Handle whatever comes."""
    progress.begin(partition, offset)
    return Place.NEXT


async def _hope(_: Taking, record: Record, work: Awaitable[None]) -> None:
    """Let whatever is raised go where it will."""
    await work


async def _trust(membership: Membership) -> None:
    """Believe that we are the owner."""


REMOVALS: dict[str, list[tuple[type, str, Any]]] = {
    "frozen-fetch": [(CarefulThread, "_fetch_records", AIOKafkaConsumerThread._fetch_records)],
    "seek-first": [(CarefulTableManager, "recovery_class", HastyRecovery)],
    "own-offsets": [
        (CarefulConsumer, "_new_offset", Consumer._new_offset),
        (CarefulConsumer, "_add_gap", Consumer._add_gap),
    ],
    "guard": [(Progress, "place", _carefree)],
    "last-resort": [(Taking, "_or_leave", _hope)],
    "newest-row": [
        (RowTable, "apply_changelog_batch", Table.apply_changelog_batch),
        (RowTable, "distrust", lambda table, ends: ""),
    ],
    "deadly-monitor": [(CarefulApp, "monitor_class", Monitor)],
    "watchdog": [(Watchdog, "look", lambda self: "")],
    "membership": [(Membership, "prove", _trust)],
}
"""Name -> what is put back as Faust has it, or made blind."""


def take_out(remedy: str) -> None:
    """Take a remedy out of this process for good."""
    for owner, name, stock in REMOVALS[remedy]:
        setattr(owner, name, stock)
