"""Reads notifications one by one and concludes what is new. Never raises: what cannot be read is counted.

It keeps a few thousand guests and requests (`memory`) and nothing else. After a restart it knows nothing, and concludes
the same from the same notifications, under the same ids.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum

from kasugai.bridge.notification import Notification
from kasugai.bridge.reading.callers import Callers, word_of
from kasugai.bridge.reading.conclusions import CallerFailed, Conclusion, Landing, Wish
from kasugai.bridge.reading.heard import Heard, Misshapen, hear
from kasugai.bridge.reading.moves import Moves
from kasugai.bridge.reading.standing import Standing
from kasugai.bridge.reading.table import Becomes, Row, is_known, rows_of
from kasugai.core.words.signals import Fault

MOST_EVENTS = 200
"""So many names of events are counted apart; all others together."""
OTHERS = "other"


class Count(StrEnum):
    """What is counted of notifications of which nothing is published."""

    NOTHING = "nothing"
    """The table says nothing of them, or that nothing becomes of them."""
    UNKNOWN_EVENT = "unknown-event"
    """Of a type that the table does not name."""
    UNKNOWN_HOST = "unknown-host"
    """About a host that the inventory does not know, or a guest there."""
    MISSHAPEN = "misshapen"
    """No Nova sends such a payload."""


class Reader:
    """What one process concludes from all notifications that it reads."""

    def __init__(self, knows: Callable[[str], bool] = lambda host: True) -> None:
        """Nothing was heard. `knows`: whether the inventory knows a host; nothing is published about any other."""
        self._knows = knows
        self._standing = Standing()
        self._moves = Moves()
        self._callers = Callers()
        self._counts: Counter[tuple[Count, str]] = Counter()

    @property
    def counts(self) -> Mapping[tuple[Count, str], int]:
        """Return how many notifications came of which nothing was published, by why and by event."""
        return self._counts

    def read(self, notification: Notification) -> Conclusion:
        """Return what the notification adds to what was read before."""
        try:
            heard = hear(notification)
        except Misshapen as why:
            return self._counted(Count.MISSHAPEN, notification.event, f"misshapen: {why}")
        if not is_known(heard.event):
            return self._counted(Count.UNKNOWN_EVENT, heard.event, "an event that nobody has a row for")
        rows = rows_of(heard)
        concluded = self._conclude(heard, rows)
        if concluded.faults or concluded.landings:
            return concluded
        is_strange = heard.host != "" and not self._knows(heard.host)
        self._count(Count.UNKNOWN_HOST if is_strange else Count.NOTHING, heard.event)
        return concluded

    def _conclude(self, heard: Heard, rows: tuple[Row, ...]) -> Conclusion:
        become = {row.becomes for row in rows}
        failures = self._failures(heard, become)
        landings = [] if not heard.guest else self._landings(heard, become)
        return Conclusion(
            faults=(*self._faults(heard, become), *(word_of(each, _episode(heard)) for each in failures)),
            landings=tuple(landings),
            wishes=_wishes(heard, become),
            failures=tuple(failures),
            note="; ".join(row.why for row in rows if row.becomes is not Becomes.LANDED or landings),
        )

    def _faults(self, heard: Heard, become: set[Becomes]) -> tuple[Fault, ...]:
        if not become & {Becomes.FAILED, Becomes.WELL} or not heard.guest or not self._is_here(heard.host):
            return ()
        said = self._standing.hear(heard, failed=Becomes.FAILED in become)
        return () if said is None else (said,)

    def _landings(self, heard: Heard, become: set[Becomes]) -> list[Landing]:
        if heard.event != "instance.update" and Becomes.MOVES not in become:
            return []
        landing = self._moves.hear(heard, lands=Becomes.LANDED in become)
        return [landing] if landing is not None and self._knows(landing.source) else []

    def _failures(self, heard: Heard, become: set[Becomes]) -> list[CallerFailed]:
        failed = self._callers.hear(heard, fails=Becomes.CALLER in become)
        return [each for each in failed if self._is_here(each.host)]

    def _is_here(self, host: str) -> bool:
        return host != "" and self._knows(host)

    def _counted(self, why: Count, event: str, note: str) -> Conclusion:
        self._count(why, event)
        return Conclusion(note=note)

    def _count(self, why: Count, event: str) -> None:
        key = (why, event)
        self._counts[key if key in self._counts or len(self._counts) < MOST_EVENTS else (why, OTHERS)] += 1


def _episode(heard: Heard) -> str:
    return heard.request or heard.id


def _wishes(heard: Heard, become: set[Becomes]) -> tuple[Wish, ...]:
    if Becomes.WISH not in become or not heard.guest or not heard.event.endswith(".end"):
        return ()
    return (Wish(guest=heard.guest, runs=_runs(heard), user=heard.user, event=heard.event, at=heard.at),)


def _runs(heard: Heard) -> bool:
    return heard.event.split(".")[1] in RUNNING


RUNNING = frozenset({"create", "power_on", "reboot", "unpause", "resume", "unrescue", "unshelve", "restore"})
"""What a user asks of a guest that should run."""
