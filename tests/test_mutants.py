"""The test of the tests: every mutant of scenarios.md is caught by its scenario, which is printed (`pytest -s`)."""

import pytest

from kasugai.sim.lab import variants
from kasugai.sim.lab.grammar import read
from kasugai.sim.lab.runner import play
from tests.mutants import MUTANTS, Mutant, catch
from tests.test_scenarios import FOLDER


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_is_caught(mutant: Mutant) -> None:
    """Its scenario passes without it and fails with it."""
    scenario = read(FOLDER / f"{mutant.scenario}.scenario")
    assert not variants.problems(scenario, play(scenario))
    how = catch(mutant, scenario)
    print(f"\nmutant {mutant.name!r} is caught by {mutant.scenario}: {how}")  # noqa: T201 - the test of the tests says so
    assert how is not None, f"{mutant.scenario} passes although: {mutant.name}"
