"""What an observer has said and when it says it again: news at once, what stands every 30 s, an end once.

Nothing counts as said before Kafka has it: what was not taken is due again in the next round. It holds one entry for
each host that was spoken of lately, and refuses to know how anything was seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Instant
from kasugai.observers.seen import Seen

REPEAT = 30.0
"""Seconds after which a standing condition is said again (architecture.md 4)."""
FORGET = 95.0
"""Seconds after which correlate has forgotten what was not repeated: nobody need take it back."""
BAD = (Symptom.DOWN, Symptom.OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was last said of a host that stands."""

    seen: Seen
    at: float


class Said:
    """The words of one observer."""

    def __init__(self, observer: str, source: Source, repeat: float = REPEAT) -> None:
        """Nothing has been said."""
        self._observer = observer
        self._source = source
        self._repeat = repeat
        self._told: dict[str, Told] = {}
        self._vouched: dict[str, str] = {}
        """By host that lives again: the episode that was ended by a sign of life."""

    @property
    def standing(self) -> frozenset[str]:
        """The hosts that are called down or off."""
        return frozenset(self._told)

    def due(self, round_: Iterable[Seen], now: float, wall: Instant) -> list[tuple[Seen, Fault]]:
        """Return what is to be said after a round, in the round's order; `wall`: this machine's clock in milliseconds,
        told as the time of the observation."""
        self._forget(now)
        return [(seen, self._fault(seen, wall)) for seen in round_ if self._is_due(seen, now)]

    def took(self, words: Sequence[tuple[Seen, Fault]], now: float) -> None:
        """Remember that Kafka has these."""
        for seen, _ in words:
            if seen.symptom in BAD:
                self._told[seen.host] = Told(seen=seen, at=now)
                self._vouched.pop(seen.host, None)
                continue
            self._told.pop(seen.host, None)
            if seen.symptom is Symptom.ALIVE:
                self._vouched[seen.host] = seen.episode

    def _is_due(self, seen: Seen, now: float) -> bool:
        told = self._told.get(seen.host)
        match seen.symptom:
            case Symptom.DOWN | Symptom.DUMPING | Symptom.OFF:
                return told is None or told.seen != seen or now - told.at >= self._repeat
            case Symptom.CLEAR:
                return told is not None
            case Symptom.ALIVE:
                return self._vouched.get(seen.host) != seen.episode
            case Symptom.FAILING:
                return False

    def _forget(self, now: float) -> None:
        self._told = {host: told for host, told in self._told.items() if now - told.at < FORGET}

    def _fault(self, seen: Seen, wall: Instant) -> Fault:
        return fault(
            host=seen.host,
            kind=Kind.PROCESS if seen.process else None,
            detail=seen.process,
            observer=self._observer,
            source=self._source,
            symptom=seen.symptom,
            episode=seen.episode,
            observed_at=wall,
        )
