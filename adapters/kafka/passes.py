"""One pass over a partition for all who ask about subjects of one host: what each of them gets of it.

Records are decoded once. What nobody can read of this version stays unread, so that whoever comes meets it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kasugai.adapters.kafka.decoding import decoded
from kasugai.adapters.kafka.passed import Passed
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.scanner import Scanned, Scanner
from kasugai.core.recovering.doors import LogUnreadable, Offsets
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Resume, Stop

Told = tuple[Incoming, Fact | Stop | Resume]
"""A record with its value."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What one of those who ask wants to know."""

    subject: str
    """Its name."""
    since: Offsets
    """How far he knows it already."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What was found for all."""

    scanned: Scanned
    by_subject: Mapping[str, Sequence[Told]]
    unreadable: Sequence[tuple[int, LogUnreadable]]
    """By offset: what a newer Kasugai wrote."""

    @property
    def ends(self) -> Offsets:
        """How far the partition is known now."""
        return {self.scanned.place: self.scanned.next}

    def of(self, wish: Wish) -> list[Told]:
        """Return what one of them has asked for. LogUnreadable where a record of that range is."""
        begin = self.scanned.begin(wish.since.get(self.scanned.place, 0))
        for offset, error in self.unreadable:
            if offset >= begin:
                raise LogUnreadable(str(error))
        return [told for told in self.by_subject.get(wish.subject, ()) if told[0].offset >= begin]


def read_pass(scanner: Scanner, passed: Passed, topic: str, host: str, wishes: Sequence[Wish]) -> Pass:
    """Read what is wished for, and no more of it than must be. LogAway."""
    key = host.encode()

    def starts(place: str) -> Sequence[int]:
        return [max(wish.since.get(place, 0), passed.start(place, key, wish.subject)) for wish in wishes]

    scanned = scanner.scan(topic, host, starts)
    if passed.ends_behind(scanned.place, scanned.next):  # it is another log
        passed.forget(scanned.place)
        scanned = scanner.scan(topic, host, starts)
    found = _decoded(scanned)
    _remember(passed, key, found)
    return found


def _decoded(scanned: Scanned) -> Pass:
    by_subject: dict[str, list[Told]] = {}
    unreadable: list[tuple[int, LogUnreadable]] = []
    for record in scanned.records:
        try:
            for _, value in decoded([record]):
                if isinstance(value, Fact | Stop | Resume):
                    by_subject.setdefault(value.subject.name, []).append((record, value))
        except LogUnreadable as error:
            unreadable.append((record.offset, error))
    return Pass(scanned, by_subject, unreadable)


def _remember(passed: Passed, key: bytes, found: Pass) -> None:
    scanned = found.scanned
    passed.saw_keys(scanned.place, scanned.start, scanned.next, scanned.firsts, low=scanned.low)
    if not found.unreadable:
        firsts = {name: told[0][0].offset for name, told in found.by_subject.items()}
        passed.saw_subjects(scanned.place, key, scanned.start, scanned.next, firsts, low=scanned.low)
