"""Compares the ledger with the log and writes what it lacks, subject by subject, under each one's lease.

Safe beside running workers: whoever holds a lease has folded the log and keeps the ledger itself, so its subject is
left alone; and while we hold one for a moment, nobody else acts on it. No epoch is taken: nothing is decided here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from kasugai.core.recovering.ledger import Entry, Flag, join, newer
from kasugai.core.recovering.plausible import plausible
from kasugai.core.words.subject import Subject
from kasugai.workers.archive import Account, Archive
from kasugai.workers.ports import Folded, LeaseLost, Ledger, LedgerUnreadable


class Done(StrEnum):
    """What was done about a subject's differences."""

    WRITTEN = "written"
    TO_WRITE = "to write"
    LEFT = "left to its owner"
    UNREADABLE = "left: cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that the log knows and the ledger does not."""

    subject: Subject
    incident: UUID | None
    """None: about the subject as such."""
    what: str
    done: Done


async def rebuild(
    archive: Archive, ledger: Ledger, owner: str, subject: Subject, *, dry: bool
) -> list[Difference]:
    """Return what the ledger lacks about a subject, and write it unless `dry` or it has an owner.

    `owner` is a name for our lease that nobody else has.
    """
    if why := archive.unreadable.get(subject.host):
        return [Difference(subject=subject, incident=None, what=why, done=Done.UNREADABLE)]
    try:
        kept = await ledger.load(subject)
        found = list(_differences(kept, _known(kept, archive.accounts[subject.name])))
        done = await _write(archive, ledger, owner, subject, dry) if found else Done.WRITTEN
    except LedgerUnreadable as error:
        return [Difference(subject=subject, incident=None, what=str(error), done=Done.UNREADABLE)]
    return [Difference(subject=subject, incident=incident, what=what, done=done) for incident, what in found]


async def _write(archive: Archive, ledger: Ledger, owner: str, subject: Subject, dry: bool) -> Done:
    if dry:
        return Done.LEFT if await ledger.is_leased(subject) else Done.TO_WRITE
    lease = await ledger.acquire(subject, owner)
    if lease is None:
        return Done.LEFT
    try:
        await archive.read_on(subject)  # an owner may have worked since, and gone
        kept = await ledger.load(subject)
        known = _known(kept, archive.accounts[subject.name])
        offsets = {**known.offsets, **archive.offsets(subject)}
        doubted = kept.epoch if known.epoch < kept.epoch else None
        await ledger.save(lease, replace(known, offsets=MappingProxyType(offsets)), doubted=doubted)
    except LedgerUnreadable:
        raise
    except LeaseLost:
        return Done.LEFT
    finally:
        await ledger.release(lease)
    return Done.WRITTEN


def _known(kept: Folded, account: Account) -> Folded:
    """Return all that ledger and log know together; what only the ledger has (the log keeps 30 days) stays, unless its
    epoch is far beyond all that the log has."""
    kept = plausible(kept, account.epoch)
    entries, flags = dict(kept.entries), dict(kept.flags)
    for incident, entry in account.entries.items():
        entries[incident] = join(entries[incident], entry) if incident in entries else entry
    for incident, flag in account.flags.items():
        flags[incident] = newer(flags.get(incident), flag)
    return replace(
        kept,
        epoch=max(kept.epoch, account.epoch),
        entries=MappingProxyType(entries),
        flags=MappingProxyType(flags),
    )


def _differences(kept: Folded, known: Folded) -> Iterator[tuple[UUID | None, str]]:
    if kept.epoch != known.epoch:
        yield None, f"epoch {kept.epoch}, the log has {known.epoch}"
    for incident, entry in sorted(known.entries.items()):
        if entry != kept.entries.get(incident):
            yield incident, _entry_differs(kept.entries.get(incident), entry)
    for incident in sorted(kept.entries.keys() - known.entries.keys()):
        yield incident, f"epoch {kept.entries[incident].epoch}, of which the log knows nothing"
    for incident, flag in sorted(known.flags.items()):
        if flag != kept.flags.get(incident):
            yield incident, f"{_flag(kept.flags.get(incident))}, the log has {_flag(flag)}"


def _entry_differs(kept: Entry | None, known: Entry) -> str:
    if kept is None:
        return f"no record, the log has attempt {known.attempt} with {len(known.steps)} steps"
    steps = sum(kept.steps.get(key) != record for key, record in known.steps.items())
    said = [f"{steps} of {len(known.steps)} steps older or missing"] if steps else []
    for name in ("attempt", "epoch", "answered", "result", "reason"):
        ours, theirs = getattr(kept, name), getattr(known, name)
        if ours != theirs:
            said.append(f"{name} {ours or 'none'}, the log has {theirs or 'none'}")
    return "; ".join(said or ["another plan"])


def _flag(flag: Flag | None) -> str:
    if flag is None:
        return "no flag"
    return f"{'stop' if flag.stop else 'go'} of offset {flag.offset}"
