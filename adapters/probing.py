"""Whether a machine answers by a network: one attempt to connect by TCP.

A refused connection is an answer too: the machine's kernel gave it. So nothing needs to listen there, no right is
needed, and no door is opened on a hypervisor; a firewall has to let the port pass, or to refuse rather than to drop.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any


async def answers(address: str, port: int, seconds: float) -> bool:
    """Whether `address` (a name, IPv4 or IPv6) answers within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await _asked(address, port)
    except (OSError, TimeoutError):
        return False


async def _asked(address: str, port: int) -> bool:
    loop = asyncio.get_running_loop()
    family, where = await _place(address, port)
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setblocking(False)
        with suppress(ConnectionRefusedError):
            await loop.sock_connect(door, where)
    return True


async def _place(address: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """An address needs no resolver, which would take a thread."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, address)
            return family, (address, port)
    found = await asyncio.get_running_loop().getaddrinfo(address, port, type=socket.SOCK_STREAM)
    family, *_, where = found[0]
    return family, where
