"""Keeps the inventory at hand for whoever shows it: read to its end, then followed, on the loop that it was begun on.

What is shown of it decides about nothing, so no trouble with it ends the process.
"""

import asyncio
import logging

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.schemas.codec import NewerSchema

log = logging.getLogger(__name__)

PAUSE = 3.0


class Described:
    """The segments and hosts as they are described now."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        """Nothing is known before somebody follows."""
        self._kafka, self._name = kafka, name
        self._inventory: Inventory | None = None

    def known(self) -> Inventory | None:
        """Return a copy of what has been read, from any thread; None while it has not been read to its end."""
        return None if self._inventory is None else self._inventory.copy()

    async def follow(self) -> None:
        """Read, and read on for ever. What a newer Kasugai describes cannot be read: then nothing is known."""
        while True:
            try:
                await self._follow()
            except LogAway as error:
                log.warning("the inventory cannot be read, trying again: %s", error)
                await asyncio.sleep(PAUSE)
            except NewerSchema as error:
                self._inventory = None
                log.error("hosts and segments are not shown in metrics: %s", error)  # noqa: TRY400 - one line
                return

    async def _follow(self) -> None:
        async with InventoryReader(self._kafka, self._name) as reader:
            self._inventory = reader.inventory
            async for _ in reader.changes():
                pass
