"""What waited for route, and what may be waiting behind it."""

from kasugai.core.deciding.evidence import LATEST
from kasugai.core.deciding.testimony import PROMPT
from kasugai.core.words.signals import Source
from tests.unit.core.makers import S, alive, down
from tests.unit.core.story import Story
from tests.unit.core.test_reports import said

LATE = 20
HEARTBEAT, PEER = down(Source.HEARTBEAT), down(Source.PEER)


def read_late(by: float) -> Story:
    """Two witnesses of the first second, read so much later."""
    story = Story()
    story.write(said(HEARTBEAT, 0), at=by)
    story.write(said(PEER, 0), at=by)
    return story


def test_what_was_read_late_is_settled_as_much_later() -> None:
    story = read_late(LATE)
    story.wait(LATE + 4 + LATE - 1)
    assert not story.opens
    story.wait(LATE + 4 + LATE + 1)
    assert story.opens


def test_the_host_s_own_word_may_have_waited_as_long() -> None:
    story = read_late(LATE)
    story.wait(LATE + 10)
    story.write(said(alive(), 5))
    story.wait(LATE + 120)
    assert not story.opens


def test_what_is_said_again_in_time_is_settled_as_usual() -> None:
    story = read_late(LATE)
    for fault in (HEARTBEAT, PEER):
        story.write(said(fault, LATE + 6), at=LATE + 6)
    assert story.opens


def test_nobody_waits_for_ever_and_the_usual_way_is_not_late() -> None:
    assert {condition.late for condition in read_late(PROMPT / S).row().conditions} == {0}
    by = LATEST / S + 60
    story = read_late(by)
    story.wait(by + 4 + LATEST / S + 1)
    assert story.opens
