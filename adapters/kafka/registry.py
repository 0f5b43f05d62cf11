"""The inventory for callers that block: followed all the time, read to the end on request, written in transactions.

It keeps one copy that nobody changes and replaces it as records come, so that any thread may walk through it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from kasugai.adapters.background import Background
from kasugai.adapters.inventory import Description, Inventory
from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.schemas.topics import INVENTORY

READ_PATIENCE = 5.0
"""Seconds in which a read must have come to the end of the topic."""
EDIT_PATIENCE = 30.0
"""Seconds for an edit, with all the times that it starts again."""
PAUSE = 1.0
"""Seconds between two attempts to follow a topic that cannot be reached."""

log = logging.getLogger(__name__)


class KafkaRegistry:
    """The api room's Registry port on kasugai.inventory."""

    def __init__(self, background: Background, kafka: KafkaSettings, name: str) -> None:
        """Follow the topic in the background from now on."""
        self._background = background
        self._kafka = kafka
        self._name = name
        self._known: Inventory | None = None
        self._offset = 0
        self._waits_for = "the inventory has not been read yet"
        self._following = background.begin(self._follow())
        self._ready = asyncio.Event()

    def known(self) -> Inventory:
        """Return the inventory as it was last heard; LogAway while nothing was."""
        if self._known is None:
            return self.read()
        return self._known

    def offset(self) -> int:
        """Return the offset of the last record in `known`."""
        return self._offset - 1

    def waits_for(self) -> str:
        """Return what keeps the inventory from being followed; empty when it is."""
        return self._waits_for

    def read(self) -> Inventory:
        """Return the inventory with all that was written before the call."""
        return self._ask(self._read(), READ_PATIENCE)

    def edit(self, edit: Callable[[Inventory], Sequence[Description]]) -> Inventory:
        """Write what `edit` says, all or none, and return the inventory after it; Conflict when it does not fit."""
        return self._ask(self._edit(edit), EDIT_PATIENCE)

    def close(self) -> None:
        """Stop following; the background must still run."""
        self._following.cancel()
        self._background.ask(self._close(), 30)

    def _ask(self, work: "asyncio._CoroutineLike[Inventory]", patience: float) -> Inventory:
        try:
            return self._background.ask(work, patience)  # type: ignore[arg-type]
        except TimeoutError:
            raise LogAway(f"{INVENTORY}: no answer within {patience:.0f} s") from None

    async def _follow(self) -> None:
        """Read to the end, then on and on; after an outage from where it was."""
        self._reader = InventoryReader(self._kafka, f"{self._name}-inventory")
        self._bounds = Reader(self._kafka, f"{self._name}-ends")
        self._writer = InventoryWriter(self._kafka, self._name)
        while True:
            try:
                await self._reader.load()
                self._show()
                self._ready.set()
                async for _ in self._reader.changes():
                    self._show()
            except LogAway as error:
                self._waits_for = str(error)
                log.warning("the inventory cannot be followed, trying again: %s", error)
                await asyncio.sleep(PAUSE)

    def _show(self) -> None:
        self._waits_for = ""
        self._known, self._offset = self._reader.inventory.copy(), self._reader.offset

    async def _read(self) -> Inventory:
        await self._ready.wait()
        _, end = await self._bounds.bounds(INVENTORY, 0)
        return await self._reached(end - 1)

    async def _edit(self, edit: Callable[[Inventory], Sequence[Description]]) -> Inventory:
        await self._ready.wait()
        return await self._reached(await self._writer.edit(edit))

    async def _reached(self, offset: int) -> Inventory:
        if not await self._reader.reached(offset, READ_PATIENCE):
            raise LogAway(f"{INVENTORY}: record {offset} was not read within {READ_PATIENCE:.0f} s")
        if self._offset <= offset or self._known is None:
            self._show()
        assert self._known is not None, "shown before"
        return self._known

    async def _close(self) -> None:
        for door in (self._bounds, self._writer, self._reader):
            await door.close()
