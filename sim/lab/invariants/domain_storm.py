"""When too many hosts of one failure domain look dead, its policy says whether anybody is acted upon, and how fast."""

from collections.abc import Iterator

from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.sim.lab.invariants.acted_upon import ActedUpon


class DomainStorm(ActedUpon):
    """From `domain-trip` on no more hosts of a small domain are acted upon, and of a large one no more than
    `domain-cap` at a time, but where a person has approved it."""

    def judge(self, host: HostRecord, segment: SegmentRecord) -> Iterator[str]:
        """Count those of each domain of the host."""
        policy = segment.policy
        for domain in host.domains if policy.domain_trip else ():
            members = self.members(segment, domain)
            crowd = len(self.acted_upon & members)
            if crowd < 2 or crowd * 100 < policy.domain_trip * len(members):
                continue
            busy = len(self.at_work & members)
            if len(members) <= policy.domain_small:
                yield f"{crowd} of {len(members)} hosts of {domain.title} are acted upon, more than its limit"
            elif busy > policy.domain_cap:
                yield f"{busy} hosts of {domain.title} are recovered at a time, more than its limit"
