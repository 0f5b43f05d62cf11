"""`kasugai sim` finds the scenarios, plays them, and says no when a log or an invariant is not as it should be."""

from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.cli import sim
from kasugai.cli.exits import Exit
from kasugai.cli.main import main

REPO = Path(__file__).resolve().parents[3]


def test_the_package_finds_the_very_files_that_the_tests_prove() -> None:
    assert sim.folder().resolve() == REPO / "tests" / "scenarios"


def test_the_list_says_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "list"]) == Exit.OK
    told = capsys.readouterr()
    assert "A compute host loses power and its guests come back elsewhere." in told.out
    assert "kasugai sim run NAME" in told.err


def test_a_run_prints_the_log_as_data_and_the_rest_as_talk(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "run", "host-loses-power"]) == Exit.OK
    told = capsys.readouterr()
    text = (sim.folder() / "host-loses-power.scenario").read_text()
    assert told.out.strip("\n") == text.split("\nlog\n", 1)[1].strip("\n")
    assert "Every invariant held" in told.err


def test_a_log_that_differs_is_a_no_with_the_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (sim.folder() / "host-loses-power.scenario").read_text()
    (tmp_path / "host-loses-power.scenario").write_text(
        text.replace("plan cmp1: 3 guests", "plan cmp1: 4 guests")
    )
    monkeypatch.setattr(sim, "folder", lambda: tmp_path)
    assert main(["sim", "run", "host-loses-power"]) == Exit.NO
    told = capsys.readouterr().err
    assert "plan cmp1: 4 guests" in told and "+   " in told
    assert main(["sim", "run"]) == Exit.NO
    assert capsys.readouterr().out == "NO  host-loses-power\n"


def test_a_misspelt_scenario_is_misuse_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "run", "host-looses-power"]) == Exit.USAGE
    assert "did you mean host-loses-power?" in capsys.readouterr().err


OWN = """My outage.

What happens if?

cloud
  segment rack1
  host cmp1 runs a1 a2
  host cmp2
  observer peer
  observer nova

script
  30s power off cmp1
  10m end
"""


def test_a_file_of_ones_own_without_a_log_shows_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    for name in ("mine.txt", "./mine.txt", str(tmp_path / "mine.txt")):
        assert main(["sim", "run", name]) == Exit.OK
        told = capsys.readouterr()
        assert "plan cmp1: 2 guests" in told.out
        assert "Every invariant held. mine.txt has no log on record" in told.err


def test_a_file_that_breaks_an_invariant_is_a_no_with_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kasugai.sim.lab import runner

    def broken(*given: object) -> runner.Run:
        return replace(real(*given), broken=("a1 runs twice",))  # type: ignore[arg-type]

    real = runner.play
    monkeypatch.setattr(runner, "play", broken)
    (tmp_path / "mine.scenario").write_text(OWN)
    assert main(["sim", "run", str(tmp_path / "mine.scenario")]) == Exit.NO
    told = capsys.readouterr().err
    assert "invariant broken: a1 runs twice" in told and "Every invariant held" not in told


def test_a_file_that_is_not_there_or_no_text_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", "run", str(tmp_path / "none.scenario")]) == Exit.USAGE
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\n")
    assert main(["sim", "run", str(tmp_path / "bytes")]) == Exit.USAGE
    assert "cannot be read" in capsys.readouterr().err


def test_a_file_with_a_log_is_held_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.scenario").write_text(f"{OWN}\nlog\n   0:00  world  nothing\n")
    assert main(["sim", "run", str(tmp_path / "mine.scenario")]) == Exit.NO
    assert "on record" in capsys.readouterr().err


def test_a_broken_scenario_names_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.scenario").write_text(
        "A name.\n\nA story.\n\ncloud\n  host cmp1\n\nscript\n  soon end\n"
    )
    monkeypatch.setattr(sim, "folder", lambda: tmp_path)
    assert main(["sim", "run", "bad"]) == Exit.USAGE
    assert "bad.scenario:9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("right", "slip", "told"),
    [
        ("host cmp1 runs", "host cmp1 nodevise runs", "'nodevise' is no word of this line; known: reserve, "),
        ("host cmp1 runs", "host cmp1 capazity=3 runs", "'capazity=3' is no word of this line"),
        ("host cmp2", "host cmp2\n  guest a1 stoped", "'stoped' is no word of this line"),
        ("host cmp2", "host cmp2\n  guest a9 stopped", "no guest 'a9'"),
        ("observer peer", "observer peer delai=3s", "'delai=3s' is no word of this line"),
        ("segment rack1", "segment rack1 fense=none", "there is no fense"),
        ("segment rack1", "segment", "a word is missing, or one too many"),
        ("power off cmp1", "power off cmp9", "cmp9"),
        ("power off cmp1", "report cmp1 fenced trustet", "'trustet' is no word of this line"),
        ("power off cmp1", "report cmp1", "a word is missing, or one too many"),
        ("power off cmp1", "nova spawns fial cmp1", "fail|work belongs here, not fial"),
        ("power off cmp1", "nova cell silend cell1", "silent|speaks belongs here, not silend"),
        ("power off cmp1", "nova no-valid-host ja", "yes|no belongs here, not ja"),
        ("power off cmp1", "maintenance begin cmp1", "maintenance begins HOST"),
        ("power off cmp1", "operator migrates a1 to cmp2 switch=3s", "'switch=3s' is no word of this line"),
        ("power off cmp1", "operator approves cmp1 fence upto=2", "'upto=2' is no word of this line"),
    ],
)
def test_a_slip_is_refused_and_never_played_as_another_story(
    right: str, slip: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.scenario").write_text(OWN.replace(right, slip))
    assert main(["sim", "run", str(tmp_path / "mine.scenario")]) == Exit.USAGE
    said = capsys.readouterr().err
    assert told in said and "mine.scenario:" in said and "tests/scenarios/README.md" in said


@pytest.mark.parametrize("word", ["fast", "-1"])
def test_a_wrong_speed_is_misuse(word: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sim", "run", "host-loses-power", f"--speed={word}"])
    assert ended.value.code == Exit.USAGE


def test_fast_forward_waits_as_long_as_the_log_says_but_never_long() -> None:
    log = "   0:30  world  a\n   0:36  world  b\n   9:00  world  c\n\n  cmp1: off\n"
    assert [pause for _, pause in sim.paced(log, 60)] == [0.0, 0.1, sim.LONGEST_PAUSE, 0.0, 0.0]
    assert {pause for _, pause in sim.paced(log, 0)} == {0.0}
