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
    """A date that passed while nobody watched is over by the next tick."""
    on, date = (
        frozenset({described(asked.row.host)}),
        asked.host.record.maintenance_until if asked.host else 0,
    )
    if date == 0:
        return Wait(on=on)
    passed = asked.struck >= date
    return Wait(
        until=SteadyTime(date - asked.blind if passed else max(date - asked.blind, asked.deadline + 1)), on=on
    )


KNOWN = Gate(
    reasons=frozenset({Reason.UNKNOWN_SUBJECT}),
    why=_unknown,
    wait=lambda asked: Wait(on=frozenset({SEGMENT, described(asked.row.host)})),
    verb=Verb.IGNORE,
    bars=Bars.BEGINNING,
    counts=False,
    final=frozenset({Reason.UNKNOWN_SUBJECT}),
)
"""The inventory knows the host and its segment."""

NO_POOL = Gate(
    reasons=frozenset({Reason.NO_POOL}),
    why=lambda _: Reason.NO_POOL,
    verb=Verb.IGNORE,
    final=frozenset({Reason.NO_POOL}),
)
"""Somebody recovers what is of this kind: nobody does, as long as this gate stands among its kind's."""

MAINTAINED = Gate(
    reasons=frozenset({Reason.MAINTENANCE}),
    why=_maintained,
    wait=_until_maintained,
    bars=Bars.BEGINNING,
    counts=False,
)
"""No operator has set the host aside."""

ARMED = Gate(
    reasons=frozenset({Reason.DISARMED, Reason.DISARMED_BY_COMMAND, Reason.UNDECIDABLE}),
    why=_disarmed,
    wait=lambda _: Wait(on=frozenset({SEGMENT})),
    bars=Bars.EVERYTHING,
    final=frozenset({Reason.DISARMED}),
)
"""The segment may act: by its description, by the last command, and because no bug has struck it."""

HELD = Gate(
    reasons=frozenset({Reason.HELD_BY_COMMAND}),
    why=lambda asked: None if asked.row.hold is None else Reason.HELD_BY_COMMAND,
    wait=lambda asked: Wait(on=frozenset({asked.row.name})),
    bars=Bars.EVERYTHING,
)
"""No person holds the subject."""
