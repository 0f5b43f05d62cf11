"""A partition of heartbeats as a test writes it: hosts that beat, pulses, and what liveness says."""

from dataclasses import dataclass, field

from kasugai.core.watching.partition import ALONE, Around, Conclusions, Partition, Said
from kasugai.core.watching.rules import Rules
from kasugai.core.words.heartbeats import Leave, Link
from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import BrokerTime, Millis

START = 1_800_000_000_000
RULES = Rules()


@dataclass
class Log:
    """Writes and reads at once; `now` is the broker's clock."""

    rules: Rules = RULES
    now: int = START
    around: Around = ALONE
    said: list[Said] = field(default_factory=list)
    last: Conclusions = field(default_factory=Conclusions)

    def __post_init__(self) -> None:
        """Nothing is written."""
        self.partition = Partition(self.rules)
        self.pulse()

    def beat(
        self,
        host: str = "cmp1",
        *,
        boot: str = "b1",
        uptime: int | None = None,
        every: int = 1_000,
        late: int = 0,
        leave: Leave = Leave.STAYS,
        links: tuple[Link, ...] = (),
    ) -> bool:
        """Let a host beat; its uptime is the broker's time since START, and a day."""
        since_boot = 86_400_000 + self.now - START if uptime is None else uptime
        at = BrokerTime(self.now)
        return self.partition.hear(
            host, boot, Millis(since_boot), Millis(every), Millis(late), leave, links, at
        )

    def pulse(self, *, concludes: bool = True) -> list[Fault]:
        """Pulse, and return what is said."""
        self.last = self.partition.pulse(BrokerTime(self.now), concludes=concludes, around=self.around)
        self.said += self.last.said
        return [said.fault for said in self.last.said]

    def pass_(self, seconds: float, *hosts: str, **words: object) -> list[Fault]:
        """Let time pass, pulse by pulse, in which these hosts beat, and return what was said."""
        said: list[Fault] = []
        for _ in range(round(seconds)):
            self.now += 1_000
            for host in hosts:
                assert self.beat(host, **words), "it counts"  # type: ignore[arg-type]
            said += self.pulse()
        return said

    def successor(self, memory: int = 60_000) -> "Log":
        """Return who takes over now, and knows what was last said within `memory` and no beat."""
        other = Log(self.rules, self.now, self.around)
        other.partition = Partition(self.rules)
        last = {said.fault.host: said for said in self.said if said.fault.observed_at >= self.now - memory}
        for said in last.values():
            other.partition.stand(said, BrokerTime(said.fault.observed_at))
        other.pulse()
        return other
