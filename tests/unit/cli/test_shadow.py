"""A policy in the shadow of the one that acts: what it would have decided otherwise, as the letters come."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

from kasugai.adapters.kafka.reader import Batch, Place
from kasugai.adapters.kafka.records import Incoming
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.cli.replaying.policies import Policies
from kasugai.cli.replaying.shadow import Otherwise, Shadow
from kasugai.cli.segment_file import parse
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Letter
from kasugai.core.words.timing import PRODUCTION
from kasugai.schemas.codec import decode
from kasugai.schemas.recordings import Entry, opened
from kasugai.schemas.topics import SIGNALS

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
KEPT = sorted(RECORDINGS.glob("*.recording"))
STORM = RECORDINGS / "storm-below-the-threshold.recording"


def letters_of(path: Path) -> list[Entry]:
    with opened(path) as recording:
        return [entry for entry in recording.entries if entry.topic == SIGNALS]


def shadowed(path: Path, policy: str) -> list[Otherwise]:
    shadow = Shadow(0, PRODUCTION, Policies(parse("f", f"name: rack1\npolicy: {{{policy}}}\n", Policy())))
    found = []
    for entry in letters_of(path):
        letter = decode(entry.frame)
        assert isinstance(letter, Letter)
        found.append(shadow.take(letter, entry.stamp))
    return [each for each in found if each is not None]


def sentences(differences: Sequence[Otherwise]) -> tuple[list[str], list[str]]:
    was = [narrate_verdict(verdict) for each in differences for verdict in each.was]
    return was, [narrate_verdict(verdict) for each in differences for verdict in each.would]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_the_policy_that_acts_has_no_shadow(path: Path) -> None:
    shadow = Shadow(0, PRODUCTION, Policies())
    for entry in letters_of(path):
        letter = decode(entry.frame)
        assert isinstance(letter, Letter)
        assert shadow.take(letter, entry.stamp) is None


def test_a_lower_threshold_would_have_held_both() -> None:
    was, would = sentences(shadowed(STORM, "max-unhealthy: 25"))
    assert would == ["hold cmp1 (approval-needed)", "hold cmp2 (approval-needed)"]
    assert set(was) == {
        *("open cmp1 (confirmed)", "open cmp2 (confirmed)"),
        *("close cmp1 (recovered)", "close cmp2 (recovered)"),
    }


def test_a_higher_one_would_have_gone_on_and_been_stopped_by_a_sign_of_life() -> None:
    """How long a recovery takes nobody knows yet, so two minutes."""
    _, would = sentences(shadowed(STORM, "max-unhealthy: 90"))
    assert would[:3] == ["open cmp1 (confirmed)", "open cmp2 (confirmed)", "open cmp3 (confirmed)"]
    assert {"stop cmp3 (sign-of-life)", "close cmp3 (stopped)"} < set(would)


class Mailbox:
    """The Reader of a mailbox with one partition, which grows by half of the storm once all else is read."""

    def __init__(self, *_: object) -> None:
        entries = letters_of(STORM)
        half = len(entries) // 2
        self._pieces = [entries[:half], [], entries[half:]]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def partitions(self, _: str) -> list[int]:
        return [0]

    async def assign(self, _: object) -> None:
        pass

    async def next(self) -> Batch:
        records = [_incoming(entry) for entry in self._pieces.pop(0)]
        end = Place(SIGNALS, 0, 1)
        noise = Incoming(topic=SIGNALS, partition=0, offset=999, at=0, key=None, value=b"rubbish")
        return Batch((*records, noise), () if records else (end,))


def _incoming(entry: Entry) -> Incoming:
    return Incoming(
        topic=entry.topic,
        partition=entry.partition,
        offset=entry.offset,
        at=entry.at,
        key=None,
        value=entry.frame,
    )


def test_it_tells_what_comes_from_now_on_and_ends_when_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kasugai.cli.following.Reader", Mailbox)
    config = tmp_path / "kasugai.conf"
    config.write_text("[kafka]\nbootstrap_servers = nobody:1\n")
    words = ["--policy", str(STORM.with_suffix(".yaml")), "--count", "2", "--config-file", str(config)]
    assert main(["shadow", *words]) == Exit.OK
    told = capsys.readouterr()
    assert told.err == "From here on. Nothing is carried out. Ctrl-C ends it.\n"
    assert told.out.splitlines() == [
        "2026-01-01T00:02:10.324Z  was: open cmp1 (confirmed)",
        "2026-01-01T00:02:10.324Z  was: open cmp2 (confirmed)",
        "2026-01-01T00:02:10.324Z  would have: hold cmp1 (approval-needed): 2 of 5 hosts are unhealthy",
        "2026-01-01T00:02:10.324Z  would have: hold cmp2 (approval-needed): 2 of 5 hosts are unhealthy",
        "2026-01-01T00:02:12.586Z  was: close cmp2 (recovered)",
    ]


@pytest.mark.parametrize("count", ["0", "-3"])
def test_no_differences_at_all_are_no_number_to_end_after(
    count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["shadow", "--policy", str(STORM.with_suffix(".yaml")), "--count", count]
    assert main(words) == Exit.USAGE
    assert f"--count {count}: name a number from 1 on" in capsys.readouterr().err
