"""The time-outs that must fit together, as one value with two named profiles (architecture.md 5).

All figures are milliseconds. It knows what fits and what does not; who waits for what is the business of others.
"""

from dataclasses import dataclass

Instant = int
"""A point in time in milliseconds since 1970 by the broker's clock, or by the owner's monotonic clock where said."""

Millis = int
"""A length of time in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long each part may take before the next one may conclude something."""

    lease: Millis = 10_000
    """A host's lease lives this long after its last renewal."""
    renewal: Millis = 3_000
    """The owner renews its lease this often."""
    margin: Millis = 3_000
    """No effect begins with less of the lease left than this."""
    client: Millis = 35_000
    """A call to Nova is given up after this; its effect is unknown from then on."""
    wire: Millis = 45_000
    """A request that its sender gave up may still arrive within this."""
    settle: Millis = 90_000
    """Absence of a trace is believed only after this."""
    fence: Millis = 60_000
    """A fence agent is killed after this."""
    decision_ttl: Millis = 30_000
    """A decision older than this starts nothing."""
    report_interval: Millis = 10_000
    """Nova's [DEFAULT] report_interval: a live nova-compute moves its record this often."""
    report_slack: Millis = 5_000
    """What a late report may add to `report_interval`."""
    assertion_slack: Millis = 2_000
    """How much younger than an assertion Nova's record may be: two clocks that show whole seconds."""
    power_fresh: Millis = 30_000
    """A power state is believed for this long after it was read."""
    look_interval: Millis = 1_000
    """The pause between two looks at a host whose guests are moving."""
    landing: Millis = 600_000
    """An evacuation that Nova has not ended within this is told (`evacuation-unresolved`); it is never called again."""
    working: Millis = 15_000
    """An owner says `working` this often."""
    silence: Millis = 30_000
    """Correlate publishes an incident again after this time without a fact about it."""
    retry: Millis = 30_000
    """The pause before a new attempt at an incident whose last attempt failed."""
    cooldown: Millis = 60_000
    """A storm is looked at again when the number of unhealthy hosts has been steady for this long."""
    probation: Millis = 300_000
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
        return max(self.settle, self.lease + self.fence)

    @property
    def stale_after(self) -> Millis:
        """A service record older than this belongs to a compute that has stopped reporting."""
        return self.report_interval + self.report_slack


PRODUCTION = Timing()
"""What a deployment runs with unless told otherwise."""

TEST = Timing(
    lease=3_000,
    renewal=1_000,
    margin=1_000,
    client=1_000,
    wire=2_000,
    settle=6_000,
    fence=3_000,
    decision_ttl=6_000,
    report_interval=1_000,
    report_slack=1_000,
    power_fresh=5_000,
    look_interval=300,
    landing=60_000,
    working=3_000,
    silence=6_000,
    retry=5_000,
    cooldown=5_000,
    probation=10_000,
)
"""Short enough for a demo and for chaos runs; figures taken under it say so."""

PROFILES = {"production": PRODUCTION, "test": TEST}
"""The profiles by the name that the setting `[worker] profile` takes."""
