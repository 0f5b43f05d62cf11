"""Turns an incident's entry, and how far a fold has come, into the texts that Redis keeps, and back, exactly.

Compact JSON (schemas/compact.py) with a version inside. It knows nothing of keys, leases or Redis.
"""

import json
from types import MappingProxyType

from kasugai.core.recovering.doors import Offsets
from kasugai.core.recovering.ledger import Entry
from kasugai.schemas.compact import body_of, value_of

VERSION = 1
"""Grows with every change that an older reader would misunderstand."""


class LedgerUnreadable(Exception):
    """A record of the ledger that this Kasugai cannot read: its process stops with this one line."""


def dump_entry(entry: Entry) -> str:
    """Return the text of `entry`."""
    return json.dumps({"v": VERSION, **body_of(entry)}, separators=(",", ":"))


def load_entry(text: str) -> Entry:
    """Return the entry that `text` was made of. LedgerUnreadable for a newer version, or a text that is not ours."""
    try:
        raw = json.loads(text)
        version = raw.pop("v")
        if version == VERSION:
            return value_of(Entry, raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerUnreadable(
            f"ledger record {text[:60]!r} cannot be read ({type(error).__name__}): type kasugai rebuild"
        ) from error
    raise LedgerUnreadable(
        f"ledger record of incident {raw.get('incident')} has version {version!r:.20}, this Kasugai reads {VERSION}: "
        "upgrade it to the release of the other workers"
    )


def dump_offsets(offsets: Offsets) -> str:
    """Return the text of how far a fold has come."""
    return json.dumps(dict(sorted(offsets.items())), separators=(",", ":"))


def load_offsets(text: str) -> Offsets:
    """Return what `text` was made of. LedgerUnreadable for a text that is not ours."""
    try:
        raw = json.loads(text)
        return MappingProxyType({str(place): int(offset) for place, offset in raw.items()})
    except (ValueError, TypeError, AttributeError) as error:
        raise LedgerUnreadable(
            f"ledger offsets {text[:60]!r} cannot be read ({type(error).__name__}): type kasugai rebuild"
        ) from error
