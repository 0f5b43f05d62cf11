"""The gates of what is permitted: by the inventory, by a segment's description, by a person's word."""

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import SEGMENT, Bars, Gate, Wait, described
from kasugai.core.words.timing import SteadyTime
from kasugai.core.words.verdicts import Reason, Verb


def _unknown(asked: Asked) -> Reason | None:
    known = asked.segment is not None and asked.host is not None
    return None if known else Reason.UNKNOWN_SUBJECT


def _disarmed(asked: Asked) -> Reason | None:
    segment = asked.segment
    if segment is None:
        return None
    if segment.undecidable:
        return Reason.UNDECIDABLE
    if segment.disarmed is not None:
        return Reason.DISARMED_BY_COMMAND
    return None if segment.record.armed else Reason.DISARMED


def _maintained(asked: Asked) -> Reason | None:
    """Maintenance ends when an operator says so, or at its date (which passes at ticks)."""
    if asked.host is None or not asked.host.record.on_maintenance:
        return None
    until = asked.host.record.maintenance_until
    return Reason.MAINTENANCE if until == 0 or asked.struck < until else None


def _until_maintained(asked: Asked) -> Wait:
    on, date = (
        frozenset({described(asked.row.host)}),
        asked.host.record.maintenance_until if asked.host else 0,
    )
    if date == 0:
        return Wait(on=on)
    return Wait(until=_passes(date, asked), on=on)


def _silenced(asked: Asked) -> Reason | None:
    """A silence ends at its date (which passes at ticks), or when its keeper says so; that nobody tells of it any more
    ends nothing."""
    silence = None if asked.host is None else asked.host.silence
    return None if silence is None or asked.struck >= silence.until else Reason.SILENCED


def _until_silenced(asked: Asked) -> Wait:
    """As of a maintenance with a date."""
    silence = None if asked.host is None else asked.host.silence
    on = frozenset({described(asked.row.host)})
    return Wait(on=on) if silence is None else Wait(until=_passes(silence.until, asked), on=on)


def _whose(asked: Asked, reason: Reason) -> str:
    silence = None if asked.host is None else asked.host.silence
    return "" if silence is None else f"{silence.author}: {silence.reason}"


def _passes(date: int, asked: Asked) -> SteadyTime:
    """Return the steady time at which a date has passed: one that did while nobody watched is over by the next tick."""
    passed = asked.struck >= date
    return SteadyTime(date - asked.blind if passed else max(date - asked.blind, asked.deadline + 1))


KNOWN = Gate(
    reasons=frozenset({Reason.UNKNOWN_SUBJECT}),
    why=_unknown,
    wait=lambda asked: Wait(on=frozenset({SEGMENT, described(asked.row.host)})),
    verb=Verb.IGNORE,
    bars=Bars.BEGINNING,
    counts=False,
    final=frozenset({Reason.UNKNOWN_SUBJECT}),
    undoing=True,
)
"""The inventory knows the host and its segment."""

MAINTAINED = Gate(
    reasons=frozenset({Reason.MAINTENANCE}),
    why=_maintained,
    wait=_until_maintained,
    bars=Bars.BEGINNING,
    counts=False,
    undoing=True,
)
"""No operator has set the host aside."""

SILENCED = Gate(
    reasons=frozenset({Reason.SILENCED}),
    why=_silenced,
    wait=_until_silenced,
    bars=Bars.BEGINNING,
    undoing=True,
    detail=_whose,
)
"""Nobody has silenced the host where it is monitored. It counts in a storm as it would without: a silence may stop
what would be done about its host, and must let nothing be done about another one (ADR 25)."""

ARMED = Gate(
    reasons=frozenset({Reason.DISARMED, Reason.DISARMED_BY_COMMAND, Reason.UNDECIDABLE}),
    why=_disarmed,
    wait=lambda _: Wait(on=frozenset({SEGMENT})),
    bars=Bars.EVERYTHING,
    final=frozenset({Reason.DISARMED}),
    undoing=True,
)
"""The segment may act: by its description, by the last command, and because no bug has struck it."""

HELD = Gate(
    reasons=frozenset({Reason.HELD_BY_COMMAND}),
    why=lambda asked: None if asked.row.hold is None else Reason.HELD_BY_COMMAND,
    wait=lambda asked: Wait(on=frozenset({asked.row.name})),
    bars=Bars.EVERYTHING,
    undoing=True,
)
"""No person holds the subject."""
