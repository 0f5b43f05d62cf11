"""What correlate shows of the segments whose mailboxes it has."""

from kasugai.core.words.disks import RootDisks
from kasugai.core.words.policy import Fencing, Policy
from kasugai.streams.correlate_app import undescribed_disks, unfenced


def test_segments_are_counted_that_ask_for_a_risk() -> None:
    described = Policy(root_disks=RootDisks.LOCAL)
    careless = Policy(fence=Fencing.NONE)
    assert (unfenced([]), undescribed_disks([])) == (0, 0)
    assert (unfenced([described, careless, careless]), undescribed_disks([described, careless])) == (2, 1)
