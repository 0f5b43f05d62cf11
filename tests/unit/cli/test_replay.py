"""Recordings that are kept are decided today as they were then, and told to the byte; policies are tried on them."""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.cli.replaying.policies import Policies
from kasugai.cli.replaying.run import Replayed, replay
from kasugai.cli.segment_file import parse
from kasugai.core.telling.comparing import Story
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Letter, Tick
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.recordings import ROWS, Entry, RecordingWriter, opened
from kasugai.schemas.topics import SIGNALS, VERDICTS
from kasugai.sim.lab.grammar import read
from kasugai.sim.lab.runner import record

REPO = Path(__file__).resolve().parents[3]
RECORDINGS = REPO / "tests" / "recordings"
KEPT = sorted(RECORDINGS.glob("*.recording"))
TRIED = sorted(RECORDINGS.glob("*.yaml"))
STORM = RECORDINGS / "storm-below-the-threshold.recording"
FRESH = "tools/record_scenarios.py --told writes what is told now: read the diff"


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_today_is_decided_what_was_decided_then(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["replay", str(path), "--diff"])
    assert f"{capsys.readouterr().out}exit {code}\n" == path.with_suffix(".told").read_text(), FRESH
    assert code == Exit.OK


@pytest.mark.parametrize("path", TRIED, ids=lambda path: path.stem)
def test_another_policy_is_told_to_the_byte(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["replay", str(path.with_suffix(".recording")), "--policy", str(path), "--diff"])
    assert f"{capsys.readouterr().out}exit {code}\n" == path.with_suffix(".policy.told").read_text(), FRESH
    assert code == Exit.NO


def test_some_are_kept_of_every_kind() -> None:
    assert len(KEPT) >= 7 and len(TRIED) >= 2
    assert {path.stem for path in TRIED} <= {path.stem for path in KEPT}


def test_processes_that_order_their_sets_otherwise_say_the_same() -> None:
    words = [sys.executable, "-m", "kasugai.cli", "replay", str(KEPT[-1]), "--diff"]
    words += ["--policy", str(KEPT[-1].with_suffix(".yaml"))]
    runs = [
        subprocess.run(words, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False)
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != b""


def rewritten(folder: Path, entries: Iterable[Entry], of: Path = STORM) -> Path:
    """A recording with other entries."""
    path = folder / "other.recording"
    with opened(of) as recording:
        about = recording.about
    with path.open("wb") as file, RecordingWriter(file, about) as writer:
        for entry in entries:
            writer.add(entry)
    return path


def entries_of(path: Path) -> list[Entry]:
    with opened(path) as recording:
        return list(recording.entries)


def tried(path: Path, policy: str, name: str = "rack1") -> Replayed:
    return replay(path, Policies(parse("f", f"name: {name}\npolicy: {{{policy}}}\n", Policy())))


def would(replayed: Replayed) -> dict[str, Story]:
    """By host: the incidents that would be."""
    return {p.would.host: p.would for p in replayed.comparison.incidents if p.would is not None}


def test_a_decision_that_is_missing_in_the_record_is_a_difference(tmp_path: Path) -> None:
    entries = [e for e in entries_of(STORM) if e.topic != VERDICTS]
    replayed = replay(rewritten(tmp_path, entries))
    assert len(replayed.comparison.decisions) == 15
    assert all(pair.was is None for pair in replayed.comparison.decisions)


def test_an_order_that_was_another_one_is_a_difference(tmp_path: Path) -> None:
    def earlier(entry: Entry) -> Entry:
        value = decode(entry.frame)
        if not isinstance(value, Open):
            return entry
        return entry._replace(frame=encode(replace(value, decided_at=BrokerTime(value.decided_at - 1))))

    replayed = replay(rewritten(tmp_path, map(earlier, entries_of(STORM))))
    assert [pair.was is not None and pair.would is not None for pair in replayed.comparison.incidents] == [
        True
    ] * 2


def test_the_same_policy_is_no_difference() -> None:
    replayed = tried(STORM, "max-unhealthy: 50")
    assert not replayed.comparison.differs and replayed.changed == ()


def test_what_waits_longer_is_decided_at_ticks_that_the_record_has_not() -> None:
    """With a quiet mailbox there is a tick every 30 s; whoever waits 20 s is not kept waiting until the next one."""
    replayed = tried(STORM, "confirm-after: 20s")
    late = {d.would.at - d.was.at for d in replayed.comparison.decisions if d.was and d.would}
    assert late and all(15_000 <= each <= 16_500 for each in late)


def test_an_incident_that_would_be_earlier_goes_as_the_recorded_one_did() -> None:
    stories = would(tried(STORM, "max-unhealthy: 90"))
    for host in ("cmp1", "cmp2"):
        story = stories[host]
        assert (story.end, story.fencings, story.moves) == ("recovered", 1, 1)
        assert story.ended_at is not None and 2_000 < story.ended_at - story.opened_at < 3_000


def test_one_that_nobody_has_carried_out_is_fenced_and_its_guests_are_not_counted() -> None:
    replayed = tried(STORM, "max-unhealthy: 90")
    story = next(p.would for p in replayed.comparison.incidents if p.would is not None and p.was is None)
    assert (story.host, story.fencings, story.moves) == ("cmp3", 1, None)
    assert replayed.assumed == 4


def test_the_host_comes_back_from_a_recovery_that_never_was() -> None:
    """It is out of service from then on, so its return is an incident of its own."""
    pairs = tried(STORM, "max-unhealthy: 90").comparison.incidents
    assert [p.would.why for p in pairs if p.was is None and p.would is not None] == ["confirmed", "host-back"]


def test_a_withdrawn_one_leaves_the_answers_of_its_workers_without_a_word() -> None:
    """Nobody disregards what in that world nobody said."""
    decisions = tried(STORM, "max-unhealthy: 25").comparison.decisions
    assert {d.would.verb for d in decisions if d.would is not None} == {"hold"}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_rows_from_the_middle_go_on_as_the_whole_does(path: Path, tmp_path: Path) -> None:
    """What `record --from` writes: the rows as they are then, and the letters from there on."""
    from kasugai.core.deciding.mailbox import Mailbox

    entries = entries_of(path)
    letters = [e for e in entries if e.topic == SIGNALS]
    middle = letters[len(letters) // 2]
    mailbox = Mailbox.restore(0)
    for each in letters[: len(letters) // 2]:
        letter = decode(each.frame)
        assert isinstance(letter, Letter)
        mailbox.take(letter, each.stamp)
    rows = [Entry(ROWS, 0, row.offset, 0, encode(row)) for row in mailbox.rows()]
    with opened(path) as recording:
        about = replace(recording.about, begin=middle.stamp.at)
    cut = tmp_path / "cut.recording"
    with cut.open("wb") as file, RecordingWriter(file, about) as writer:
        for entry in [*(e for e in entries if e.topic != SIGNALS), *rows, *letters[len(letters) // 2 :]]:
            writer.add(entry)
    replayed = replay(cut)
    assert not replayed.comparison.differs
    assert replayed.letters == len(letters) - len(letters) // 2


def test_what_cannot_be_understood_is_counted_and_passed_over(tmp_path: Path) -> None:
    strange = [
        Entry(VERDICTS, 0, 99, 5, b"\x00rubbish"),
        Entry(SIGNALS, 0, 1_000, 1_767_225_900_000, b""),
        Entry(SIGNALS, 0, 1_001, 1_767_225_900_000, encode(Letter(segment="x", signal=Tick(period=500)))),  # type: ignore[arg-type]
    ]
    entries = entries_of(STORM)
    replayed = replay(rewritten(tmp_path, [strange[0], *entries, *strange[1:]]))
    assert (replayed.unreadable, replayed.comparison.differs) == (3, False)


def test_a_recording_from_the_laboratory_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    scenario = read(REPO / "tests" / "scenarios" / "storm-below-the-threshold.scenario")
    made = []
    for name in ("one", "two"):
        with (tmp_path / name).open("wb") as file:
            record(scenario, file)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert any(isinstance(decode(e.frame), Verdict) for e in entries_of(tmp_path / "one"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.recording"], "nowhere.recording: cannot be read: No such file"),
        ([__file__], "it is no recording, or damaged"),
        ([str(STORM), "--from", "2h"], "a FILE is replayed whole"),
        ([str(STORM), "--policy", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--from", "1h", "--to", "2h"], "--from is not before --to"),
    ],
)
def test_what_was_typed_wrong_is_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", *words]) == Exit.USAGE
    assert told in capsys.readouterr().err


def test_a_segment_that_the_recording_has_not_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text("name: rack7\npolicy: {max-unhealthy: 10}\n")
    assert main(["replay", str(STORM), "--policy", str(policy)]) == Exit.USAGE
    assert "has no segment rack7; it has: rack1" in capsys.readouterr().err


def test_without_diff_it_says_how_to_see_the_decisions(capsys: pytest.CaptureFixture[str]) -> None:
    policy = STORM.with_suffix(".yaml")
    assert main(["replay", str(STORM), "--policy", str(policy)]) == Exit.NO
    told = capsys.readouterr()
    assert "\n- 2026" not in told.out
    assert told.err == "Each decision that differs: the same with --diff\n"


def test_the_operators_page_shows_what_is_told() -> None:
    told, _, _ = STORM.with_suffix(".policy.told").read_text().rpartition("exit")
    page = (REPO / "docs" / "operators" / "replay.md").read_text()
    assert f"$ kasugai replay storm.recording --policy new.yaml --diff\n{told}```\n" in page
    assert f"```yaml\n{STORM.with_suffix('.yaml').read_text()}```\n" in page


def test_a_rule_that_is_another_one_is_a_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a red build looks like: somebody has mistaken `as much as` for `more than`."""
    monkeypatch.setattr(
        "kasugai.core.deciding.storm.is_over",
        lambda segment, tally, crowd: crowd * 100 > segment.record.policy.max_unhealthy * len(tally.hosts),
    )
    path = RECORDINGS / "storm-of-20-for-300s.recording"
    assert main(["replay", str(path)]) == Exit.NO
    told = capsys.readouterr().out
    assert told.count("  would be  an incident (confirmed)") == 20
    assert "fencings   20 more\n" in told
