"""Ends tasks for certain, also those that a cancellation does not reach.

Python 3.11's asyncio.wait_for swallows one that comes in the very moment at which what it waits for is done (CPython
issue 86296, mended in 3.12), and redis-py sends each command through it. A task that goes on after that would be waited
for for ever: here one that renewed its lease for good, under which nobody else could act.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 1.0
"""Seconds after which one that still runs is cancelled again."""


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel what still runs, as often as it takes, and wait for it; whatever it raises was raised where it matters, or
    is late."""
    all_tasks = set(tasks)
    running = {task for task in all_tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN)
    for task in all_tasks:
        if not task.cancelled():
            task.exception()
