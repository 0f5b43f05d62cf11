"""How long a process of ours works: until SIGTERM or SIGINT, or until its work ends by itself, which is a fault."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

log = logging.getLogger(__name__)


def until_signalled(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> int:
    """Run `work` on a loop of uvloop, with an event that a signal sets, and return 0; raises what it raises."""

    async def run() -> None:
        await work(signalled())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    return 0


def signalled() -> asyncio.Event:
    """Return what SIGTERM and SIGINT set on the running loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def until_set(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Work until `stop` is set, and have every block that the work stands in give back what it holds; raises what the
    work raises, also while it does that."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopping):
        task.cancel()
    log.info("stopping")
    (ended, _) = await asyncio.gather(working, stopping, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended
