"""Descriptions: which one counts when two hosts had one name, one after the other."""

from tests.unit.core.makers import host, report
from tests.unit.core.story import Story


def test_a_host_that_was_deleted_and_described_anew_is_protected() -> None:
    story = Story()
    story.describe(host(version=2, deleted=True))
    assert story.write(report()) == ["ignore cmp1 (unknown-subject)"]
    assert story.describe(host(host_uuid="another", version=1)) == ["open cmp1 (asserted)"]


def test_the_end_of_a_former_host_of_that_name_told_again_takes_nobody_out_of_protection() -> None:
    story = Story()
    story.describe(host(version=3, deleted=True))
    story.describe(host("cmp9", host_uuid="uuid-cmp1", version=3))
    story.describe(host(host_uuid="another", version=1))
    story.describe(host(version=3, deleted=True))
    assert story.write(report()) == ["open cmp1 (asserted)"]


def test_of_two_living_hosts_of_one_name_the_later_description_counts() -> None:
    story = Story()
    story.describe(host(host_uuid="another", version=1, created_at=5, on_maintenance=True))
    assert story.write(report()) == ["hold cmp1 (maintenance)"]
    story.describe(host(version=9, created_at=1, updated_at=4))
    assert story.wait(1) == []
    assert story.describe(host(version=1, created_at=1, updated_at=6)) == ["open cmp1 (asserted)"]
