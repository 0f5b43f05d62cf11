"""A partition of a recorded mailbox through today's rules.

Offsets are spread, so that what the recording has not (answers of a stand-in, ticks) finds room between two records;
nothing that is compared is derived from them.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from kasugai.cli.replaying.past import Past
from kasugai.cli.replaying.policies import Policies
from kasugai.cli.replaying.standin import StandIn
from kasugai.core.deciding.mailbox import Decided, Mailbox
from kasugai.core.deciding.rows import Row, SubjectRow
from kasugai.core.deciding.steady import TICK_FAR, TICK_NEAR
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.signals import Letter, Outcome, Stamp, Tick
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime, Timing, between, later
from kasugai.streams.frames import Frames

ROOM = 16
"""Bits of an offset for what comes between two records."""
LATE: Millis = Millis(1_000)
"""A living correlate lets no deadline pass for longer without a tick."""


class Rerun:
    """One partition."""

    def __init__(
        self, partition: int, timing: Timing, past: Past, policies: Policies, rows: Sequence[Row] = ()
    ) -> None:
        """Stand where the recording begins, with the rows that there were then."""
        self.partition = partition
        self.told: list[Seen] = []
        """What is decided, and what is answered by nobody."""
        self.undecidable = 0
        rows = [policies.row(row) for row in rows]
        self._policies = policies
        self._frames = Frames()
        self._mailbox = Mailbox.restore(partition, rows, timing, self._frames.misfit)
        self._stand_in = StandIn(past, timing, _known(rows))
        self._last = Stamp(partition=partition, offset=-1, at=BrokerTime(0))
        self._tick = Tick(period=TICK_FAR)
        """The last one of the recording."""

    def take(self, letter: Letter, offset: int, at: BrokerTime) -> None:
        """Decide a letter of the recording, and before it what would have come since the one before."""
        if self._last.at and (self._policies.replaces or self._stand_in.is_busy):
            self._pass_time(at)
        signal = letter.signal
        if isinstance(signal, Tick):
            self._tick = signal
        elif isinstance(signal, Outcome) and not self._stand_in.obeys(signal.fact):
            return
        stamp = Stamp(partition=self.partition, offset=offset << ROOM, at=at)
        self._decide(self._policies.letter(letter), stamp)

    @property
    def assumed(self) -> dict[UUID, UUID | None]:
        """The incidents that nobody has answered, with the recorded one after which they went."""
        return self._stand_in.assumed

    def _decide(self, letter: Letter, stamp: Stamp) -> None:
        self._last = stamp
        decided = self._mailbox.take(letter, stamp)
        self._frames.clear()
        if decided.verdicts or decided.orders:
            self._keep(decided, stamp)
        self.undecidable += bool(decided.errors)

    def _keep(self, decided: Decided, stamp: Stamp) -> None:
        self.told += [Seen(verdict.at, stamp.offset, verdict) for verdict in decided.verdicts]
        self.told += [Seen(order.decided_at, stamp.offset, order) for order in decided.orders]
        self._stand_in.hear(decided.orders)

    def _pass_time(self, until: BrokerTime) -> None:
        """Give the stand-in's answers, and the ticks that correlate would have written, up to the next record."""
        ticks = self._policies.replaces and not self._is_blind(until)
        while True:
            answer = self._stand_in.due()
            tick = self._missed(until) if ticks else None
            if answer is not None and answer < until and (tick is None or answer <= tick):
                self._answer(answer)
            elif tick is not None:
                self._insert(Letter(segment="", signal=self._tick), tick)
            else:
                return

    def _answer(self, at: BrokerTime) -> None:
        letter, fact = self._stand_in.answer(at)
        stamp = self._insert(letter, at)
        self.told.append(Seen(stamp.at, stamp.offset, fact))

    def _insert(self, letter: Letter, at: BrokerTime) -> Stamp:
        stamp = Stamp(
            partition=self.partition, offset=self._last.offset + 1, at=BrokerTime(max(at, self._last.at))
        )
        self._decide(letter, stamp)
        return stamp

    def _missed(self, until: BrokerTime) -> BrokerTime | None:
        """Return when a tick was due that the recording has not, because then nobody waited for anything."""
        nearest = self._mailbox.nearest
        if nearest is None:
            return None
        at = max(self._broker_time(nearest), later(self._last.at, TICK_NEAR))
        return at if between(at, until) > LATE else None

    def _broker_time(self, steady: SteadyTime) -> BrokerTime:
        return BrokerTime(steady + self._mailbox.clock.blind)

    def _is_blind(self, until: BrokerTime) -> bool:
        """Whether correlate was away: what passes then unseen is no time for anybody."""
        clock = self._mailbox.clock
        return clock.tick_at == 0 or between(clock.tick_at, until) > 2 * clock.period


def _known(rows: Sequence[Row]) -> Iterator[UUID]:
    for row in rows:
        if isinstance(row, SubjectRow):
            if row.incident is not None:
                yield row.incident.order.incident
            if row.closed is not None:
                yield row.closed.incident
