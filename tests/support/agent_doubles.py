"""What stands for the parts of an agent in tests of the others."""

from collections.abc import Sequence

from kasugai.adapters.kafka.post import Report
from kasugai.agents.beating import Guests
from kasugai.core.words.heartbeats import Leave, Link
from kasugai.core.words.log import LogAway
from kasugai.core.words.timing import Instant, Millis


class Clocks:
    """Clocks that stand."""

    def uptime(self) -> Millis:
        return Millis(1)

    def now(self) -> Instant:
        return 1


class Sights:
    """Sees nothing."""

    def leave(self) -> Leave:
        return Leave.STAYS

    def links(self) -> tuple[Link, ...]:
        return ()

    def guests(self) -> Guests:
        return Guests()


class QuietMail:
    """Takes all and tells nothing."""

    def send(
        self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]], report: Report
    ) -> None:
        """Take it."""

    def serve(self) -> None:
        """Tell nothing."""


class DeadPost:
    """A client that fails when it is told to."""

    def __init__(self) -> None:
        self.broken, self.reports = "", list[Report]()

    @property
    def under_way(self) -> int:
        return len(self.reports)

    def send(
        self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]], report: Report
    ) -> None:
        self.reports.append(report)

    def serve(self) -> None:
        """Tell nothing."""

    def close(self) -> None:
        while self.reports:
            self.reports.pop()(LogAway("purged"))


class Watching:
    """A watch with a trouble to set."""

    name = "eyes"

    def __init__(self) -> None:
        self.trouble = ""

    async def run(self) -> None:
        """Watch nothing."""
