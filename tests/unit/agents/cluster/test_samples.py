"""From pictures to words."""

from hypothesis import given
from hypothesis import strategies as st

from kasugai.agents.cluster.picture import Picture, Standing, blind, down, shown, untold, up
from kasugai.agents.cluster.samples import Samples, Word
from kasugai.core.words.signals import Symptom

UP = shown([up("cmp1", "here"), up("cmp2", "member")])
DOWN = shown([up("cmp1", "here"), down("cmp2", "lost")])
UNTOLD = shown([up("cmp1", "here"), untold("cmp2", "who knows")])
GONE = shown([up("cmp1", "here")])
BLIND = blind("no quorum")


def said(*pictures: Picture, needed: int = 2, every: float = 10) -> list[list[tuple[Symptom, bool]]]:
    """Return what is said of cmp2 after each picture."""
    samples = Samples(own="cmp1", needed=needed)
    return [
        [(word.symptom, word.again) for word in samples.take(picture, number * every)]
        for number, picture in enumerate(pictures)
    ]


NEW, AGAIN, BACK = [(Symptom.DOWN, False)], [(Symptom.DOWN, True)], [(Symptom.CLEAR, False)]


def test_the_first_picture_counts_too() -> None:
    assert said(DOWN, DOWN) == [[], NEW]


def test_one_lost_sample_says_nothing() -> None:
    assert said(UP, DOWN, UP, UP) == [[], [], [], []]


def test_mixed_samples_say_nothing_either_way() -> None:
    assert said(UP, DOWN, UP, DOWN, UNTOLD, DOWN, BLIND, DOWN) == [[]] * 8
    assert said(DOWN, DOWN, UP, DOWN, UP, UNTOLD, UP) == [[], NEW, [], [], [], [], []]


def test_what_stands_is_repeated_while_it_is_seen_and_not_while_nobody_is() -> None:
    assert said(DOWN, DOWN, DOWN, DOWN, DOWN, BLIND, BLIND, DOWN, DOWN) == [
        [],
        NEW,
        [],
        [],
        AGAIN,
        [],
        [],
        [],
        AGAIN,
    ]


def test_a_return_is_said_once_and_the_next_loss_is_a_new_one() -> None:
    assert said(DOWN, DOWN, UP, UP, UP, DOWN, DOWN) == [[], NEW, [], BACK, [], [], NEW]


def test_who_was_never_said_to_be_down_is_not_said_to_be_back() -> None:
    assert said(UP, UP, UP, UNTOLD, UP, UP) == [[]] * 6


def test_of_who_cannot_be_told_the_word_is_neither_repeated_nor_taken_back() -> None:
    assert said(DOWN, DOWN, *[UNTOLD] * 6) == [[], NEW, *[[]] * 6]


def test_who_is_no_member_any_more_is_taken_back() -> None:
    assert said(DOWN, DOWN, GONE, GONE, GONE) == [[], NEW, [], BACK, []]
    assert said(UP, UP, GONE, GONE, DOWN, DOWN) == [[], [], [], [], [], NEW]


def test_a_picture_of_nobody_takes_nothing_back() -> None:
    assert said(DOWN, DOWN, *[shown([])] * 5) == [[], NEW, *[[]] * 5]


def test_nobody_speaks_of_itself() -> None:
    samples = Samples(own="cmp2", needed=1)
    assert samples.take(DOWN, 0) == []


def test_one_sample_is_enough_for_who_asks_for_it() -> None:
    assert said(DOWN, UP, needed=1) == [NEW, BACK]


def test_many_at_once_are_all_said() -> None:
    samples = Samples(own="cmp1", needed=1)
    everybody = shown([up("cmp1", ""), *(down(f"cmp{number}", "lost") for number in range(2, 302))])
    assert len(samples.take(everybody, 0)) == 300


def test_it_is_known_when_a_word_is_near() -> None:
    samples = Samples(own="cmp1", needed=2)
    states = []
    for picture in (UP, DOWN, DOWN, UP, UP, UNTOLD, BLIND):
        samples.take(picture, 0)
        states.append((samples.open, samples.standing))
    assert states == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
        (False, False),
        (False, False),
        (False, False),
    ]


@given(st.lists(st.sampled_from([UP, DOWN, UNTOLD, GONE, BLIND]), max_size=30))
def test_a_word_is_only_what_the_last_samples_agree_on(pictures: list[Picture]) -> None:
    samples = Samples(own="cmp1", needed=2)
    stands = False
    for number, picture in enumerate(pictures):
        words: list[Word] = samples.take(picture, number * 10.0)
        assert len(words) <= 1
        for word in words:
            before, last = (_standing(each) for each in pictures[number - 1 : number + 1])
            assert before == last
            assert last in ((Standing.DOWN,) if word.symptom is Symptom.DOWN else (Standing.UP, None))
            assert word.again == (stands and word.symptom is Symptom.DOWN)
            assert word.symptom is Symptom.DOWN or stands
            stands = word.symptom is Symptom.DOWN


def _standing(picture: Picture) -> Standing | None:
    return next((member.standing for member in picture.members if member.name == "cmp2"), None)
