"""What stands between evidence and an incident: each gate a small function with its own closed reason.

All gates are evaluated and all are reported; the first in order gives the verdict its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kasugai.core.deciding import evidence
from kasugai.core.deciding.rows import HostRow, SegmentRow, SubjectRow
from kasugai.core.deciding.storm import Tally, storm, told
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, Instant, Millis
from kasugai.core.words.verdicts import Reason, Verb

FORBIDDEN = frozenset(
    {Reason.DISARMED, Reason.DISARMED_BY_COMMAND, Reason.UNDECIDABLE, Reason.HELD_BY_COMMAND}
)
"""What also stops an incident whose effects have begun: somebody said that nothing further may be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known about a subject's surroundings."""

    segment: SegmentRow | None
    host: HostRow | None
    deadline: Instant
    struck: Instant = 0
    """Broker time of the last tick."""
    cooldown: Millis = PRODUCTION.cooldown
    tally: Tally = field(default_factory=Tally)
    hosts: Mapping[str, HostRow] = field(default_factory=dict)
    """The segment's, by name, deleted ones included."""
    subjects: Mapping[str, SubjectRow] = field(default_factory=dict)
    """The segment's, as this record has left them so far."""

    @property
    def policy(self) -> Policy:
        """The segment's policy, or the defaults where no segment is known."""
        return self.segment.record.policy if self.segment else Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What the gates say about a subject with standing conditions."""

    proof: Reason
    """Why it counts as dead, or why not yet."""
    closed: tuple[Reason, ...]
    """The gates that do not let it through, in order; empty: an incident may be opened."""

    @property
    def verb(self) -> Verb:
        """What to tell when a gate is closed."""
        if self.closed[0] in (Reason.UNKNOWN_SUBJECT, Reason.NO_POOL):
            return Verb.IGNORE
        return Verb.SUSPECT if self.closed[0] is self.proof else Verb.HOLD


def pass_gates(row: SubjectRow, setting: Setting) -> Passage:
    """Return what all gates say. `row` has at least one condition that no closed incident explains."""
    proof = evidence.weigh(evidence.standing(row.conditions), setting.policy, setting.deadline)
    is_proven = proof in evidence.PROOFS
    answers = (
        _known(setting),
        _pool(row),
        _maintained(setting),
        None if is_proven else proof,
        _armed(setting),
        _held(row),
        calm(row, setting) if is_proven else None,
    )
    return Passage(proof=proof, closed=tuple(answer for answer in answers if answer is not None))


def may_act(row: SubjectRow, setting: Setting) -> Reason | None:
    """Return what forbids to publish an open incident again, or None."""
    return _known(setting) or _armed(setting) or _held(row) or _maintained(setting)


def calm(row: SubjectRow, setting: Setting) -> Reason | None:
    """Return why a storm holds a confirmed subject, or None. What is not in service is in no storm."""
    if setting.segment is None or row.kind is not Kind.HOST:
        return None
    return storm(row, setting.segment, setting.tally, setting.deadline, setting.cooldown)


def number(reason: Reason, row: SubjectRow, setting: Setting) -> str:
    """Return how many hosts are unhealthy, where a person is asked about them."""
    return told(reason, row, setting.tally, setting.deadline)


def _known(setting: Setting) -> Reason | None:
    known = setting.segment is not None and setting.host is not None
    return None if known else Reason.UNKNOWN_SUBJECT


def _pool(row: SubjectRow) -> Reason | None:
    return None if row.kind is Kind.HOST else Reason.NO_POOL


def _armed(setting: Setting) -> Reason | None:
    segment = setting.segment
    if segment is None:
        return None
    if segment.undecidable:
        return Reason.UNDECIDABLE
    if segment.disarmed is not None:
        return Reason.DISARMED_BY_COMMAND
    return None if segment.record.armed else Reason.DISARMED


def _held(row: SubjectRow) -> Reason | None:
    return None if row.hold is None else Reason.HELD_BY_COMMAND


def _maintained(setting: Setting) -> Reason | None:
    """Maintenance ends when an operator says so, or at its date (which passes at ticks)."""
    if setting.host is None or not setting.host.record.on_maintenance:
        return None
    until = setting.host.record.maintenance_until
    return Reason.MAINTENANCE if until == 0 or setting.struck < until else None
