"""Nothing is left lying about."""

from collections.abc import Iterator

from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.words.incident import Phase
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.lab.invariants.watcher import Ended, Sight, Watcher


class AtRest(Watcher):
    """At the end every incident is over, is held, or says what it waits for."""

    sees = (Ended,)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Look at correlate's rows."""
        if not isinstance(what, Ended):
            return
        for row in [each for each in what.rows if isinstance(each, SubjectRow)]:
            incident = row.incident
            if incident is not None and incident.phase is not Phase.HELD and not incident.is_waiting:
                yield f"the incident of {row.subject.title} is neither over nor held: {incident.phase}"
