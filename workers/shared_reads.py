"""What the owners of one pool ask of Nova about the same host: many questions of one moment, one request.

An answer serves only those who had asked before it was sent; nothing is kept for who comes later.
"""

import asyncio
from collections.abc import Mapping

from kasugai.adapters.coalescing import Coalescing
from kasugai.core.recovering.nova_views import AggregateView, GuestView, ServiceView
from kasugai.workers.ports import Cloud, CloudAway, CloudRefused, CloudUnsure

FEW = 4
"""So many guests of one host are read by id; for more, the list of the host's guests is one request instead of many."""

Found = Mapping[str, GuestView | Exception | None]
"""By id: the guest, None for Nova's 404, or why it was not told."""


class SharedReads:
    """Reads for many at once."""

    def __init__(self, cloud: Cloud) -> None:
        """Ask `cloud`."""
        self._cloud = cloud
        self._guests: Coalescing[str, str, Found] = Coalescing(self._read_guests)
        self._services: Coalescing[str, None, ServiceView | None] = Coalescing(self._read_service)
        self._aggregates: Coalescing[None, None, tuple[AggregateView, ...]] = Coalescing(
            self._read_aggregates
        )

    async def guest(self, uuid: str, host: str) -> GuestView | None:
        """Return one server, which is said to be on `host`; None when Nova says 404."""
        found = (await self._guests.ask(host, uuid))[uuid]
        if isinstance(found, Exception):
            raise found
        return found

    async def service(self, host: str) -> ServiceView | None:
        """Return the record of a host's nova-compute."""
        return await self._services.ask(host, None)

    async def aggregates(self) -> tuple[AggregateView, ...]:
        """Return all aggregates."""
        return await self._aggregates.ask(None, None)

    async def _read_service(self, host: str, _: list[None]) -> ServiceView | None:
        return await self._cloud.service(host)

    async def _read_aggregates(self, _: None, __: list[None]) -> tuple[AggregateView, ...]:
        return await self._cloud.aggregates()

    async def _read_guests(self, host: str, asked: list[str]) -> Found:
        """One that the list lacks is asked for by id: to be absent from a list proves nothing."""
        uuids = sorted(set(asked))
        listed = {} if len(uuids) <= FEW else {guest.uuid: guest for guest in await self._cloud.guests(host)}
        lacking = [uuid for uuid in uuids if uuid not in listed]
        read = await asyncio.gather(*map(self._read_guest, lacking))
        return {**listed, **dict(zip(lacking, read, strict=True))}

    async def _read_guest(self, uuid: str) -> GuestView | Exception | None:
        """What is wrong with one guest concerns nobody who has asked for another."""
        try:
            return await self._cloud.guest(uuid)
        except (CloudAway, CloudRefused, CloudUnsure) as error:
            return error
