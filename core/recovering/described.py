"""What is known of segments and their hosts without asking Nova: descriptions, devices, and what the log has said.

It says why a lost host would wait for a person, and knows nothing of guests.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Fencing, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is known of segments and hosts without Nova."""

    segments: Mapping[str, SegmentRecord]
    """By id."""
    hosts: Mapping[str, HostRecord]
    """By name."""
    devices: Mapping[str, bool]
    """By host: whether a power device is described; False: only storage that can be closed to it."""
    waits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By segment's id: why nothing is done in it before a person has said so."""
    avoid: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By host: why nobody is sent there."""
    taken: Collection[str] = frozenset()
    """Reserves that are given or spent."""

    def policy_of(self, host: str) -> Policy:
        """Return the policy by which a host's guests are recovered; the default's for one that is in no segment."""
        record = self.hosts.get(host)
        segment = self.segments.get(record.segment_id) if record else None
        policy = segment.policy if segment else Policy()
        own = record.root_disks if record else None
        return policy if own is None else replace(policy, root_disks=own)

    def why_it_waits(self, host: str) -> str:
        """Return why, if that host were lost, nothing would be done before a person has said so; empty: it would."""
        record = self.hosts.get(host)
        segment = self.segments.get(record.segment_id) if record else None
        if record is None or segment is None:
            return "in-no-segment"
        needs_device = segment.policy.fence is Fencing.REQUIRED and host not in self.devices
        words = {
            "maintenance": record.on_maintenance,
            "disarmed": not segment.armed,
            self.waits.get(segment.segment_id, ""): segment.segment_id in self.waits,
            "no-fence-device": needs_device,
        }
        return next((word for word, holds in words.items() if holds), "")
