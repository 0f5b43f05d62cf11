"""When the watchdog may be petted, and what is said of that. Pure: time is a value, by CLOCK_BOOTTIME.

It is petted for a lease after a record was sent that Kafka has acknowledged, or while enough neighbours say that they
are without confirmation too: then it is everybody's outage, and nobody ends. The other side of the inequality is
`core/watching/lifelines.py` (ADR 26).
"""

from dataclasses import dataclass, field

from kasugai.core.words.lifelines import AFTERGLOW, DOUBT, HEARD, LEASE, NOBODY, Lifeline, enough_of
from kasugai.core.words.timing import Millis


@dataclass(slots=True, kw_only=True)
class Rule:
    """One life of an agent."""

    host: str
    boot_id: str
    began: Millis
    """When this life began."""
    timeout: Millis = Millis(0)
    """What the device says; 0: it does not run."""
    acknowledged: Millis = NOBODY
    """When the newest record was sent that Kafka has."""
    _clean_since: Millis = field(init=False)
    _circles: dict[tuple[str, ...], Millis] = field(default_factory=dict)
    """The neighbours that the log may hold as our newest word: of the newest acknowledged record and of all that were
    sent after it, and when each circle was sent last."""
    _heard: dict[str, Millis] = field(default_factory=dict)
    """Who said that it is without confirmation too, and when it was asked."""
    _doubted: Millis = NOBODY
    """When this agent was last in doubt, having been confirmed before."""

    def __post_init__(self) -> None:
        """Of what a former life said nothing is known."""
        self._clean_since = self.began

    @property
    def is_armed(self) -> bool:
        """Whether the device runs."""
        return self.timeout > 0

    def word(self, now: Millis, neighbours: tuple[str, ...]) -> Lifeline:
        """Return what is to be sent now. In doubt, whoever was asked last is asked on: others would only count together
        with those, for the log's reader may still go by the former."""
        if self.is_in_doubt(now) and self._circles:
            neighbours = max(self._circles, key=lambda circle: self._circles[circle])
        self._circles[neighbours] = now
        return Lifeline(
            host=self.host,
            boot_id=self.boot_id,
            uptime=now,
            is_armed=self.is_armed,
            timeout=self.timeout,
            lease=LEASE,
            heard=HEARD,
            neighbours=neighbours,
            enough=enough_of(len(neighbours)),
            clean_since=self._clean_since,
            acknowledged=self.acknowledged,
        )

    def has(self, uptime: Millis) -> None:
        """Kafka has the record that was sent then."""
        if uptime > self.acknowledged:
            self.acknowledged = uptime
            self._circles = {circle: sent for circle, sent in self._circles.items() if sent >= uptime}

    def hear(self, neighbour: str, asked: Millis) -> None:
        """Take a neighbour's word that it is without confirmation too; it was asked at `asked`."""
        self._heard[neighbour] = max(asked, self._heard.get(neighbour, NOBODY))

    def is_in_doubt(self, now: Millis) -> bool:
        """Whether confirmation is missing for so long that others are asked."""
        if self.acknowledged == NOBODY:
            return True
        found = now - self.acknowledged > DOUBT
        if found:
            self._doubted = now
        return found

    def says_so(self, now: Millis) -> bool:
        """Answer who asks: whether this agent is without confirmation, or was until lately. That it said so is told in
        its next records. Who never was confirmed does not know whether there is anything to be confirmed by."""
        if self.acknowledged == NOBODY:
            return False
        found = self.is_in_doubt(now) or (self._doubted != NOBODY and now - self._doubted <= AFTERGLOW)
        if found:
            self._clean_since = now
        return found

    def may_pet(self, now: Millis) -> bool:
        """Whether the host may run on."""
        if self.acknowledged == NOBODY:
            return False
        return now - self.acknowledged <= LEASE or self._is_everybodys(now)

    def _is_everybodys(self, now: Millis) -> bool:
        """Whether enough of those say so who count by each record that the log may hold as our newest."""
        fresh = {name for name, asked in self._heard.items() if now - asked < HEARD}
        return all(len(fresh.intersection(circle)) >= enough_of(len(circle)) for circle in self._circles)
