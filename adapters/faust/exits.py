"""The ways in which a processor ends itself, at once and before any further acknowledgement.

In doubt it dies: the supervisor starts it again, and what was not acknowledged is read again. `os._exit` skips
every clean-up on purpose: Faust's own would commit offsets.
"""

import logging
import os
import threading
from collections.abc import Callable
from enum import IntEnum
from typing import NoReturn

log = logging.getLogger(__name__)

SAY_WITHIN = 2.0
"""Seconds after which the process ends even if its log does not take the last line (a full pipe)."""


ON_LEAVING: list[Callable[[int], None]] = []
"""Told the code before the process ends: nobody can ask it afterwards."""


class Exit(IntEnum):
    """Exit codes of a processor; 70-75 all mean "start me again"."""

    UNHANDLED = 70
    """The handler raised, or Faust itself crashed."""
    SEND_FAILED = 71
    """A row's changelog write failed: Faust would log a warning and commit all the same (topics.py:474). Or Kafka did
    not take what follows from a record."""
    UNTRUSTED_ROWS = 72
    """What was restored is not what the changelog holds, or this version cannot read it."""
    SKIPPED = 73
    """The next record is not the one after the last: something was skipped."""
    ZOMBIE = 74
    """The broker has not confirmed our membership for too long: somebody else may own our partitions."""
    STUCK = 75
    """The consumer is parked, a loop stands still, or nothing moves: the watchdog's verdict."""


def leave(code: Exit, why: str) -> NoReturn:
    """Say why in one line and end the process without any clean-up, also when nobody reads what it says."""
    last = threading.Timer(SAY_WITHIN, os._exit, (code,))
    last.daemon = True
    last.start()
    log.critical("leaving with exit code %d (%s): %s", code, code.name.lower(), why)
    for tell in ON_LEAVING:
        tell(code)
    logging.shutdown()
    os._exit(code)
