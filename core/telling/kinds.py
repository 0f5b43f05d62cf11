"""What differs in what is told of each kind of subject: one table, for those who tell of incidents."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kasugai.core.words.actions import Meaning
from kasugai.core.words.subject import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How an incident of a kind of subject is told."""

    counts: Meaning | None
    """The meaning of the steps whose subjects are the incident's instances; None: it has none."""
    progress: str
    """How many instances need nothing more, of how many: `{done}`, `{total}`."""
    has_many: bool
    """Whether its plan is told by the number of its guests; else each step is told."""


TELLINGS: Mapping[Kind, Telling] = MappingProxyType(
    {
        Kind.HOST: Telling(counts=Meaning.MOVED, progress="{done} of {total} are elsewhere", has_many=True),
        Kind.INSTANCE: Telling(
            counts=Meaning.RESTARTED, progress="{done} of {total} restarted", has_many=False
        ),
        Kind.PROCESS: Telling(counts=None, progress="", has_many=False),
        Kind.SEGMENT: Telling(counts=None, progress="", has_many=False),
        Kind.DOMAIN: Telling(counts=None, progress="", has_many=False),
    }
)
"""By kind."""

GUESTS = frozenset(telling.counts for telling in TELLINGS.values() if telling.counts is not None)
"""What the steps mean that stand for a guest in a plan."""
