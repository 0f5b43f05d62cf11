"""What an agent has said and Kafka has not confirmed: on disk as long as the disk takes it, else in memory.

A word that the disk does not take is sent all the same; it is lost only if the process ends before Kafka has it, and
`trouble` says so. Order: what is on disk goes first, oldest first. It knows neither what a word says nor how it is
sent.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kasugai.adapters.outbox import Dropped, Episode, Outbox, OutboxAway, Waiting

IN_MEMORY = 1_000
"""Words that are kept in memory at most while the disk takes none."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Unkept:
    """A word that is in memory alone."""

    record: Waiting
    subject: str
    stands: Episode | None
    is_handed: bool = False


class Store:
    """The outbox and what did not fit into it."""

    def __init__(self, opened: Callable[[], Outbox]) -> None:
        """`opened` opens the file; it is asked again for as long as it fails."""
        self._opened = opened
        self._outbox: Outbox | None = None
        self._unkept: dict[int, _Unkept] = {}
        self._standing: dict[str, Episode | None] = {}
        """What the disk does not know of who stands."""
        self._confirmed: set[int] = set()
        """What Kafka has and the disk still holds."""
        self._cursor = 0
        self._last = 0
        self._last_unkept = 0
        self.trouble = ""
        """Why the disk takes nothing, in one line; empty while it does."""
        self.lost = 0
        """Words that found no room and will not be said again."""
        self._open()

    def __len__(self) -> int:
        """Return how many words wait."""
        on_disk = len(self._outbox) if self._outbox is not None else 0
        return on_disk + len(self._unkept)

    def number(self, at_least: int) -> int:
        """Return a number above all that were given out and at least `at_least`."""
        try:
            self._last = self._file().number(max(at_least, self._last + 1))
        except OutboxAway as error:
            self._away(error)
            self._last = max(at_least, self._last + 1)
        return self._last

    def episode_of(self, subject: str) -> Episode | None:
        """Return the occurrence that stands for a subject."""
        if subject in self._standing:
            return self._standing[subject]
        try:
            return self._file().episode_of(subject)
        except OutboxAway as error:
            self._away(error)
            return None

    def put(self, record: Waiting, subject: str, stands: Episode | None) -> None:
        """Keep a word, and whether its subject's occurrence stands from now on. Behind a word that is in memory it
        waits there too: words keep their order."""
        unkept = _Unkept(record, subject, stands)
        if self._unkept:
            self.mend()
        if self._unkept:
            self._remember(unkept)
            return
        try:
            self._tell(self._file().put(record, subject, stands))
        except OutboxAway as error:
            self._away(error)
            self._remember(unkept)

    def next(self, most: int) -> list[tuple[int, Waiting]]:
        """Return up to `most` words that were not handed out since the last `rewind`, each with its number."""
        self.mend()
        found = self._on_disk(most)
        for number, unkept in self._unkept.items():
            if len(found) < most and not unkept.is_handed:
                unkept.is_handed = True
                found.append((number, unkept.record))
        return found

    def confirm(self, numbers: Iterable[int]) -> None:
        """Forget what Kafka has, or will never take."""
        for number in numbers:
            if self._unkept.pop(number, None) is None:
                self._confirmed.add(number)
        self._forget_confirmed()

    def rewind(self) -> None:
        """Hand out again what was not confirmed. Nothing may be under way."""
        self._cursor = 0
        for unkept in self._unkept.values():
            unkept.is_handed = False

    def mend(self) -> None:
        """Bring onto the disk what it did not take before, unless some of it is under way: it would come to lie behind
        what was said later."""
        if not (self.trouble or self._unkept or self._confirmed):
            return
        self._open()
        if self._outbox is None or any(unkept.is_handed for unkept in self._unkept.values()):
            return
        try:
            self._move_to(self._outbox)
        except OutboxAway as error:
            self._away(error)
            return
        self._standing.clear()
        if self.trouble:
            log.info("the outbox on disk takes words again")
        self.trouble = ""

    def _move_to(self, outbox: Outbox) -> None:
        """Write all that the disk does not know; a number besides, so that it has taken something in any case."""
        outbox.shrink()
        if self._confirmed:
            outbox.remove(sorted(self._confirmed))
            self._confirmed.clear()
        for number, unkept in list(self._unkept.items()):
            stands = self._standing.get(unkept.subject, unkept.stands)
            self._tell(outbox.put(unkept.record, unkept.subject, stands))
            del self._unkept[number]
        self._last = outbox.number(self._last + 1)

    def close(self) -> None:
        """Close the file."""
        if self._outbox is not None:
            self._outbox.close()

    def _on_disk(self, most: int) -> list[tuple[int, Waiting]]:
        try:
            found = list(self._file().after(self._cursor, most))
        except OutboxAway as error:
            self._away(error)
            return []
        if found:
            self._cursor = found[-1][0]
        return [(number, record) for number, record in found if number not in self._confirmed]

    def _forget_confirmed(self) -> None:
        if not self._confirmed:
            return
        try:
            self._file().remove(sorted(self._confirmed))
            self._confirmed.clear()
        except OutboxAway as error:
            self._away(error)

    def _remember(self, unkept: _Unkept) -> None:
        """Numbers of what is in memory are negative: the file gives positive ones."""
        self._last_unkept -= 1
        self._unkept[self._last_unkept] = unkept
        self._standing[unkept.subject] = unkept.stands
        if len(self._unkept) > IN_MEMORY:
            self._give_up_one()

    def _give_up_one(self) -> None:
        repeats = (number for number, unkept in self._unkept.items() if unkept.record.repeats)
        number = next(repeats, next(iter(self._unkept)))
        self.lost += not self._unkept.pop(number).record.repeats
        log.error("a word was dropped: the disk takes none, and memory has room for %d", IN_MEMORY)

    def _tell(self, dropped: Dropped) -> None:
        self.lost += dropped.others
        if dropped.repeated or dropped.others:
            log.warning(
                "the outbox is full: %d repetitions were dropped, and %d words that nobody will say again",
                dropped.repeated,
                dropped.others,
            )

    def _file(self) -> Outbox:
        if self._outbox is None:
            raise OutboxAway(self.trouble)
        return self._outbox

    def _open(self) -> None:
        if self._outbox is not None:
            return
        try:
            self._outbox = self._opened()
        except OutboxAway as error:
            self._away(error)

    def _away(self, error: OutboxAway) -> None:
        if not self.trouble:
            log.error("the outbox on disk takes nothing: %s: words are kept in memory until it does", error)
        self.trouble = (
            f"the outbox on disk takes nothing: {error}: make room, or give the agent its state_dir"
        )
