"""What operators are told about Nova's side, and when."""

import pytest

from kasugai.bridge.advice import Growth, Silence, about_growth, about_silence
from kasugai.bridge.events import MOST, OTHER, Labels
from kasugai.bridge.ports import Standing, Waiting

INFO = "versioned_notifications.info"


def waiting(messages: int, *, readers: int = 0, is_ours: bool = False) -> tuple[Waiting, ...]:
    return (Waiting(queue=INFO, messages=messages, readers=readers, is_ours=is_ours),)


def test_silence_is_told_once_in_each_of_its_lengths() -> None:
    silence = Silence(60.0, now=0.0)
    assert [now for now in range(0, 200, 10) if silence.due(now)] == [60, 120, 180]
    silence.heard(200.0)
    assert silence.age(230.0) == 30.0
    assert [now for now in range(200, 300, 10) if silence.due(now)] == [260]


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (None, "the bus cannot be asked"),
        (Standing(versioned=True, unversioned=True), "well where nobody uses the cloud"),
        (Standing(versioned=False, unversioned=True), "only notifications of the old form are on this bus"),
        (Standing(versioned=False, unversioned=False), "no service notifies on this bus"),
    ],
)
def test_silence_names_the_lines_of_nova_conf(standing: Standing | None, words: str) -> None:
    told = about_silence(3_600.0, standing)
    assert told.startswith("Nova has said nothing for 60 min") and words in told
    assert standing is None or "notification_format = versioned" in told


def test_a_queue_that_nobody_reads_is_told_when_it_grows_and_once_an_hour() -> None:
    growth = Growth()
    told = [list(growth.due(waiting(count), now)) for now, count in ((0, 900), (30, 1_500), (60, 2_000))]
    assert [len(each) for each in told] == [0, 1, 0]
    assert list(growth.due(waiting(9_000), 3_700.0)) == [about_growth(waiting(9_000)[0])]
    assert "set_policy nobody-reads '^versioned_notifications[.]'" in told[1][0]


@pytest.mark.parametrize(
    "second",
    [waiting(1_999), waiting(2_000), waiting(9_000, readers=1), waiting(9_000, is_ours=True), ()],
    ids=["shrinks", "stands", "is-read", "is-ours", "is-gone"],
)
def test_other_queues_are_not_told(second: tuple[Waiting, ...]) -> None:
    growth = Growth()
    assert not list(growth.due(waiting(2_000), 0.0)) and not list(growth.due(second, 30.0))


def test_types_that_are_made_up_make_no_series() -> None:
    labels = Labels()
    assert labels.of("instance.power_off.end") == "instance.power_off.end"
    assert labels.of("Instance\u202e") == labels.of("x" * 99) == labels.of("instance") == OTHER
    found = {
        labels.of(f"made.up_{'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]}")
        for n in range(900)
    }
    assert len(found) == MOST and OTHER in found
    assert labels.of("instance.power_off.end") == "instance.power_off.end"
