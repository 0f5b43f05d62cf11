"""Every test of the shell sees the end of the process as an exception, and may have a clock and a loop."""

import asyncio
from collections.abc import Iterator
from typing import NoReturn

import pytest

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.exits import Exit
from tests.support.shell import Hands, Left


@pytest.fixture
def clock() -> Hands:
    """A clock moved by hand."""
    return Hands()


@pytest.fixture(autouse=True)
def no_real_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn the end of the process into an exception."""

    def leave(code: Exit, why: str) -> NoReturn:
        raise Left(code, why)

    monkeypatch.setattr(exits, "leave", leave)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that does not run."""
    made = asyncio.new_event_loop()
    yield made
    made.close()
