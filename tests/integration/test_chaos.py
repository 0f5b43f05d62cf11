"""The short form of `make chaos`: one seed, some seconds of blows on real processes; nothing lost, twice or shot."""

from pathlib import Path

import pytest

from tests.chaos.run import Run
from tests.chaos.table import out, row_of, show

SEED, SECONDS = 2, 14.0


@pytest.mark.integration
@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_some_seconds_of_chaos_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    outcome = Run(SEED, SECONDS, tmp_path, out).play()
    show([row_of(outcome)])
    assert outcome.judgement.violations == ()
    assert outcome.losses >= 2 and outcome.kills >= 1
