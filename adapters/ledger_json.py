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


class NotOurs(Exception):
    """A text of the ledger that this Kasugai cannot read. One line that quotes nothing of it: it may be anybody's."""


FOREIGN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""How a text that is not ours fails to be read."""


def dump_entry(entry: Entry) -> str:
    """Return the text of `entry`."""
    return json.dumps({"v": VERSION, **body_of(entry)}, separators=(",", ":"))


def load_entry(text: str) -> Entry:
    """Return the entry that `text` was made of. NotOurs for a newer version, or a text that is not ours."""
    try:
        raw = json.loads(text)
        version = raw.pop("v")
        if version == VERSION:
            return value_of(Entry, raw)
        is_newer = type(version) is int and version > VERSION
    except FOREIGN as error:
        raise NotOurs(f"not written by Kasugai ({type(error).__name__})") from None
    if not is_newer:
        raise NotOurs("not written by Kasugai (its version is no number)")
    raise NotOurs(
        f"written by a newer Kasugai (its version {version}, this one reads {VERSION}): upgrade this one"
    )


def dump_offsets(offsets: Offsets) -> str:
    """Return the text of how far a fold has come."""
    return json.dumps(dict(sorted(offsets.items())), separators=(",", ":"))


def load_offsets(text: str) -> Offsets:
    """Return what `text` was made of. NotOurs for a text that is not ours."""
    try:
        raw = json.loads(text)
        if all(type(offset) is int and offset >= 0 for offset in raw.values()):
            return MappingProxyType(raw)
    except FOREIGN as error:
        raise NotOurs(f"not written by Kasugai ({type(error).__name__})") from None
    raise NotOurs("not written by Kasugai (an offset is no number)")
