"""Looks once a minute whether the topics still have the partitions of their birth: in every process, while it runs.

A topic whose number has changed has its keys elsewhere than their past, and nobody fails at it: this is who tells.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from kasugai.adapters.kafka.layout import line_of, wanted, way_back
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import LogAway

EVERY = 60.0

LOG = logging.getLogger(__name__)


class PartitionWatch:
    """What was last seen."""

    def __init__(self, settings: Settings) -> None:
        """Look at the topics of this deployment that its user may see."""
        self._topics = Topics(settings, "kasugai-partition-watch")
        self._wanted = wanted(settings)
        self._configured = settings.stream.partitions
        self.why = ""
        """What is wrong and what to do, in one line; empty when nothing is."""

    def look(self) -> None:
        """Look once and say what is wrong. Blocks; a broker that does not answer changes nothing."""
        try:
            reports = self._topics.shapes(self._wanted)
        except LogAway:
            return
        way = way_back(reports, self._configured)
        wrong = [report for report in reports if report.partitions[0] != report.partitions[1]]
        why = f"{line_of(wrong[0])}: {way}" if way else ""
        if why:
            LOG.error("%s", why)
        self.why = why  # last: whoever sees the process not ready finds the reason in its log


@contextmanager
def partitions_watched(settings: Settings, vitals: Vitals, every: float = EVERY) -> Iterator[PartitionWatch]:
    """Look at once and then again and again on a thread, and let `vitals` know, for the length of the block."""
    watch, ended = PartitionWatch(settings), Event()

    def keep_looking() -> None:
        watch.look()
        while not ended.wait(every):
            watch.look()

    vitals.watch(lambda: watch.why)
    Thread(target=keep_looking, name="partition-watch", daemon=True).start()
    try:
        yield watch
    finally:
        ended.set()
