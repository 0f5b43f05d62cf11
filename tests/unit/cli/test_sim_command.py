"""`kasugai sim` finds the scenarios, plays them, and says no when a log or an invariant is not as it should be."""

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


def test_a_broken_scenario_names_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.scenario").write_text(
        "A name.\n\nA story.\n\ncloud\n  host cmp1\n\nscript\n  soon end\n"
    )
    monkeypatch.setattr(sim, "folder", lambda: tmp_path)
    assert main(["sim", "run", "bad"]) == Exit.USAGE
    assert "bad.scenario:9" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["fast", "-1"])
def test_a_wrong_speed_is_misuse(word: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sim", "run", "host-loses-power", f"--speed={word}"])
    assert ended.value.code == Exit.USAGE


def test_fast_forward_waits_as_long_as_the_log_says_but_never_long() -> None:
    log = "   0:30  world  a\n   0:36  world  b\n   9:00  world  c\n\n  cmp1: off\n"
    assert [pause for _, pause in sim.paced(log, 60)] == [0.0, 0.1, sim.LONGEST_PAUSE, 0.0, 0.0]
    assert {pause for _, pause in sim.paced(log, 0)} == {0.0}
