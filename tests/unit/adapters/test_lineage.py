"""Who is next on this machine knows that all before it are dead, and nobody takes a living one for dead."""

import subprocess
import sys
from pathlib import Path

import pytest

from kasugai.adapters import lineage as module
from kasugai.adapters.lineage import Lineage, lineage

HOLD = """
import sys
from kasugai.adapters.lineage import lineage
with lineage("worker-host", "w1") as life:
    print(life.author, life.former, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the process have a folder of its own."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    return tmp_path


def live() -> Lineage:
    """Live once, and die."""
    with lineage("worker-host", "w1") as life:
        return life


def test_the_next_life_knows_the_one_before_and_not_itself_apart() -> None:
    first, second = live(), live()
    assert first.author.startswith(second.former) and first.author != second.author
    assert second.former == first.former != ""


def test_other_instances_and_other_processes_are_of_other_lines() -> None:
    with lineage("worker-host", "w2") as other, lineage("worker-instance", "w1") as third:
        mine = live()
        assert not other.author.startswith(mine.former)
        assert not third.author.startswith(mine.former)


def test_a_living_one_is_never_taken_for_dead() -> None:
    with lineage("worker-host", "w1") as living:
        beside = live()
        assert beside.former == ""
        assert not beside.author.startswith(living.former)
    assert living.author.startswith(live().former)


def test_a_killed_one_is_known_to_be_dead_at_once() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    author, former = child.stdout.readline().split()
    assert live().former == ""
    child.kill()
    child.communicate()
    assert live().former == former
    assert author.startswith(former)


def test_what_runs_on_after_the_process_does_not_keep_the_line() -> None:
    with lineage("worker-host", "w1") as life:
        left = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        assert live().former == life.former
    finally:
        left.kill()
        left.wait()


def test_after_a_boot_a_new_line_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = live()
    boot = tmp_path / "boot_id"
    boot.write_text("01234567-89ab-cdef-0123-456789abcdef\n")
    monkeypatch.setattr(module, "BOOT", boot)
    assert not before.author.startswith(live().former)


@pytest.mark.parametrize("kept", ["", "half", "a line that is none", "\x00\x00"])
def test_a_file_that_says_nothing_begins_a_new_line(state: Path, kept: str) -> None:
    before = live()
    (state / "lives-worker-host-w1").write_text(kept)
    after = live()
    assert after.former != before.former
    assert live().former == after.former


def test_without_a_folder_nothing_is_known_of_any(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "none"))
    assert live().former == ""
    monkeypatch.delenv("STATE_DIRECTORY")
    one, other = live(), live()
    assert one.former == other.former == "" and one.author != other.author
