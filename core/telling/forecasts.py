"""A forecast beside what then happened: guest by guest, and how far it was out. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.telling.whatif import Forecast
from kasugai.core.words.capacity import Outlook


class Came(StrEnum):
    """What became of a guest, beside what was said of it."""

    THERE = "as-said"
    """It is on the host that was named."""
    ELSEWHERE = "elsewhere"
    """It is back, and on another host than the one that was named."""
    NOT_BACK = "not-back"
    """It was said to fit and has not left its host."""
    AFTER_ALL = "after-all"
    """It was not said to fit, and is back all the same."""
    STAYED = "stayed"
    """It was not said to fit, and has not left its host."""
    NOT_SEEN = "not-seen"
    """It is on none of the hosts that were looked at: deleted, or moved on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One guest."""

    said: Forecast
    now: str
    """The host on which it is now; empty: not seen."""
    came: Came


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All of them."""

    guests: tuple[Compared, ...]
    newcomers: tuple[str, ...]
    """Guests that were moved and of which nothing was said: they were not there yet."""

    def count(self, *came: Came) -> int:
        """Return how many guests came so."""
        return sum(guest.came in came for guest in self.guests)

    @property
    def fitting(self) -> tuple[Compared, ...]:
        """Those that were said to fit and are seen."""
        return tuple(g for g in self.guests if g.said.outlook is Outlook.FITS and g.came is not Came.NOT_SEEN)

    @property
    def error(self) -> float:
        """The share of those that are not back; 0 where none was said to fit."""
        missed = sum(guest.came is Came.NOT_BACK for guest in self.fitting)
        return missed / len(self.fitting) if self.fitting else 0.0

    @property
    def misplaced(self) -> float:
        """The share of those that are back on another host than the one that was named."""
        moved = Counter(guest.came for guest in self.fitting)
        back = moved[Came.THERE] + moved[Came.ELSEWHERE]
        return moved[Came.ELSEWHERE] / back if back else 0.0


def compare(
    said: Sequence[Forecast], now: Mapping[str, str], hosts: Collection[str], moved: Iterable[tuple[str, str]]
) -> Comparison:
    """Return a forecast beside what there is. `now`: the host of each guest that was seen; `hosts`: those that were
    lost; `moved`: uuid and name of each guest that their recoveries were about."""
    about = [forecast for forecast in said if forecast.host in hosts]
    known = {forecast.uuid for forecast in said}
    return Comparison(
        guests=tuple(_compared(forecast, now.get(forecast.uuid, "")) for forecast in about),
        newcomers=tuple(sorted(name for uuid, name in moved if uuid not in known)),
    )


def errors(found: Comparison, segments: Mapping[str, str]) -> Mapping[str, float]:
    """Return the error by segment, sorted; none for one of which nobody who was said to fit is seen. `segments`: each
    lost host's segment."""
    guests: dict[str, list[Compared]] = {}
    for guest in found.guests:
        guests.setdefault(segments.get(guest.said.host, ""), []).append(guest)
    parts = {name: Comparison(guests=tuple(them), newcomers=()) for name, them in sorted(guests.items())}
    return {name: part.error for name, part in parts.items() if part.fitting}


def _compared(said: Forecast, now: str) -> Compared:
    return Compared(said=said, now=now, came=_came(said, now))


def _came(said: Forecast, now: str) -> Came:
    fits = said.outlook is Outlook.FITS
    if not now:
        return Came.NOT_SEEN
    if now == said.host:
        return Came.NOT_BACK if fits else Came.STAYED
    if not fits:
        return Came.AFTER_ALL
    return Came.THERE if now == said.to else Came.ELSEWHERE
