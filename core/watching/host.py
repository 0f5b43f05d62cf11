"""What is known of one host: its boot, its last beat, what it sees of its peers, and what was last said of it.

It tells a new beat from an old one said again. What silence means is decided elsewhere (`partition`).
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.watching.isolation import lost_on
from kasugai.core.watching.rules import BOOTS, DOUBT_LASTS, LONGEST_PATIENCE, Networks, Rules
from kasugai.core.words.heartbeats import Leave, Link
from kasugai.core.words.timing import BrokerTime, Millis

DRIFT = 1_000
"""One part in so many: so much may a host's clock and the broker's drift apart."""
SLACK: Millis = Millis(10_000)
"""How much a broker's clock may be off another broker's."""
QUICKEST_BOOT: Millis = Millis(2_500)
"""No host is silent for less between two boots."""

NOWHERE: Networks = frozenset()


class Held(StrEnum):
    """What liveness holds against a host."""

    SILENT = "silent"
    """It does not beat."""
    ISOLATED = "isolated"
    """It beats, and reaches nobody on networks that the matrix names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was said and still stands."""

    held: Held
    episode: str
    boot_id: str
    said_at: BrokerTime
    """When it was last said."""


@dataclass(slots=True, kw_only=True)
class Host:
    """One host, as its beats show it."""

    name: str
    boot_id: str
    uptime: Millis
    """The highest of this boot that counted."""
    at: BrokerTime
    """When the broker took the last beat that counted."""
    every: Millis = Millis(1_000)
    leave: Leave = Leave.STAYS
    links: tuple[Link, ...] = ()
    lost: Networks = NOWHERE
    """The networks on which it reaches nobody, by its own word."""
    lost_since: BrokerTime = BrokerTime(0)
    late: Millis = Millis(0)
    """How late its agent's loop was when it was last too late to be believed."""
    late_at: BrokerTime = BrokerTime(0)
    has_booted: bool = False
    """Whether its boot has changed since anything was last concluded."""
    said: Standing | None = None
    has_beaten: bool = True
    """Whether it has beaten since its silence was said."""
    former: tuple[str, ...] = ()
    """Boots that others have followed, the youngest last."""

    def is_old(self, boot_id: str, uptime: Millis, at: BrokerTime) -> bool:
        """Whether a beat is an old one said again: not later than the last of its boot, of a boot that another has
        followed, or of one that must have begun before the last beat of the present one. A boot that still beats is
        followed by none: else one old beat of a boot that is forgotten here would silence the host that lives."""
        if boot_id == self.boot_id:
            return uptime <= self.uptime
        if 0 <= at - self.at < QUICKEST_BOOT:
            return True
        began = at - uptime
        return boot_id in self.former or began + SLACK + uptime // DRIFT < min(self.at, at)

    def boot(self, boot_id: str) -> None:
        """Follow the host into its next boot."""
        self.former = (*self.former, self.boot_id)[-BOOTS:]
        self.boot_id = boot_id
        self.has_booted = True

    def see(self, links: tuple[Link, ...], at: BrokerTime) -> None:
        """Take over what it sees of its peers."""
        self.links = links
        lost = lost_on(links)
        if lost != self.lost:
            self.lost, self.lost_since = lost, at

    def patience(self, rules: Rules, at: BrokerTime) -> Millis:
        """Return how long it may be silent by now: longer for one whose agent was late, or that starts anew."""
        longest = max(rules.silence, min(Millis(2 * self.every), LONGEST_PATIENCE))
        if self.leave is Leave.REBOOT:
            longest = max(longest, rules.reboot)
        if self.late and at - self.late_at < DOUBT_LASTS:
            longest = max(longest, min(Millis(rules.silence + 2 * self.late), LONGEST_PATIENCE))
        return longest

    def needed(self, at: BrokerTime, oldest: BrokerTime) -> BrokerTime:
        """Return since when its beats must be read again by who takes over at `at`: since the last one, and since a
        lateness that is doubted; none of one whose silence was said, for that word tells all of it. All of them,
        since `oldest`, while it is not said that a boot of it is over."""
        if self.has_booted:
            return oldest
        since = at if self.is_silent else self.at
        return min(since, self.late_at) if self.late and at - self.late_at < DOUBT_LASTS else since

    @property
    def is_watched(self) -> bool:
        """Whether its silence says anything: an agent that ended by itself leaves its host unwatched."""
        return self.leave is not Leave.AGENT

    @property
    def is_silent(self) -> bool:
        """Whether its silence was said and it has not beaten since."""
        return self.said is not None and self.said.held is Held.SILENT and not self.has_beaten

    @property
    def episode(self) -> str:
        """What tells this silence from the next one: the last beat, and the host's own word that it goes."""
        word = "" if self.leave is Leave.STAYS else f"-{self.leave.value}"
        return f"{self.at}{word}"
