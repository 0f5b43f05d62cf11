"""A guest that no hypervisor has is lost, whatever Nova's records say of its evacuation."""

from collections.abc import Iterator

from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud.model import Guest
from kasugai.sim.lab.invariants.watcher import Ended, Sight, Watcher


class Somewhere(Watcher):
    """No host is called recovered while a guest of it is nowhere, and none that is nowhere at the end goes untold: the
    incident of its host is open, held or failed."""

    sees = (Fact, Ended)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Look for lost guests when a host is said to be recovered, and at the end."""
        match what:
            case Fact(kind=FactKind.FINISHED, result=Result.RECOVERED, host=host) if what.subject.is_host:
                for guest in self._lost():
                    if guest.host == host:
                        yield f"{host} was called recovered although {guest.name} is nowhere"
            case Ended(rows=rows):
                told = {row.host for row in rows if isinstance(row, SubjectRow) and _is_told(row)}
                for guest in self._lost():
                    if guest.host not in told:
                        yield f"{guest.name} is nowhere and nobody says so"
            case _:
                pass

    def _lost(self) -> Iterator[Guest]:
        return (self.cloud.world.guests[uuid] for uuid in self.cloud.nowhere())


def _is_told(row: SubjectRow) -> bool:
    """Whether somebody reads of the host that all is not well with it."""
    has_failed = row.closed is not None and row.closed.phase is Phase.FAILED
    return row.kind is Kind.HOST and (row.incident is not None or has_failed)
