"""Masakari's versioned notifications on oslo.messaging, where `[oslo_messaging_notifications] driver` is set.

They go out on a thread of their own: a message bus that hangs holds nobody up. What cannot be sent is lost and told,
for the topics hold everything that happened and these are for listeners of old.
"""

import logging
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, Protocol, Self

from oslo_config import cfg

GROUP = "oslo_messaging_notifications"
TOPIC = "versioned_notifications"
EXCHANGE = "masakari"
"""Where Masakari's listeners look, unless [DEFAULT] control_exchange says otherwise."""
WAITING = 1_000
"""Messages that wait at most; more are lost."""
RETRIES = 2
"""How often one is sent again before it is lost (about 2 s each)."""
LAST_PATIENCE = 5.0
"""Seconds in which what still waits is sent at the end."""

log = logging.getLogger(__name__)


@contextmanager
def notifying(conf: cfg.ConfigOpts) -> "Iterator[OsloNotifier | None]":
    """Lend a notifier if `conf` names a driver, else None; it is closed in the end."""
    notifier = OsloNotifier.where_wanted(conf)
    try:
        yield notifier
    finally:
        if notifier is not None:
            notifier.close()


class Said(Protocol):
    """What is announced (api/announcements.py)."""

    @property
    def publisher(self) -> str:
        """Return the service that speaks."""
        ...

    @property
    def event_type(self) -> str:
        """Return what happened."""
        ...

    @property
    def payload(self) -> dict[str, Any]:
        """Return the versioned object."""
        ...

    @property
    def is_error(self) -> bool:
        """Return whether the priority is ERROR."""
        ...


class OsloNotifier:
    """Sends announcements one after the other."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Connect with the first one, in the background."""
        with warnings.catch_warnings():  # it imports eventlet, which warns of itself; nothing here runs on it
            warnings.simplefilter("ignore")
            import oslo_messaging  # noqa: PLC0415 - loads eventlet: only where it is wanted
        oslo_messaging.set_transport_defaults(EXCHANGE)
        self._transport = oslo_messaging.get_notification_transport(conf)
        self._notifier = oslo_messaging.Notifier(self._transport, topics=[TOPIC], retry=RETRIES)
        self._waiting: Queue[Said] = Queue(WAITING)
        self._closing = Event()
        self._lost = 0
        self._thread = Thread(target=self._run, name="announcements", daemon=True)
        self._thread.start()

    @classmethod
    def where_wanted(cls, conf: cfg.ConfigOpts) -> Self | None:
        """Return a notifier if `conf` names a driver, else None."""
        return cls(conf) if any(_drivers(conf)) else None

    def announce(self, said: Said) -> None:
        """Send it when its turn comes; returns at once."""
        try:
            self._waiting.put_nowait(said)
        except Full:
            self._lost += 1
            if self._lost % WAITING == 1:
                log.warning("notification %s is lost: %d wait already", said.event_type, WAITING)

    def close(self) -> None:
        """Send what waits, within a few seconds, and disconnect."""
        self._closing.set()
        self._thread.join(LAST_PATIENCE)
        if not self._waiting.empty():
            log.warning("%d notifications are lost: the message bus did not take them", self._waiting.qsize())
        self._transport.cleanup()

    def _run(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            try:
                said = self._waiting.get(timeout=0.2)
            except Empty:
                continue
            self._send(said)

    def _send(self, said: Said) -> None:
        notifier = self._notifier.prepare(publisher_id=f"{said.publisher}:{socket.gethostname()}")
        send = notifier.error if said.is_error else notifier.info
        try:
            send({}, said.event_type, said.payload)
        except Exception as error:
            log.warning("notification %s is lost: %s", said.event_type, error)


def _drivers(conf: cfg.ConfigOpts) -> list[str]:
    """Return what the files say, without loading oslo.messaging: most installations have no use for it."""
    asked = cfg.ConfigOpts()
    asked.register_opt(cfg.MultiStrOpt("driver", default=[]), group=GROUP)
    asked([word for file in conf.config_file for word in ("--config-file", file)], project="kasugai")
    return list(asked[GROUP].driver)
