"""Looks once a minute whether the topics are still those that they were, and as their contracts say: in every process,
while it runs.

A topic whose number of partitions has changed has its keys elsewhere than their past, and one with other settings may
lose records or refuse them: nobody fails at it at once, so this is who tells. One that was made anew under its name
ends the process: its clients stand where the old one was, and would pass over as many records of the new one; the next
life begins at its beginning (topic_ids.py).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from kasugai.adapters.kafka.layout import line_of, wanted, way_back
from kasugai.adapters.kafka.stranded import ENDS
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.recovering.doors import LogAway

EVERY = 60.0

LOG = logging.getLogger(__name__)


class TopicWatch:
    """What was last seen."""

    def __init__(self, settings: Settings) -> None:
        """Look at the topics of this deployment that its user may see."""
        self._topics = Topics(settings, "kasugai-topic-watch")
        self._wanted = wanted(settings)
        self._configured = settings.stream.partitions
        self._ids: dict[str, str] = {}
        self.why = ""
        """What is wrong and what to do, in one line; empty when nothing is."""

    def look(self) -> None:
        """Look once and say what is wrong. Blocks; a broker that does not answer changes nothing."""
        try:
            reports = self._topics.visible(self._wanted)
            self._remember(self._topics.ids(report.topic for report in reports))
        except LogAway:
            return
        way = way_back(reports, self._configured)
        wrong = [
            report for report in reports if report.partitions[0] != report.partitions[1] or report.changes
        ]
        remedy = way or "type kasugai topics check, then kasugai topics apply"
        why = f"{line_of(wrong[0])}: {remedy}" if wrong else ""
        if why:
            LOG.error("%s", why)
        self.why = why  # last: whoever sees the process not ready finds the reason in its log

    def _remember(self, ids: dict[str, str]) -> None:
        """End the process if a topic is another one than it was."""
        for topic, id_ in ids.items():
            if self._ids.setdefault(topic, id_) != id_:
                for end in ENDS:
                    end(f"{topic} was made anew while this process ran: starting over")


@contextmanager
def topics_watched(settings: Settings, vitals: Vitals, every: float = EVERY) -> Iterator[TopicWatch]:
    """Look at once and then again and again on a thread, and let `vitals` know, for the length of the block."""
    watch, ended = TopicWatch(settings), Event()

    def keep_looking() -> None:
        watch.look()
        while not ended.wait(every):
            watch.look()

    vitals.watch(lambda: watch.why)
    Thread(target=keep_looking, name="topic-watch", daemon=True).start()
    try:
        yield watch
    finally:
        ended.set()
