"""What is said at once, what is said again after 30 s, and what is said once."""

from kasugai.core.words.signals import Source, Symptom
from kasugai.observers.said import FORGET, REPEAT, Said
from kasugai.observers.seen import Seen


def seen(symptom: Symptom = Symptom.DOWN, host: str = "cmp1", episode: str = "1") -> Seen:
    return Seen(host=host, symptom=symptom, episode=episode)


def say(said: Said, now: float, *round_: Seen, taken: bool = True) -> list[str]:
    """Play a round and return the symptoms that were published."""
    words = said.due(round_, now, wall=5)
    if taken:
        said.took(words, now)
    return [fault.symptom for _, fault in words]


def test_what_stands_is_said_at_once_and_again_every_30_s_under_the_same_id() -> None:
    said = Said("query/x", Source.METRICS)
    (first,) = said.due([seen()], 0.0, wall=5)
    said.took([first], 0.0)
    assert first[1].observed_at == 5
    assert [say(said, float(at), seen()) for at in (10, 20)] == [[], []]
    (again,) = said.due([seen()], REPEAT, wall=99)
    assert again[1].event_id == first[1].event_id


def test_what_kafka_did_not_take_is_due_again() -> None:
    said = Said("query/x", Source.METRICS)
    assert say(said, 0.0, seen(), taken=False) == ["down"]
    assert say(said, 1.0, seen()) == ["down"]
    assert say(said, 2.0, seen(Symptom.CLEAR), taken=False) == ["clear"]
    assert say(said, 3.0, seen(Symptom.CLEAR)) == ["clear"]
    assert say(said, 4.0, seen(Symptom.CLEAR)) == []


def test_only_what_was_said_is_taken_back() -> None:
    said = Said("query/x", Source.METRICS)
    assert say(said, 0.0, seen(Symptom.CLEAR)) == []
    say(said, 1.0, seen())
    assert say(said, FORGET + 2, seen(Symptom.CLEAR)) == [], "correlate has forgotten it by then"


def test_a_sign_of_life_is_given_once_and_not_again_before_the_next_failure() -> None:
    said = Said("os-services", Source.NOVA)
    say(said, 0.0, seen())
    assert say(said, 1.0, seen(Symptom.CLEAR)) == ["clear"]
    assert say(said, 2.0, seen(Symptom.ALIVE)) == ["alive"]
    assert say(said, 3.0, seen(Symptom.ALIVE)) == []
    assert say(said, 4.0, seen(episode="2")) == ["down"]
    assert say(said, 5.0, seen(Symptom.ALIVE)) == ["alive"]


def test_no_opinion_repeats_nothing() -> None:
    said = Said("os-services", Source.NOVA)
    say(said, 0.0, seen())
    assert say(said, REPEAT + 1) == []
    assert said.standing == {"cmp1"}
    say(said, FORGET)
    assert said.standing == frozenset()


def test_another_episode_is_news() -> None:
    said = Said("alertmanager", Source.METRICS)
    say(said, 0.0, seen())
    assert say(said, 1.0, seen(episode="2")) == ["down"]
