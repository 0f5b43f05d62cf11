"""Troubles that a test can cause inside a running toy by a signal: SIGUSR1 parks the group coordinator as aiokafka
itself does after an unexpected answer to a join, SIGUSR2 makes the consumer lose three records.
"""

import gc
import signal
from importlib import import_module
from typing import Any

from kasugai.adapters.faust.app import CarefulApp


def arm_signals() -> None:
    """Listen for both signals."""
    signal.signal(signal.SIGUSR1, lambda *_: _on_thread(_park))
    signal.signal(signal.SIGUSR2, lambda *_: _on_thread(_jump))


def _on_thread(trouble: Any) -> None:
    app = next(found for found in gc.get_objects() if isinstance(found, CarefulApp))
    thread: Any = app._consumer._thread  # type: ignore[union-attr]
    thread.thread_loop.call_soon_threadsafe(trouble, app, thread._consumer)


def _park(app: CarefulApp, consumer: Any) -> None:
    """Let the next join fail once with an error that nobody expects (INVALID_REQUEST of SyncGroup, say)."""
    coordinator = consumer._coordinator
    join = coordinator._do_rejoin_group

    async def fail_once(*args: Any) -> Any:
        coordinator._do_rejoin_group = join
        raise import_module("aiokafka.errors").KafkaError("injected")

    coordinator._do_rejoin_group = fail_once
    coordinator.request_rejoin()


def _jump(app: CarefulApp, consumer: Any) -> None:
    """Lose three records of the next batch that has more, as Faust's rebalance does by mistake."""
    fetcher, fetch = consumer._fetcher, consumer._fetcher.fetched_records

    async def lose_three(*args: Any, **kwargs: Any) -> Any:
        found = await fetch(*args, **kwargs)
        for tp, records in found.items():
            if tp.topic == app.care.settings.topic and len(records) > 3:
                found[tp] = records[3:]
                fetcher.fetched_records = fetch
        return found

    fetcher.fetched_records = lose_three
