"""Kafka comes first: what Redis alone knows is lost with it."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.facts import Fact, StepRecord
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Kept, Sight, Watcher


class KafkaFirst(Watcher):
    """The ledger holds no record of a step that is not in the log."""

    sees = (Fact, Kept)

    def __init__(self, cloud: SimCloud) -> None:
        """The log is empty."""
        super().__init__(cloud)
        self._steps: set[tuple[UUID, StepRecord]] = set()

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember the log's steps, and look for those of each entry among them."""
        match what:
            case Fact(step=StepRecord() as step, incident=incident):
                self._steps.add((incident, step))
            case Kept(entry=entry):
                for step in entry.steps.values():
                    if (entry.incident, step) not in self._steps:
                        yield f"the ledger is ahead of the log: {step.key} {step.state}"
            case _:
                pass
