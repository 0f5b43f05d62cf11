"""A thread that looks at the consumer from outside and ends the process when it has stopped in silence.

aiokafka parks any KafkaError of its group coordinator until somebody calls check_errors (group_coordinator.py:335).
Faust never does (drivers/aiokafka.py:1102 goes around it), so the process lives on and consumes nothing. Faust's own
tasks and timers begin only after the first recovery (app/base.py:612), hence a thread of our own.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.membership import steady
from kasugai.adapters.faust.stalls import end_of

log = logging.getLogger(__name__)

EVERY = 1.0
HEALINGS = 3
"""How often a parked coordinator is set going again within `HEALED_WITHIN` before the process ends."""
HEALED_WITHIN = 300.0
SAY_EVERY = 60.0


@dataclass(slots=True)
class Since:
    """How long something has been so."""

    clock: Callable[[], float]
    limit: float
    _value: object = None
    _at: float = field(default=0.0)

    def too_long(self, value: object, *, bad: bool = True) -> bool:
        """Return whether `value` has stood unchanged, and bad, for longer than the limit."""
        if not bad or value != self._value:
            self._value, self._at = value, self.clock()
        return bad and self.clock() - self._at > self.limit


class Watchdog(threading.Thread):
    """Looks once a second; every verdict is exit 75."""

    def __init__(self, app: CarefulApp, clock: Callable[[], float] = steady) -> None:
        """Watch an app; `pulse` must be called from its loop once a second."""
        super().__init__(name="watchdog", daemon=True)
        settings = app.care.settings
        self._app = app
        self._clock = clock
        self._healings: deque[float] = deque()
        self._ending = threading.Event()
        self._beats = 0
        self._echoes = 0
        patience = 3 * settings.rebalance
        self._loop = Since(clock, 3 * settings.session)
        self._thread_loop = Since(clock, 3 * settings.session)
        self._said_away = float("-inf")
        self._ready = Since(clock, patience)
        self._moving: dict[int, Since] = {}
        self._patience = patience

    def pulse(self) -> None:
        """Say that the app's loop runs."""
        self._beats += 1

    def stop(self) -> None:
        """Look no more: the app is being stopped."""
        self._ending.set()

    def run(self) -> None:
        """Look until stopped."""
        while not self._ending.wait(EVERY):
            why = self._careful_look()
            if why and not self._ending.is_set():
                exits.leave(Exit.STUCK, why)

    def _careful_look(self) -> str:
        try:
            return self.look()
        except Exception as error:  # a watchdog that has died would be noticed by nobody
            return f"the watchdog cannot look: {error!r}"

    def look(self) -> str:
        """Return why the process must end; empty while all is well."""
        self._say_if_away()
        return (
            self._standing_loop() or self._unready() or self._consumer_trouble() or self._standing_partition()
        )

    def _consumer_trouble(self) -> str:
        """Look at the consumer's thread, once there is one that has begun to coordinate."""
        thread: Any = getattr(self._app._consumer, "_thread", None)
        consumer: Any = getattr(thread, "_consumer", None)
        coordinator: Any = getattr(consumer, "_coordinator", None)
        if coordinator is None or consumer._closed:
            return ""
        return self._standing_thread(thread) or self._parked(thread, coordinator)

    def _standing_thread(self, thread: Any) -> str:
        thread.thread_loop.call_soon_threadsafe(self._echo)
        return "the consumer's thread stands still" if self._thread_loop.too_long(self._echoes) else ""

    def _echo(self) -> None:
        self._echoes += 1

    def _parked(self, thread: Any, coordinator: Any) -> str:
        if coordinator._coordination_task.done():
            return "the consumer's group coordination has ended"
        error = coordinator._pending_exception
        return self._heal(thread, coordinator, error) if error is not None else ""

    def _heal(self, thread: Any, coordinator: Any, error: BaseException) -> str:
        now = self._clock()
        while self._healings and now - self._healings[0] > HEALED_WITHIN:
            self._healings.popleft()
        if len(self._healings) >= HEALINGS:
            return f"the group coordinator is parked again after {HEALINGS} healings: {error!r}"
        self._healings.append(now)
        log.warning("the group coordinator was parked by %r: setting it going again", error)
        thread.thread_loop.call_soon_threadsafe(_consume_error, coordinator)
        return ""

    def _standing_loop(self) -> str:
        return "the event loop stands still" if self._loop.too_long(self._beats) else ""

    def _unready(self) -> str:
        app = self._app
        ready = bool(app._consumer and app.tables.actives_ready and not app.rebalancing)
        if self._ready.too_long("unready", bad=not ready):
            return f"rebalancing or recovering for more than {self._patience:.0f} s"
        return ""

    def _standing_partition(self) -> str:
        """A skip at the end of a partition, or a fetcher that died: records are there and none is handled."""
        care = self._app.care
        for partition in care.progress.owned:
            reached = care.progress.reached(partition)
            behind = care.membership.is_fresh and end_of(self._app, partition) > reached >= 0
            since = self._moving.setdefault(partition, Since(self._clock, self._patience))
            if since.too_long(reached, bad=behind):
                return f"partition {partition} stands at {reached} although more has arrived"
        return ""

    def _say_if_away(self) -> None:
        care, now = self._app.care, self._clock()
        away = bool(care.progress.owned) and care.membership.age > care.settings.session
        if away and now - self._said_away >= SAY_EVERY:
            self._said_away = now
            log.warning("Kafka has not answered since the last heartbeat: nothing is handled until it does")


def _consume_error(coordinator: Any) -> None:
    try:
        coordinator.check_errors()
    except Exception as error:
        log.warning("taken from the group coordinator: %r", error)
