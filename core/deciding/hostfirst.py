"""The gate by which a host goes before its guests and processes, and what of theirs its incident explains."""

from dataclasses import replace

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.draining import is_in_service
from kasugai.core.deciding.gates import Bars, Gate, Wait
from kasugai.core.deciding.rows import Condition, SubjectRow
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime, SteadyTime, later
from kasugai.core.words.verdicts import Reason, Verb


def _busy(asked: Asked) -> Reason | None:
    """Its host is being recovered, held, or suspected for less than ten minutes: one lasting word of one witness must
    not keep guests from being restarted for as long as it is said. A process that has condemned its host does not wait
    for what it has brought about. Nobody is moved away from a host that is out of service or that a person holds."""
    host = asked.host_row(asked.row.host)
    if host is None or asked.row.condemned is not None:
        return None
    until = _suspected_until(host)
    suspected = until is not None and (host.verb is Verb.HOLD or until > asked.deadline)
    is_left = is_hardware(asked.row.subject) and (not is_in_service(host) or host.hold is not None)
    return Reason.HOST_FIRST if host.incident is not None or suspected or is_left else None


def _suspected_until(host: SubjectRow) -> SteadyTime | None:
    standing = evidence.standing(host.conditions)
    return later(evidence.oldest(standing), evidence.PATIENCE) if standing else None


def _until_host_is_done(asked: Asked) -> Wait:
    host = asked.host_row(asked.row.host)
    return Wait(
        until=None if host is None else _suspected_until(host),
        on=frozenset({host_subject(asked.row.host).name}),
    )


HOST_FIRST = Gate(
    reasons=frozenset({Reason.HOST_FIRST}),
    why=_busy,
    wait=_until_host_is_done,
    bars=Bars.EVERYTHING,
    follows=True,
    undoing=True,
)
"""Nothing is held against its host."""


def is_answered(host: SubjectRow | None, condition: Condition) -> bool:
    """Whether the host's last incident explains a condition of a guest or a process of its."""
    return explains(host, condition.said)


def explains(host: SubjectRow | None, said: BrokerTime) -> bool:
    """Whether the host's last incident explains what was said before its end: its guests are elsewhere, its processes
    were ended with it. Once the host is in service again, what was said before it came back is over however the
    incident ended: a host that was repaired is not recovered for what ailed it before. What was said after it came
    back, while it was being taken back into service, is news."""
    if host is None or host.closed is None or host.incident is not None:
        return False
    closed = host.closed
    over = closed.phase is Phase.RECOVERED or (closed.phase is Phase.FAILED and closed.readmitted)
    return over and said <= (closed.returned_at or closed.at.at)


def answered(host: SubjectRow | None, conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions without what the host's incident has answered; what is repeated stays, explained."""
    kept = (
        replace(c, explained=True) if not c.explained and is_answered(host, c) else c
        for c in conditions
        if c.explained or c.source.repeats or not is_answered(host, c)
    )
    return tuple(kept)
