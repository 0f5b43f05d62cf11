"""Turns broker timestamps into a partition's time: `now` never goes back, and time that nobody watched does not count.

Deadlines pass only at ticks, which stand in the mailbox behind everything that was said before them: a tick that
overtook a sign of life would shoot a living host (streaming.md section 0, rule 9).
"""

from dataclasses import dataclass, replace

from kasugai.core.deciding.rows import ClockRow, Moment
from kasugai.core.words.signals import Tick
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime

TICK_NEAR: Millis = Millis(500)
"""The period of ticks while a deadline lies within `NEAR`."""
TICK_FAR: Millis = Millis(30_000)
"""The period of ticks otherwise."""
NEAR: Millis = Millis(10_000)
"""How near a deadline must be for frequent ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What a decision knows about time."""

    moment: Moment
    """Now: what is first seen is stamped with it."""
    deadline: SteadyTime
    """Steady time of the last tick: what is due by then is due."""
    before: SteadyTime = SteadyTime(-1)
    """For a tick: the deadline of the tick before it; what was due by then has been weighed."""
    struck: BrokerTime = BrokerTime(0)
    """Broker time of the last tick: what ends at a date has ended by then."""
    struck_before: BrokerTime = BrokerTime(0)
    """For a tick: broker time of the tick before it."""
    blind: Millis = Millis(0)
    """Time that passed unobserved, all told: a date by the broker comes so much earlier by the steady clock."""

    @property
    def of_tick_before(self) -> "Times":
        """The times as they were for the tick before this one; what was spent blind since is known."""
        return replace(self, deadline=self.before, struck=self.struck_before)


def advance_clock(clock: ClockRow, at: BrokerTime) -> ClockRow:
    """Return the clock after a record that is no tick, with the broker's timestamp `at`."""
    if at <= clock.now:
        return clock
    return _clock(clock, clock.offset, at, clock.blind, clock.tick_at, clock.period)


def strike(clock: ClockRow, tick: Tick, at: BrokerTime, offset: int = -1) -> ClockRow:
    """Return the clock after a tick, which lies at `offset`: what exceeds two announced periods since the last one was
    time spent blind."""
    now = max(clock.now, at)
    blind = Millis(clock.blind + _excess(clock, now))
    return _clock(clock, offset, now, blind, now, tick.period)


def _clock(
    clock: ClockRow, offset: int, now: BrokerTime, blind: Millis, tick_at: BrokerTime, period: Millis
) -> ClockRow:
    """As `replace`, which takes four times as long, and a month has a million ticks."""
    return ClockRow(
        partition=clock.partition,
        offset=offset,
        now=now,
        blind=blind,
        tick_at=tick_at,
        period=period,
        topic=clock.topic,
    )


def times(clock: ClockRow, before: ClockRow | None = None) -> Times:
    """Return the times for a decision under `clock`, which has been advanced to the record in question from
    `before`."""
    steady = clock.now - clock.blind - _excess(clock, clock.now)
    passed = -1 if before is None else before.tick_at - before.blind
    return Times(
        moment=Moment(at=clock.now, steady=SteadyTime(steady)),
        deadline=SteadyTime(clock.tick_at - clock.blind),
        before=SteadyTime(passed),
        struck=clock.tick_at,
        struck_before=BrokerTime(0 if before is None else before.tick_at),
        blind=clock.blind,
    )


def _excess(clock: ClockRow, now: BrokerTime) -> Millis:
    if clock.tick_at == 0:
        return Millis(0)
    return Millis(max(0, now - clock.tick_at - 2 * clock.period))


def period_for(nearest: SteadyTime | None, steady: SteadyTime) -> Millis:
    """Return the period for ticks when the nearest deadline is `nearest` on the steady clock."""
    return TICK_NEAR if nearest is not None and nearest - steady <= NEAR else TICK_FAR
