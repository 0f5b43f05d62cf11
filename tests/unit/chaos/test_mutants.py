"""A mistake is built into a process and into nothing else, and its name is one that the crew can start."""

import subprocess
import sys

import pytest

from kasugai.workers import effects
from tests.chaos.mutants import MUTANTS
from tests.mutants import MUTANTS as FROM_SCENARIOS


def test_every_mutant_of_the_scenarios_is_there() -> None:
    assert {mutant.name for mutant in FROM_SCENARIOS} < set(MUTANTS)


def test_a_mistake_ends_with_its_process() -> None:
    before = effects._call_and_tell
    with MUTANTS["repeat a call without a reply"]():
        assert effects._call_and_tell is not before
    assert effects._call_and_tell is before


@pytest.mark.parametrize(
    "name", ["repeat a call without a reply", "stock Faust", "a lie of one agent is believed"]
)
def test_a_mutant_is_the_kasugai_command(name: str) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tests.chaos.mutants", name, "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith("kasugai ")
