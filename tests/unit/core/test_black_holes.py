"""A host on which an incident's guests cannot be started is told of once, whoever says it and however often."""

from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.signals import Source
from kasugai.core.words.verdicts import Reason, Verb
from tests.unit.core.makers import down, fact, report
from tests.unit.core.story import Story, answer


def opened() -> Story:
    story = Story()
    story.write(report())
    story.write(down(Source.PEER))
    return story


def works(
    story: Story, *holes: str, kind: FactKind = FactKind.WORKING, seq: int = 0, **given: object
) -> list[str]:
    return story.hear(answer(fact(kind, black_holes=holes, seq=seq, **given), story))


def test_a_host_is_told_of_once() -> None:
    story = opened()
    assert works(story) == []
    assert works(story, "cmp3") == ["alert cmp1 (black-hole)"]
    told = story.post.verdicts[-1]
    assert (told.verb, told.reason, told.incident) == (Verb.ALERT, Reason.BLACK_HOLE, story.opened)
    assert told.detail == "several of its instances could not be started on cmp3"
    assert works(story, "cmp3", seq=1) == []
    assert story.incident.black_holes == ("cmp3",)


def test_of_several_only_what_is_new_is_told_in_the_order_of_their_names() -> None:
    story = opened()
    works(story, "cmp3")
    assert works(story, "cmp4", "cmp3", "cmp2", seq=1) == ["alert cmp1 (black-hole)"]
    assert story.post.verdicts[-1].detail == "several of its instances could not be started on cmp2, cmp4"
    assert story.incident.black_holes == ("cmp3", "cmp2", "cmp4")


def test_one_that_was_redeemed_and_fails_again_is_not_told_of_again() -> None:
    story = opened()
    works(story, "cmp3")
    works(story, seq=1)
    assert works(story, "cmp3", seq=2, epoch=2) == []


def test_an_answer_tells_of_it_beside_its_own_word() -> None:
    story = opened()
    said = works(story, "cmp3", kind=FactKind.HELD, reason=Reason.NO_CAPACITY)
    assert said == ["alert cmp1 (black-hole)", "hold cmp1 (no-capacity)"]
    assert (story.incident.reason, story.row().reason) == (Reason.NO_CAPACITY, Reason.NO_CAPACITY)


def test_it_is_told_aside_and_the_incident_s_last_word_stays() -> None:
    story = opened()
    before = story.row()
    works(story, "cmp3")
    after = story.row()
    assert (after.verb, after.reason) == (before.verb, before.reason)


def test_a_fenced_owner_tells_of_nothing() -> None:
    story = opened()
    works(story, epoch=3)
    assert works(story, "cmp3", epoch=2, seq=1) == ["disregard cmp1 (older-epoch)"]
    assert story.incident.black_holes == ()


def test_the_host_s_next_incident_tells_of_it_anew() -> None:
    story = opened()
    works(story, "cmp3")
    closed = works(story, kind=FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE)
    assert closed == ["close cmp1 (nothing-done)", "open cmp1 (asserted)"]
    assert works(story, "cmp3") == ["alert cmp1 (black-hole)"]
