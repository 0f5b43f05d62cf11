"""The crash sweep for authors of custom steps: it finds what a dead worker, a second record and a lie bring about."""

import asyncio
from collections.abc import Mapping

import pytest

from kasugai.testing import sweep


class World:
    """What two names should be in. It outlives the workers."""

    def __init__(self) -> None:
        self.names: list[str] = []


class Good:
    """Looks at both, and adds what is missing."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        return ("holds" if {"a", "b"} <= set(self._world.names) else "absent"), ""

    async def act(self, about: Mapping[str, str]) -> None:
        for name in ("a", "b"):
            await asyncio.sleep(0.1)
            if name not in self._world.names:
                self._world.names.append(name)


class Hasty(Good):
    """Looks at the first name only: half an act looks like a whole one."""

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        return ("holds" if "a" in self._world.names else "absent"), ""


class Twofold(Good):
    """Adds both without looking again: an act that is made good is made twice."""

    async def act(self, about: Mapping[str, str]) -> None:
        for name in ("a", "b"):
            await asyncio.sleep(0.1)
            self._world.names.append(name)


class Broken(Good):
    """Raises whenever it is to act."""

    async def act(self, about: Mapping[str, str]) -> None:
        raise ValueError("not today")


class Trial:
    """One play of one of them."""

    def __init__(self, kind: type[Good]) -> None:
        self._world = World()
        self.step = kind(self._world)

    def wrong(self) -> str:
        return "" if sorted(self._world.names) == ["a", "b"] else f"it has {self._world.names}"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_good_one_passes_wherever_it_stands(when: str) -> None:
    assert sweep(lambda: Trial(Good), when=when) == ()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Hasty, "worker dies at wait 2 of act: it has ['a']"),
        (Twofold, "worker dies at wait 2 of act: it has ['a', 'a', 'b']"),
    ],
)
def test_one_that_cannot_be_broken_off_is_found_out(kind: type[Good], told: str) -> None:
    assert told in sweep(lambda: Trial(kind))


def test_one_that_raises_is_told_at_once_with_the_last_words_about_it() -> None:
    found = sweep(lambda: Trial(Broken))
    assert any("the recovery did not end" in line and "ValueError: not today" in line for line in found)


@pytest.mark.parametrize(
    ("words", "told"),
    [({"kind": "guest"}, "one of host, instance, process"), ({"when": "between"}, "one of before, after")],
)
def test_a_word_that_is_none_is_answered_with_those_that_are(words: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        sweep(lambda: Trial(Good), **words)
