"""Every "no" is recorded with its reason."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Ended, Sight, Watcher


class Covered(Watcher):
    """At the end every fault is covered by a verdict."""

    sees = (Fault, Verdict, Ended)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing was said."""
        super().__init__(cloud)
        self._faults: dict[UUID, str] = {}
        self._covered: set[UUID] = set()

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Keep both, and compare them at the end."""
        match what:
            case Fault():
                sentence = f"{what.symptom} of {what.subject} by {what.observer}"
                self._faults.setdefault(what.event_id, sentence)
            case Verdict():
                self._covered.update(evidence.event_id for evidence in what.evidence)
            case Ended():
                for event, sentence in self._faults.items():
                    if event not in self._covered:
                        yield f"no verdict covers: {sentence}"
            case _:
                pass
