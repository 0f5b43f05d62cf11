"""Phases: one table, and nothing that is final goes on."""

from itertools import product

import pytest

from kasugai.core.words.incident import TRANSITIONS, Phase, move


def test_every_phase_stands_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Phase)


def test_the_final_phases_are_the_four_ends() -> None:
    assert {phase for phase in Phase if phase.is_final} == {"recovered", "failed", "withdrawn", "ignored"}


@pytest.mark.parametrize(("old", "new"), list(product(Phase, Phase)))
def test_a_move_is_allowed_exactly_where_the_table_says_so(old: Phase, new: Phase) -> None:
    if new in TRANSITIONS[old]:
        assert move(old, new) is new
    else:
        with pytest.raises(ValueError, match=f"incident phase {old} cannot become {new}"):
            move(old, new)


def test_what_was_published_is_never_suspected_or_ignored_again() -> None:
    for phase in (Phase.OPENED, Phase.HELD, Phase.RECOVERING):
        assert not TRANSITIONS[phase] & {Phase.SUSPECTED, Phase.IGNORED}
        assert TRANSITIONS[phase] >= {Phase.RECOVERED, Phase.FAILED, Phase.WITHDRAWN}
