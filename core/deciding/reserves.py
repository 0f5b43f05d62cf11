"""Gives reserve hosts to incidents: the only place that does, for correlate is serial per segment.

A reserve is free while its description says so, nothing speaks against it, no open incident has it and none has put it
to use since it was described. One at a time: the next one is given when a worker has found no room in those before.
"""

from dataclasses import replace

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.destinations import may_take
from kasugai.core.deciding.gates import DESCRIPTIONS, Gate, Wait, When
from kasugai.core.deciding.rows import HostRow, Spent, SubjectRow
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Method
from kasugai.core.words.timing import Millis, SteadyTime
from kasugai.core.words.verdicts import Reason

LOOK_AGAIN: Millis = Millis(30_000)
"""Who waits for a reserve is looked at this often: what frees one is said about others."""


def give(asked: Asked) -> tuple[str, ...]:
    """Return the reserves of a new incident of a host: one, or none where there is none or the policy wants none."""
    return free(asked)[:1] if _takes(asked, asked.policy.method) else ()


def _takes(asked: Asked, method: Method) -> bool:
    return asked.row.subject.is_host and method is not Method.AUTO


def extended(asked: Asked, order: Open, why: str) -> tuple[str, ...]:
    """Return the reserves of the next publication: without those that are its own no more, and one more if there was no
    room (`why` it waited)."""
    own = _kept(asked, order)
    if why != Reason.NO_CAPACITY or not _takes(asked, order.policy.method):
        return own
    more = [host for host in free(asked) if host not in order.reserves]
    return (*own, *more[:1])


def _kept(asked: Asked, order: Open) -> tuple[str, ...]:
    """A reserve that an operator has set aside is none; one that a failed incident did not use may have been given to
    another before the retry. Whether it lives is for the worker to see."""
    taken, spent = _elsewhere(asked)
    known = ((name, asked.hosts.get(name)) for name in order.reserves)
    return tuple(
        name for name, host in known if host is not None and name not in taken and _is_reserve(host, spent)
    )


def _elsewhere(asked: Asked) -> tuple[set[str], set[Spent]]:
    """Which reserves the open incidents of other subjects have, and which ones others have put to use."""
    others = [other for other in asked.subjects.values() if other.name != asked.row.name]
    taken = {host for other in others if other.incident is not None for host in other.incident.order.reserves}
    return taken, {each for other in others for each in other.spent}


def free(asked: Asked) -> tuple[str, ...]:
    """Return the segment's healthy and unused reserves by name, as far as the subject is concerned (what its
    own incident has is none of its others')."""
    taken, spent = _elsewhere(asked)
    spent |= set(asked.row.spent)
    return tuple(
        name
        for name, host in sorted(asked.hosts.items())
        if name != asked.row.host
        and name not in taken
        and _is_reserve(host, spent)
        and may_take(asked.host_row(name))
    )


def _is_reserve(host: HostRow, spent: set[Spent]) -> bool:
    record = host.record
    used = Spent(host=record.name, version=record.version) in spent
    return record.reserved and not record.deleted and not record.on_maintenance and not used


def spend(asked: Asked, fact: Fact) -> SubjectRow:
    """Return the row after its incident was closed by `fact`: the reserves that were put to use are reserves no more
    until their descriptions are written anew; those that were not are free again."""
    current = {name: host.record.version for name, host in asked.hosts.items()}
    kept = {each for each in asked.row.spent if current.get(each.host) == each.version}
    used = {Spent(host=name, version=current[name]) for name in fact.reserves_in_use if name in current}
    return replace(asked.row, spent=tuple(sorted(kept | used, key=lambda each: each.host)))


def _lacking(asked: Asked) -> Reason | None:
    """A policy that sends guests to reserves only needs a free one before anything is done."""
    wants = asked.policy.method is Method.RESERVED_HOST
    return Reason.NO_RESERVE if wants and not free(asked) else None


def _until_free(asked: Asked) -> Wait:
    until = (asked.deadline // LOOK_AGAIN + 1) * LOOK_AGAIN
    return Wait(until=SteadyTime(until), on=frozenset({DESCRIPTIONS}))


RESERVE = Gate(
    reasons=frozenset({Reason.NO_RESERVE}),
    why=_lacking,
    wait=_until_free,
    when=When.LAST,
)
"""There is a reserve for those who may use nothing else."""


def room(row: SubjectRow) -> Wait:
    """Return what may make room for an open incident that found none: a host that is described anew."""
    waits = row.incident is not None and row.incident.reason == Reason.NO_CAPACITY
    return Wait(on=frozenset({DESCRIPTIONS})) if waits else Wait()
