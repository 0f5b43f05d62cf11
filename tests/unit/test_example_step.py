"""The example of a custom step, as its author would have it: outside the tree, built, installed, played and swept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
EXAMPLE = REPO / "examples" / "kasugai-step-announce"

PLAY = """
from pathlib import Path
from kasugai.sim.lab.grammar import read_text
from kasugai.sim.lab.runner import play
from kasugai.workers.custom import installed

text = Path("story").read_text()
print(play(read_text(Path("story"), text), custom_steps=installed()).log)
"""

STORY = """a host fails and the wall hears of it

The example's step stands behind the recovery.

cloud
  segment rack1   host-after=announce
  host cmp1       runs web1
  host cmp2
  observer peer
  observer heartbeat

script
  30s   power off cmp1
  2m    end
"""


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example's source and, in `site`, the installed package."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "source")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder))
    run(*build, str(folder / "source"), cwd=folder)
    (wheel,) = folder.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target")
    run(*pip, str(folder / "site"), str(wheel), cwd=folder)
    return folder


def test_a_worker_finds_it_and_a_recovery_has_it_done_and_told(place: Path) -> None:
    (place / "story").write_text(STORY)
    wall = place / "announced"
    path = f"{place / 'site'}:{REPO / 'src'}"
    log = run(sys.executable, "-c", PLAY, cwd=place, PYTHONPATH=path, KASUGAI_ANNOUNCE=str(wall))
    assert "worker     custom-step announce" in log
    assert "close cmp1 (recovered)" in log
    (line,) = wall.read_text().splitlines()
    assert line.endswith(" host cmp1")


def test_its_own_sweep_passes_against_this_kasugai(place: Path) -> None:
    path = f"{place / 'site'}:{REPO / 'src'}"
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(place / "source" / "tests"),
    )
    assert "2 passed" in run(*command, cwd=place, PYTHONPATH=path)
