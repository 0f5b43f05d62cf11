"""Looks at a process that failed: at the compute service of its host, which is all that Nova knows of it."""

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Wait
from kasugai.core.words.incident import Open
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import Millis
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.observing import NOTHING_MORE, Peek, Wanted
from kasugai.workers.shared_reads import SharedReads


class ProcessObserver:
    """Looks at one process for one ownership."""

    paced = False
    has_device = False
    """A host that is useless without the process is an incident of the host's."""
    road: Millis | None = None

    def __init__(self, subject: Subject, shared: SharedReads) -> None:
        """Remember the doors; nothing is read yet."""
        self._host = subject.host
        self._shared = shared

    def first(self, order: Open, entry: Entry, *, has_plan: bool) -> Wanted:
        """Nothing but the service."""
        return NOTHING_MORE

    def then(self, order: Open, entry: Entry, wait: Wait) -> Wanted:
        """Nothing but the service."""
        return NOTHING_MORE

    async def peek(self) -> Peek | None:
        """A single record has no beginning."""
        return None

    async def glance(self, look: Look, wanted: Wanted = NOTHING_MORE) -> Look:
        """The host is all that is looked at."""
        return await self.look(wanted)

    async def look(self, wanted: Wanted = NOTHING_MORE, peek: Peek | None = None) -> Look:
        """Return a look."""
        at = monotonic_ms()
        return Look(at=at, nova_at=at, service=await self._shared.service(self._host))

    def forget_power(self) -> None:
        """No power is read."""
