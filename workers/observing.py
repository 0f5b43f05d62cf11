"""What an owner may ask of whoever looks at its subject, and what a look is to show: the one shape for all kinds."""

from dataclasses import dataclass
from typing import Protocol

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Wait
from kasugai.core.recovering.nova_views import Records
from kasugai.core.words.incident import Open
from kasugai.core.words.timing import Millis, MonoTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a look should show besides the subject. An observer passes over what means nothing for its kind."""

    guests: frozenset[str] = frozenset()
    """Guests to be read by id, if the source's list does not show them."""
    hosts: frozenset[str] = frozenset()
    """Other hosts whose service is to be read."""
    aggregates: bool = False
    marks: bool = False
    """Whether the aggregates say which guests are moved."""
    evacuations: frozenset[str] = frozenset()
    """Guests of whose last evacuation Nova's own account is to be read."""
    row: bool = True
    """Whether the host's own record is to be read, not only where that costs nothing."""
    places: bool = False
    """Where guests may go and whether Nova can evacuate at all: all services (some 0.35 KB each), and what Placement
    says of the listed guests' needs. What was read lately is not read again."""
    records: bool = False
    """Whether records that have ended are to be read again too: their source has yet to write its last word."""
    disks: bool = False
    """Who holds disks of the listed guests open, as long as their storage lets the host in."""
    project_tags: bool = False
    """The tags of the seen guests' projects, as far as they have not been read yet."""
    images: bool = False
    """The seen guests' images likewise."""
    actions: bool = False
    """What was asked of the guest lately, and by whom."""
    histories: frozenset[str] = frozenset()
    """Guests of the host of which that is to be read."""
    once_idle: bool = False
    """Whether `actions` may wait until the guest has no task: a call is under way, and what it comes to is not there
    before."""


NOTHING_MORE = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """The beginning of a look: the migration records alone, of which one says whether the rest is worth reading."""

    at: MonoTime
    migrations: Records


class Observer(Protocol):
    """Looks at one subject for one ownership. It draws no conclusion: `core` does."""

    paced: bool
    """Whether effects on many guests go through a window."""

    @property
    def has_device(self) -> bool:
        """Whether a power device is configured for the subject, and may be used for it."""
        ...

    @property
    def road(self) -> Millis | None:
        """How long the way to Nova and back takes; None: not measured."""
        ...

    def first(self, order: Open, entry: Entry, *, has_plan: bool) -> Wanted:
        """Return what the first look is to show: without a plan, all that one stands on."""
        ...

    def then(self, order: Open, entry: Entry, wait: Wait) -> Wanted:
        """Return what a later look is to show."""
        ...

    async def peek(self) -> Peek | None:
        """Return the beginning of a look; None where the beginning tells nothing. CloudAway."""
        ...

    async def look(self, wanted: Wanted, peek: Peek | None = None) -> Look:
        """Return a look, which goes on from a `peek`; CloudAway, CloudRefused or CloudUnsure when Nova does not show
        what is wanted."""
        ...

    async def glance(self, look: Look, wanted: Wanted = NOTHING_MORE) -> Look:
        """Return a look with nothing but the host itself looked at anew; what it raises is as with `look`."""
        ...

    def forget_power(self) -> None:
        """Read the power anew at the next look."""
        ...


async def nothing() -> None:
    """Ask nobody: in the place of a request that is not wanted."""
