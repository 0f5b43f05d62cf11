"""What a silence does to a host's row, and that what was said earlier is no news behind what was said later."""

from kasugai.core.deciding.rows import HostRow
from kasugai.core.words.silences import Silence
from kasugai.core.words.timing import BrokerTime
from tests.unit.core.makers import SEGMENT, host
from tests.unit.core.story import START, Story


def silence(until: int = 3600, said: int = 10, name: str = "cmp1") -> Silence:
    """A silence that ends so many seconds after the beginning; 0: it is over."""
    return Silence(
        host=name,
        until=START + until * 1000 if until else 0,
        observer="alertmanager",
        author="kimura",
        reason="new memory",
        said_at=BrokerTime(START + said * 1000),
    )


def row(story: Story, name: str = "cmp1") -> HostRow:
    found = story.post.table[f"{SEGMENT}/host/{name}"]
    assert isinstance(found, HostRow)
    return found


def test_a_silence_stands_in_its_hosts_row_and_outlives_a_new_description() -> None:
    story = Story()
    story.write(silence(), at=10)
    story.describe(host("cmp1", version=2))
    assert row(story).silence == silence()
    assert row(story, "cmp2").silence is None


def test_what_says_again_what_stands_writes_nothing() -> None:
    story = Story()
    story.write(silence(), at=10)
    before = row(story).offset
    story.write(silence(said=40), at=40)
    assert row(story).offset == before


def test_what_was_said_before_what_stands_is_no_news() -> None:
    story = Story()
    story.write(silence(), at=10)
    story.write(silence(until=0, said=20), at=20)
    story.write(silence(until=7200, said=15), at=30)
    assert row(story).silence == silence(until=0, said=20)


def test_nobody_is_silenced_whom_the_inventory_does_not_know() -> None:
    story = Story()
    story.write(silence(name="cmp9"), at=10)
    assert f"{SEGMENT}/host/cmp9" not in story.post.table
