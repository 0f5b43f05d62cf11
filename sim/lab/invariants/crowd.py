"""When too many hosts look dead, it is the network that is: no more of them are acted upon than the policy allows.

A failure domain of a kind that its policy counts as one counts so only while something is said against each of its
hosts, and never where it is most of the segment.
"""

from collections.abc import Iterator

from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.sim.lab.invariants.acted_upon import ActedUpon


class Crowd(ActedUpon):
    """No more hosts of a segment are acted upon at a time than its policy allows or a person has approved."""

    def judge(self, host: HostRecord, segment: SegmentRecord) -> Iterator[str]:
        """Count the segment's."""
        members = self.members(segment)
        acted_upon = self.acted_upon & members
        crowd = self._counted(segment, acted_upon, members)
        if crowd > 1 and crowd * 100 >= segment.policy.max_unhealthy * len(members):
            yield f"{crowd} of {len(members)} hosts of {segment.name} are acted upon, more than its limit"

    def _counted(self, segment: SegmentRecord, acted_upon: set[str], members: set[str]) -> int:
        named = {domain for name in acted_upon for domain in self._hosts[name].domains}
        ones = [self.members(segment, each) for each in named if each.kind in segment.policy.domain_as_one]
        whole = [each for each in ones if each <= self.accused and 2 * len(each) <= len(members)]
        alone = acted_upon.difference(*whole)
        return min(len(acted_upon), len(alone) + len(whole))
