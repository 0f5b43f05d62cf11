"""The time-outs that must fit together, as one value with two named profiles (architecture.md 5).

All figures are milliseconds. It knows what fits and what does not; who waits for what is the business of others.
"""

from dataclasses import dataclass
from typing import NewType, TypeVar

Instant = int
"""A point in time in milliseconds since 1970 by whatever clock its docstring names: told, never compared."""

BrokerTime = NewType("BrokerTime", int)
"""A point in time in milliseconds since 1970 by the broker's clock."""

SteadyTime = NewType("SteadyTime", int)
"""A point in time in milliseconds on a partition's steady clock: the broker's less what passed unseen. Deadlines
run on it (ADR 2)."""

MonoTime = NewType("MonoTime", int)
"""A point in time in milliseconds by a process's monotonic clock: means nothing in another process."""

NovaTime = NewType("NovaTime", int)
"""A point in time in milliseconds since 1970 by the clock of one of Nova's machines, in whole seconds: two of them may
differ by `NOVA_SKEW`."""

Millis = NewType("Millis", int)
"""A length of time in milliseconds."""

NOVA_SKEW: Millis = Millis(300_000)
"""So much may the clocks of Nova's machines differ: far more than Keystone's tokens or Nova's own service records bear.
"""

Clock = TypeVar("Clock", BrokerTime, SteadyTime, MonoTime, NovaTime)


def later(at: Clock, by: Millis) -> Clock:
    """Return the time so much later, on the same clock."""
    return at + by  # type: ignore[return-value]  # a NewType's sum is a plain int


def between(earlier: Clock, at: Clock) -> Millis:
    """Return how long after `earlier` is `at`: two times of one clock, or mypy refuses."""
    return Millis(at - earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long each part may take before the next one may conclude something."""

    lease: Millis = Millis(10_000)
    """A host's lease lives this long after its last renewal."""
    renewal: Millis = Millis(3_000)
    """The owner renews its lease this often."""
    margin: Millis = Millis(3_000)
    """No effect begins with less of the lease left than this."""
    client: Millis = Millis(35_000)
    """A call to Nova is given up after this; its effect is unknown from then on."""
    wire: Millis = Millis(45_000)
    """A request that its sender gave up may still arrive within this."""
    settle: Millis = Millis(90_000)
    """Absence of a trace is believed only after this."""
    fence: Millis = Millis(60_000)
    """A fence agent is killed after this."""
    decision_ttl: Millis = Millis(30_000)
    """A decision older than this starts nothing."""
    report_interval: Millis = Millis(10_000)
    """Nova's [DEFAULT] report_interval: a live nova-compute moves its record this often."""
    report_slack: Millis = Millis(5_000)
    """What a late report may add to `report_interval`."""
    assertion_slack: Millis = Millis(2_000)
    """How much younger than an assertion Nova's record may be: two clocks that show whole seconds."""
    power_fresh: Millis = Millis(30_000)
    """A power state is believed for this long after it was read."""
    look_interval: Millis = Millis(1_000)
    """The pause between two looks at a host whose guests are moving."""
    landing: Millis = Millis(600_000)
    """An evacuation that Nova has not ended within this is told (`evacuation-unresolved`); it is never called again."""
    working: Millis = Millis(15_000)
    """An owner says `working` this often."""
    silence: Millis = Millis(30_000)
    """Correlate publishes an incident again after this time without a fact about it."""
    retry: Millis = Millis(30_000)
    """The pause before a new attempt at an incident whose last attempt failed."""
    cooldown: Millis = Millis(60_000)
    """A storm is looked at again when the number of unhealthy hosts has been steady for this long."""
    probation: Millis = Millis(300_000)
    """A host that was out is re-admitted after it has shown life for this long."""

    def problems(self) -> tuple[str, ...]:
        """Return what does not fit together, one sentence each; empty when all is well."""
        found = []
        if self.settle < self.lease + self.client + self.wire:
            found.append(
                "settle is shorter than lease + client + wire: a call of a dead worker could land after it"
            )
        if self.lease < 3 * self.renewal:
            found.append("lease is shorter than three renewals: one slow renewal would lose it")
        if self.margin >= self.lease:
            found.append("margin is not shorter than lease: no step could ever begin")
        return tuple(found)

    @property
    def fence_settle(self) -> Millis:
        """How long a fence call of a dead worker may still take effect: its agent dies with the lease."""
        return Millis(max(self.settle, self.lease + self.fence))

    @property
    def stale_after(self) -> Millis:
        """A service record older than this belongs to a compute that has stopped reporting."""
        return Millis(self.report_interval + self.report_slack)


PRODUCTION = Timing()
"""What a deployment runs with unless told otherwise."""

TEST = Timing(
    lease=Millis(3_000),
    renewal=Millis(1_000),
    margin=Millis(1_000),
    client=Millis(1_000),
    wire=Millis(2_000),
    settle=Millis(6_000),
    fence=Millis(3_000),
    decision_ttl=Millis(6_000),
    report_interval=Millis(1_000),
    report_slack=Millis(1_000),
    power_fresh=Millis(5_000),
    look_interval=Millis(300),
    landing=Millis(60_000),
    working=Millis(3_000),
    silence=Millis(6_000),
    retry=Millis(5_000),
    cooldown=Millis(5_000),
    probation=Millis(10_000),
)
"""Short enough for a demo and for chaos runs; figures taken under it say so."""

PROFILES = {"production": PRODUCTION, "test": TEST}
"""The profiles by the name that the setting `[worker] profile` takes."""
