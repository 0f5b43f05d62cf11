"""A few of the stories that `make fuzz ARGS=--stories` draws without end."""

import pytest

from tests.fuzz.stories import broken, story


@pytest.mark.parametrize("seed", range(12))
def test_a_drawn_story_breaks_nothing(seed: int) -> None:
    assert broken(seed) == (), story(seed)
