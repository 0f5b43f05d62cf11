"""Builds the sdist, the wheel from the sdist, and looks at what an installation of that wheel gives.

A build from the checkout alone would hide packages that are missing from the sdist (docs/adr/0001-packaging.md).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
ROOMS = sorted(link.name for link in (REPO / "src" / "kasugai").iterdir() if link.is_symlink())
DATA_SUFFIXES = {".avsc", ".css", ".js", ".json", ".lua", ".yaml"}


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=cwd, env=os.environ | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shipped_files() -> set[str]:
    return {
        str(file.relative_to(REPO))
        for room in ROOMS
        for file in (REPO / room).rglob("*")
        if file.suffix in DATA_SUFFIXES | {".py"}
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with nothing but the wheel installed."""
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(REPO), cwd=dist)
    (wheel,) = dist.glob("kasugai-*-py3-none-any.whl")
    target = tmp_path_factory.mktemp("site")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target")
    run(*pip, str(target), str(wheel), cwd=dist)
    return target


def test_the_wheel_installs_one_name_only(site: Path) -> None:
    names = {entry.name.split("-")[0] for entry in site.iterdir()} - {"bin"}
    assert names == {"kasugai"}
    assert (site / "kasugai" / "py.typed").is_file()


def test_the_wheel_has_every_module_and_every_data_file(site: Path) -> None:
    packed = {
        str(file.relative_to(site / "kasugai")) for file in (site / "kasugai").rglob("*") if file.is_file()
    }
    assert shipped_files() - packed == set()


def test_the_wheel_has_the_scenarios_that_lie_in_tests(site: Path) -> None:
    packed = {file.name for file in (site / "kasugai" / "sim" / "scenarios").glob("*.scenario")}
    assert packed == {file.name for file in (REPO / "tests" / "scenarios").glob("*.scenario")} != set()


def test_the_installed_command_runs_from_the_wheel(site: Path) -> None:
    program = "import kasugai.cli.main as m; print(m.__file__); m.main(['--version'])"
    out = run(sys.executable, "-c", program, cwd=site, PYTHONPATH=str(site))
    assert out.startswith(str(site))
    assert "kasugai 0." in out
