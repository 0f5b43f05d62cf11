"""Ends the process when a send fails: Faust would log a warning and commit the source offset all the same."""

from typing import Any

from faust.sensors.monitor import Monitor
from faust.types.transports import ProducerT

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.hush import SERVICE_LOG


class DeadlyMonitor(Monitor):
    """Faust's monitor, which is told of every failed send (topics.py:479)."""

    logger = SERVICE_LOG

    def on_send_error(self, producer: ProducerT, exc: BaseException, state: Any) -> None:
        """Exit 71: a row's changelog write is lost, and only a restart reads its cause again."""
        exits.leave(Exit.SEND_FAILED, f"a row did not reach the changelog: {exc!r}")
