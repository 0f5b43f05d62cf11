"""Becomes a subject's owner: lease, fold of the log, new epoch. What Redis forgot is known again afterwards.

It decides nothing about the incident; it makes sure that whoever does knows all that was ever recorded.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from kasugai.adapters.telemetry.meters import count, observe
from kasugai.adapters.telemetry.worker_metrics import FOLD, UNREADABLE
from kasugai.core.recovering.doors import NOTHING_READ
from kasugai.core.recovering.ledger import Entry, Flag, fold, highest, join, newer
from kasugai.core.recovering.plausible import needs_the_log, plausible
from kasugai.core.words.facts import Fact
from kasugai.core.words.subject import Subject
from kasugai.workers.ports import Folded, Lease, Ledger, LedgerUnreadable, Log, LogUnreadable

LOG = logging.getLogger(__name__)


async def fold_log(log: Log, ledger: Ledger, lease: Lease) -> Folded:
    """Bring the ledger up to the log's end under `lease` and return it. LeaseLost when it is not ours; LogUnreadable
    where nothing was written, because a newer Kasugai's record is not understood."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    kept, doubted = await _load(log, ledger, lease.subject)
    (facts, facts_end), (flags, flags_end) = await asyncio.gather(
        log.facts(lease.subject, kept.offsets), log.flags(lease.subject, kept.offsets)
    )
    entries = _folded(kept, [logged.fact for logged in facts])
    merged: dict[UUID, Flag] = dict(kept.flags)
    for flagged in flags:
        merged[flagged.incident] = newer(merged.get(flagged.incident), flagged.flag)
    folded = replace(
        kept,
        epoch=max(kept.epoch, highest(entries)),
        offsets=MappingProxyType({**kept.offsets, **facts_end, **flags_end}),
        entries=MappingProxyType(entries),
        flags=MappingProxyType(merged),
    )
    await ledger.save(lease, folded, doubted=doubted)
    observe(FOLD, loop.time() - began, kind=lease.subject.kind)
    return folded


def _folded(kept: Folded, facts: Sequence[Fact]) -> Mapping[UUID, Entry]:
    """Return the entries after `facts`. A ledger that does not say how far it has come may have lost some of them: then
    the log's own account is joined to what is left."""
    if kept.offsets:
        return fold(kept.entries, facts, kept.epoch)
    logged = fold({}, facts, kept.epoch)
    both = kept.entries.keys() & logged.keys()
    joined = {incident: join(kept.entries[incident], logged[incident]) for incident in both}
    return {**kept.entries, **logged, **joined}


async def highest_epoch(log: Log, ledger: Ledger, subject: Subject) -> int:
    """Return the highest epoch of the subject that ledger and log tell of, as far as they can be read and believed.
    LogAway, LedgerAway."""
    logged, kept = 0, Folded(entries={}, flags={})
    with suppress(LedgerUnreadable):
        kept = await ledger.load(subject)
    with suppress(LogUnreadable):
        logged = await _logged_epoch(log, subject)
    known = plausible(kept, logged)
    return max(logged, known.epoch, highest(known.entries))


async def _load(log: Log, ledger: Ledger, subject: Subject) -> tuple[Folded, int | None]:
    """Return what the ledger keeps and may be believed, and its epoch of the subject if that may not. LogUnreadable."""
    kept = await ledger.load(subject)
    if not needs_the_log(kept):
        return kept, None
    known = plausible(kept, await _logged_epoch(log, subject))
    if known is not kept:
        count(UNREADABLE, what="epoch")
        LOG.error("the ledger's epoch of %s is far beyond all that the log has and counts as absent", subject)
    return known, kept.epoch if known.epoch < kept.epoch else None


async def _logged_epoch(log: Log, subject: Subject) -> int:
    """Return the highest epoch of the subject that all that the log has tells of."""
    facts, _ = await log.facts(subject, NOTHING_READ)
    return highest(fold({}, (logged.fact for logged in facts)))
