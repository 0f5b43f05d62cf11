"""What answers and silences of peers amount to: whom one cannot reach, and when one may say so. Pure.

Who reaches nobody is cut off itself, and says nothing of others: not that they are gone, and not that they are back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from kasugai.core.words.heartbeats import Link
from kasugai.core.words.signals import Symptom

MISSES = 2
"""Questions in a row without an answer after which a peer is not reached by a network: one may be lost."""
REPEAT = 30.0
"""Seconds after which a standing fault is said again."""


@dataclass(slots=True)
class Asked:
    """One peer by one network."""

    misses: int = 0
    is_known: bool = False
    """Whether it was asked at all."""

    @property
    def is_reached(self) -> bool:
        """Whether it counts as reached."""
        return self.misses < MISSES


@dataclass(slots=True)
class Told:
    """What was said of a peer last."""

    symptom: Symptom | None = None
    at: float = 0.0


@dataclass(slots=True)
class Judge:
    """All peers that are asked."""

    asked: dict[tuple[str, str], Asked] = field(default_factory=dict)
    """By network and host."""
    told: dict[str, Told] = field(default_factory=dict)

    def draw(self, pairs: set[tuple[str, str]]) -> None:
        """Ask these from now on; what is known of those who stay is kept."""
        self.asked = {pair: self.asked.get(pair, Asked()) for pair in sorted(pairs)}
        for host in {host for _, host in pairs}:
            self.told.setdefault(host, Told())

    def note(self, network: str, host: str, *, answered: bool) -> None:
        """Take an answer, or that none came."""
        if (found := self.asked.get((network, host))) is not None:
            found.is_known = True
            found.misses = 0 if answered else found.misses + 1

    @property
    def is_cut_off(self) -> bool:
        """Whether nobody is reached by any network, of those who were asked."""
        known = [asked for asked in self.asked.values() if asked.is_known]
        return bool(known) and not any(asked.is_reached for asked in known)

    def links(self) -> tuple[Link, ...]:
        """Return what is seen, by network."""
        networks = sorted({network for network, _ in self.asked})
        return tuple(self._link(network) for network in networks)

    def said(self, now: float) -> Iterator[tuple[str, Symptom]]:
        """Yield what is to be said now, and take it as said."""
        if self.is_cut_off:
            return
        for host, told in list(self.told.items()):
            symptom = self._symptom(host)
            if symptom is None or (symptom is told.symptom and not self._is_due(told, now)):
                continue
            told.symptom, told.at = symptom, now
            yield host, symptom
        self.told = {host: told for host, told in self.told.items() if self._ways(host)}

    def _symptom(self, host: str) -> Symptom | None:
        """A peer is not reached when no network reaches it; one that is not asked any more is taken back."""
        ways = self._ways(host)
        if any(not way.is_known for way in ways):
            return None
        return Symptom.CLEAR if not ways or any(way.is_reached for way in ways) else Symptom.DOWN

    @staticmethod
    def _is_due(told: Told, now: float) -> bool:
        return told.symptom is Symptom.DOWN and now - told.at >= REPEAT

    def _ways(self, host: str) -> list[Asked]:
        return [asked for (_, name), asked in self.asked.items() if name == host]

    def _link(self, network: str) -> Link:
        ways = [asked for (name, _), asked in self.asked.items() if name == network and asked.is_known]
        return Link(network=network, asked=len(ways), reached=sum(way.is_reached for way in ways))
