"""Gives reserve hosts to incidents: the only place that does, for correlate is serial per segment.

A reserve is free while its description says so, nothing speaks against it, no open incident has it and none has put it
to use since it was described. One at a time: the next one is given when a worker has found no room in those before.
"""

from dataclasses import replace

from kasugai.core.deciding.gates import Setting
from kasugai.core.deciding.rows import HostRow, Spent, SubjectRow
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Method
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import Instant, Millis
from kasugai.core.words.verdicts import Reason

LOOK_AGAIN: Millis = 30_000
"""Who waits for a reserve is looked at this often: what frees one is said about others."""


def lacking(row: SubjectRow, setting: Setting) -> Reason | None:
    """The gate: a policy that sends guests to reserves only needs a free one before anything is done."""
    wants = row.kind is Kind.HOST and setting.policy.method is Method.RESERVED_HOST
    return Reason.NO_RESERVE if wants and not free(row, setting) else None


def give(row: SubjectRow, setting: Setting) -> tuple[str, ...]:
    """Return the reserves of a new incident: one, or none where there is none or the policy wants none."""
    return () if setting.policy.method is Method.AUTO else free(row, setting)[:1]


def extended(row: SubjectRow, setting: Setting, order: Open, why: str) -> tuple[str, ...]:
    """Return the reserves of the next publication: without those that are its own no more, and one more if there was no
    room (`why` it waited)."""
    own = _kept(row, setting, order)
    if why != Reason.NO_CAPACITY or order.policy.method is Method.AUTO:
        return own
    more = [host for host in free(row, setting) if host not in order.reserves]
    return (*own, *more[:1])


def _kept(row: SubjectRow, setting: Setting, order: Open) -> tuple[str, ...]:
    """A reserve that an operator has set aside is none; one that a failed incident did not use may have been given to
    another before the retry. Whether it lives is for the worker to see."""
    taken, spent = _elsewhere(row, setting)
    known = ((name, setting.hosts.get(name)) for name in order.reserves)
    return tuple(
        name for name, host in known if host is not None and name not in taken and _is_reserve(host, spent)
    )


def _elsewhere(row: SubjectRow, setting: Setting) -> tuple[set[str], set[Spent]]:
    """Which reserves the open incidents of other subjects have, and which ones others have put to use."""
    others = [other for other in setting.subjects.values() if other.name != row.name]
    taken = {host for other in others if other.incident is not None for host in other.incident.order.reserves}
    return taken, {each for other in others for each in other.spent}


def free(row: SubjectRow, setting: Setting) -> tuple[str, ...]:
    """Return the segment's healthy and unused reserves by name, as far as the subject of `row` is concerned (what its
    own incident has is none of its others')."""
    taken, spent = _elsewhere(row, setting)
    spent |= set(row.spent)
    return tuple(
        name
        for name, host in sorted(setting.hosts.items())
        if name != row.host
        and name not in taken
        and _is_reserve(host, spent)
        and _is_healthy(setting.subjects.get(host_subject(name).name))
    )


def _is_reserve(host: HostRow, spent: set[Spent]) -> bool:
    record = host.record
    used = Spent(host=record.name, version=record.version) in spent
    return record.reserved and not record.deleted and not record.on_maintenance and not used


def _is_healthy(row: SubjectRow | None) -> bool:
    """Whether nothing is held against the host, and no incident has taken it out of service."""
    if row is None:
        return True
    return not row.conditions and row.incident is None and not row.is_out


def spend(row: SubjectRow, setting: Setting, fact: Fact) -> SubjectRow:
    """Return the row after its incident was closed by `fact`: the reserves that were put to use are reserves no more
    until their descriptions are written anew; those that were not are free again."""
    current = {name: host.record.version for name, host in setting.hosts.items()}
    kept = {each for each in row.spent if current.get(each.host) == each.version}
    used = {Spent(host=name, version=current[name]) for name in fact.reserves_in_use if name in current}
    return replace(row, spent=tuple(sorted(kept | used, key=lambda each: each.host)))


def waits_for_room(row: SubjectRow) -> bool:
    """Whether the subject waits for a host that could take its guests."""
    if row.incident is None:
        return row.reason is Reason.NO_RESERVE
    return row.incident.reason == Reason.NO_CAPACITY


def look_at(row: SubjectRow, after: Instant) -> Instant | None:
    """Return the next steady time at which a subject that waits for a reserve is looked at; None for all others."""
    waits = row.incident is None and waits_for_room(row)
    return (after // LOOK_AGAIN + 1) * LOOK_AGAIN if waits else None
