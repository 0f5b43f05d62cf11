"""An incident as a story: who said what when, in the narrator's sentences. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from kasugai.core.telling.incident_views import Seen
from kasugai.core.telling.narrate import narrate_fact, narrate_verdict
from kasugai.core.words.facts import Fact
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence."""

    at: BrokerTime
    actor: str
    sentence: str

    def text(self, start: BrokerTime) -> str:
        """Return it as a line, with the seconds since `start`."""
        return f"{(self.at - start) / 1000:+8.1f}s  {self.actor:<9}  {self.sentence}"


class Teller:
    """Turns records into lines as they come, each record once."""

    def __init__(self) -> None:
        """Nothing has been told."""
        self._told: set[object] = set()

    def tell(self, seen: Seen) -> Line | None:
        """Return the record's line; None for bookkeeping and for what was told before."""
        match seen.value:
            case Verdict() as verdict:
                line = Line(seen.at, "correlate", narrate_verdict(verdict))
            case Fact() as fact:
                line = Line(seen.at, "worker", narrate_fact(fact))
            case _:
                return None
        if not line.sentence or seen.value in self._told:
            return None
        self._told.add(seen.value)
        return line


def timeline(records: Iterable[Seen]) -> list[Line]:
    """Return the lines of records that are in the order of time."""
    teller = Teller()
    return [line for record in records if (line := teller.tell(record)) is not None]
