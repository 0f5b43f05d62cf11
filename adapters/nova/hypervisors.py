"""Which host a hypervisor's id stands for: Placement names hypervisors, everybody else hosts."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping


class Hypervisors:
    """What was read of them, and when it must be read again."""

    def __init__(self, read: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        """`read` returns the host of each hypervisor by its id."""
        self._read = read
        self._hosts: Mapping[str, str] = {}
        self._reading = asyncio.Lock()

    async def hosts_of(self, ids: Collection[str]) -> Mapping[str, str]:
        """Return hosts by hypervisors' ids, read again where one of these is not known: once for all questions that go
        together, for a provider that was left behind never will be."""
        known = self._hosts
        if known.keys() >= set(ids):
            return known
        async with self._reading:
            if self._hosts is known:
                self._hosts = await self._read()
        return self._hosts
