"""Variants that share what lies before a death: each goes as it goes alone, and none is lost without a word."""

from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.sim.lab import variants
from kasugai.sim.lab.forking import BranchLost
from kasugai.sim.lab.grammar import Scenario, read
from kasugai.sim.lab.laboratory import Variant
from kasugai.sim.lab.mortal import Death, When
from kasugai.sim.lab.runner import Run, play, play_deaths

STORY = Path(__file__).parents[2] / "scenarios" / "a-guest-crashes.scenario"


@pytest.fixture(name="story")
def _story() -> Scenario:
    return read(STORY)


def _deaths(story: Scenario) -> list[Variant]:
    base = play(story)
    return [*variants.of_worker_deaths(story, base), *variants.of_correlate_deaths(story, base)]


def test_each_goes_as_it_goes_alone(story: Scenario) -> None:
    """To the letter of the log, to each effect and its time, with every kind of death and of its call's way."""
    deaths = _deaths(story)
    alone = {death.name: play(story, death) for death in deaths}
    for worth in (0.0, 1e9):  # all by children, all whole
        played = {death.name: run for death, run in play_deaths(story, deaths, lambda run: run, worth)}
        assert played == alone
    assert any(death.wire for death in deaths) and any(death.succeeds for death in deaths)


def test_a_variant_that_ends_otherwise_is_found(story: Scenario) -> None:
    """What the child's judge finds comes back with its run."""
    death = _deaths(story)[0]
    wrong = replace(story, log=story.log.replace("cmp1: on", "cmp1: off"))
    (failure,) = variants.failures_of_deaths(wrong, [death])
    assert failure.variant == death and failure.problems[0].startswith("census:")
    assert failure.run == play(story, death)


def test_what_a_child_raises_is_told(story: Scenario) -> None:
    """With its variant's name and what was raised; a variant is never taken for one that went well."""

    def judge(_: Run) -> None:
        raise LookupError("of the judge")

    with pytest.raises(BranchLost, match=r"(?s)worker dies .*LookupError: of the judge"):
        play_deaths(story, _deaths(story)[:1], judge, worth=0.0)


def test_an_effect_that_never_comes_is_told(story: Scenario) -> None:
    never = Variant(name="worker dies late", worker_death=Death(10_000, When.AFTER))
    with pytest.raises(BranchLost, match="worker dies late: its effect never came"):
        play_deaths(story, [never], lambda run: run)


def test_a_variant_in_which_nobody_dies_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody dies in it: every record twice"):
        play_deaths(read(STORY), variants.of_records(), lambda run: run)
