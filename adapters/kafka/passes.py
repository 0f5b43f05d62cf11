"""One pass over a partition for all who ask about subjects of one host: what each of them gets of it.

Records are decoded once, and are not read again while they are kept (tails.py). What nobody can read of this version
stays unread, so that whoever comes meets it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kasugai.adapters.kafka.decoding import decoded
from kasugai.adapters.kafka.passed import Passed
from kasugai.adapters.kafka.scanner import Scanned, Scanner
from kasugai.adapters.kafka.tails import Tail, Tails, Told, Unread
from kasugai.core.recovering.doors import LogUnreadable, Offsets
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Resume, Stop


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
    """Of those who asked."""
    unread: Sequence[Unread]
    """What a newer Kasugai wrote."""

    @property
    def ends(self) -> Offsets:
        """How far the partition is known now."""
        return {self.scanned.place: self.scanned.next}

    def of(self, wish: Wish) -> list[Told]:
        """Return what one of them has asked for. LogUnreadable where a record of that range is."""
        begin = self.scanned.begin(wish.since.get(self.scanned.place, 0))
        for offset, error in self.unread:
            if offset >= begin:
                raise LogUnreadable(str(error))
        return [told for told in self.by_subject[wish.subject] if told[0].offset >= begin]


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier passes have left."""

    passed: Passed = field(default_factory=Passed)
    tails: Tails = field(default_factory=Tails)

    def ends_behind(self, place: str, end: int) -> bool:
        """Whether more has been seen of the partition than it has."""
        return self.passed.ends_behind(place, end) or self.tails.ends_behind(place, end)

    def forget(self, place: str) -> None:
        """It has been cut, or made anew."""
        self.passed.forget(place)
        self.tails.forget(place)


def read_pass(scanner: Scanner, known: Known, topic: str, host: str, wishes: Sequence[Wish]) -> Pass:
    """Read what is wished for, and no more of it than must be. LogAway."""
    key = host.encode()
    tail: Tail | None = None

    def starts(place: str) -> Sequence[int]:
        nonlocal tail
        tail = known.tails.known(place, key)
        begins = [
            max(wish.since.get(place, 0), known.passed.start(place, key, wish.subject)) for wish in wishes
        ]
        return begins if tail is None else [tail.next if tail.covers(begin) else begin for begin in begins]

    scanned = scanner.scan(topic, host, starts)
    if known.ends_behind(scanned.place, scanned.next) or (tail is not None and tail.next > scanned.next):
        known.forget(scanned.place)  # it is another log
        scanned = scanner.scan(topic, host, starts)
    told, unread = _decoded(scanned)
    _remember(known.passed, key, scanned, told, unread)
    tail = _extended(tail, scanned, told, unread)
    found = Pass(scanned, {wish.subject: tail.of(wish.subject) for wish in wishes}, tuple(tail.unread))
    known.tails.keep(scanned.place, key, tail)
    return found


def _decoded(scanned: Scanned) -> tuple[Sequence[Told], Sequence[Unread]]:
    told: list[Told] = []
    unread: list[Unread] = []
    for record in scanned.records:
        try:
            for _, value in decoded([record]):
                if isinstance(value, Fact | Stop | Resume):
                    told.append((record, value))
        except LogUnreadable as error:
            unread.append((record.offset, error))
    return told, unread


def _remember(
    passed: Passed, key: bytes, scanned: Scanned, told: Sequence[Told], unread: Sequence[Unread]
) -> None:
    passed.saw_keys(scanned.place, scanned.start, scanned.next, scanned.firsts, low=scanned.low)
    if not unread:
        firsts: dict[str, int] = {}
        for record, value in told:
            firsts.setdefault(value.subject.name, record.offset)
        passed.saw_subjects(scanned.place, key, scanned.start, scanned.next, firsts, low=scanned.low)


def _extended(tail: Tail | None, scanned: Scanned, told: Sequence[Told], unread: Sequence[Unread]) -> Tail:
    """Return the tail with what was found behind it; another one where that does not follow upon it."""
    if tail is None or scanned.start != tail.next:
        tail = Tail(scanned.start)
    tail.extend(scanned.next, told, unread)
    return tail
