"""Becomes a subject's owner: lease, fold of the log, new epoch. What Redis forgot is known again afterwards.

It decides nothing about the incident; it makes sure that whoever does knows all that was ever recorded.
"""

import asyncio
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from kasugai.adapters.telemetry.catalogue import FOLD
from kasugai.adapters.telemetry.meters import observe
from kasugai.core.recovering.ledger import Flag, fold, newer
from kasugai.workers.ports import Folded, Lease, Ledger, Log


async def fold_log(log: Log, ledger: Ledger, lease: Lease) -> Folded:
    """Bring the ledger up to the log's end under `lease` and return it. LeaseLost when it is not ours."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    kept = await ledger.load(lease.subject)
    (facts, facts_end), (flags, flags_end) = await asyncio.gather(
        log.facts(lease.subject, kept.offsets), log.flags(lease.subject, kept.offsets)
    )
    entries = fold(kept.entries, (logged.fact for logged in facts))
    merged: dict[UUID, Flag] = dict(kept.flags)
    for flagged in flags:
        merged[flagged.incident] = newer(merged.get(flagged.incident), flagged.flag)
    highest = max((logged.fact.epoch for logged in facts), default=0)
    known = max((entry.epoch for entry in entries.values()), default=0)
    folded = replace(
        kept,
        epoch=max(kept.epoch, highest, known),
        offsets=MappingProxyType({**kept.offsets, **facts_end, **flags_end}),
        entries=MappingProxyType(entries),
        flags=MappingProxyType(merged),
    )
    await ledger.save(lease, folded)
    observe(FOLD, loop.time() - began)
    return folded
