"""Every "no" is recorded with its reason."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Buried, Ended, Lie, Sight, Watcher


class Covered(Watcher):
    """At the end every fault is covered by a verdict, or is a dead letter."""

    sees = (Fault, Lie, Buried, Verdict, Ended)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing was said."""
        super().__init__(cloud)
        self._faults: dict[UUID, str] = {}
        self._covered: set[UUID] = set()

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Keep both, and compare them at the end."""
        match what:
            case Fault():
                self._keep(what)
            case Lie():
                self._keep(what.fault)
            case Buried():
                self._covered.add(what.fault.event_id)
            case Verdict():
                self._covered.update(evidence.event_id for evidence in what.evidence)
            case Ended():
                for event, sentence in self._faults.items():
                    if event not in self._covered:
                        yield f"no verdict covers: {sentence}"
            case _:
                pass

    def _keep(self, fault: Fault) -> None:
        self._faults.setdefault(fault.event_id, f"{fault.symptom} of {fault.subject} by {fault.observer}")
