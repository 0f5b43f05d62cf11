"""Reads notifications one by one and concludes what is new.

It keeps a few thousand guests and requests (`memory`) and nothing else. After a restart it knows nothing, and concludes
the same from the same notifications, under the same ids. Which hosts the inventory has is for others to know, and what
came of which type for others to count.
"""

from kasugai.bridge.notification import Notification
from kasugai.bridge.reading.callers import Callers, word_of
from kasugai.bridge.reading.conclusions import CallerFailed, Conclusion, Landing, Wish
from kasugai.bridge.reading.heard import Heard, hear
from kasugai.bridge.reading.moves import Moves
from kasugai.bridge.reading.standing import Standing
from kasugai.bridge.reading.table import Becomes, rows_of
from kasugai.core.words.signals import Fault

UNKNOWN = "no row of the table fits it"
RUNNING = frozenset(["create", "power_on", "reboot", "unpause", "resume", "unrescue", "unshelve", "restore"])
"""What a user asks of a guest that should run."""


class Reader:
    """What one process concludes from all notifications that it reads."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self._standing = Standing()
        self._moves = Moves()
        self._callers = Callers()

    def read(self, notification: Notification) -> Conclusion:
        """Return what the notification adds to what was read before: of most, and of every type that no row names,
        nothing. Misshapen, which is Undecipherable, for a payload that no Nova sends."""
        heard = hear(notification)
        rows = rows_of(heard)
        become = {row.becomes for row in rows}
        landings = self._landings(heard, become)
        failures = self._callers.hear(heard, fails=Becomes.CALLER in become)
        told = [row.why for row in rows if row.becomes is not Becomes.LANDED or landings]
        return Conclusion(
            faults=(*self._faults(heard, become), *_words(failures, heard)),
            landings=landings,
            wishes=_wishes(heard, become),
            failures=tuple(failures),
            note="; ".join(told) or UNKNOWN,
        )

    def _faults(self, heard: Heard, become: set[Becomes]) -> tuple[Fault, ...]:
        """A guest that is on no host has nobody to fail it."""
        if not become & {Becomes.FAILED, Becomes.WELL} or not heard.guest or not heard.host:
            return ()
        said = self._standing.hear(heard, failed=Becomes.FAILED in become)
        return () if said is None else (said,)

    def _landings(self, heard: Heard, become: set[Becomes]) -> tuple[Landing, ...]:
        if not heard.guest or not (heard.event == "instance.update" or Becomes.MOVES in become):
            return ()
        landing = self._moves.hear(heard, lands=Becomes.LANDED in become)
        return () if landing is None else (landing,)


def _words(failures: list[CallerFailed], heard: Heard) -> list[Fault]:
    return [word_of(each, heard.request or heard.id) for each in failures]


def _wishes(heard: Heard, become: set[Becomes]) -> tuple[Wish, ...]:
    if Becomes.WISH not in become or not heard.guest or not heard.event.endswith(".end"):
        return ()
    runs = heard.event.split(".")[1] in RUNNING
    return (Wish(guest=heard.guest, runs=runs, user=heard.user, event=heard.event, at=heard.at),)
