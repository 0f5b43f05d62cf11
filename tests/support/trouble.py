"""Troubles that a test can cause inside a running toy by a signal: SIGUSR1 parks the group coordinator as aiokafka
itself does after an unexpected answer to a join, SIGUSR2 makes the consumer jump over three records.
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
    join = coordinator.ensure_active_group

    async def fail_once(*args: Any) -> Any:
        coordinator.ensure_active_group = join
        raise import_module("aiokafka.errors").KafkaError("injected")

    coordinator.ensure_active_group = fail_once
    coordinator.request_rejoin()


def _jump(app: CarefulApp, consumer: Any) -> None:
    """Move the position of partition 0 by three, as Faust's rebalance does by mistake."""
    topic = app.care.settings.topic
    partition = next(tp for tp in consumer.assignment() if tp.topic == topic and tp.partition == 0)
    state = consumer._subscription.subscription.assignment.state_value(partition)
    consumer.seek(partition, state.position + 3)
