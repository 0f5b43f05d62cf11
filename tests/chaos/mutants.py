"""Mistakes that a chaos run must notice, and the program that a process of Kasugai's is started by to make one.

`python -m tests.chaos.mutants NAME worker host ...` is `kasugai worker host ...` with the mistake built in. Nothing of
the product knows of it: the crew starts this module instead of `kasugai.cli`.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from kasugai.adapters.faust.progress import Place, Progress
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.ledger_reading import Reading
from kasugai.cli.main import main as kasugai
from kasugai.core.recovering import lastlook
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin
from kasugai.core.words.facts import StepState
from kasugai.core.words.incident import Open
from kasugai.streams import route
from kasugai.streams.route_shell import RouteShell
from kasugai.workers import effects
from kasugai.workers.effects import Tools
from tests import mutants
from tests.support.remedies import take_out

LOG = logging.getLogger("kasugai.mutant")

_call_and_tell = effects._call_and_tell


async def _and_again(tools: Tools, order: Open, begin: Begin, seen: Look) -> int | None:
    """As a client does that retries by itself: no reply, so the call is made once more."""
    took = await _call_and_tell(tools, order, begin, seen)
    if took is not None or tools.journal.entry.steps[begin.step.key].state is not StepState.UNSURE:
        return took
    return await _call_and_tell(tools, order, begin, seen)


@contextmanager
def _as_faust_is(*remedies: str) -> Iterator[None]:
    """Take remedies out, and let the log tell what that skips."""
    for remedy in remedies:
        take_out(remedy)
    with patch.object(Progress, "place", _telling(Progress.place)):
        yield


@contextmanager
def _believed() -> Iterator[None]:
    """An agent may say everything, and the world is not asked: else the last look would save the host."""
    with (
        patch.object(route, "check_saying", lambda *_: None),
        patch.object(lastlook, "source_age", lambda _: None),
    ):
        yield


async def _pass_over(_: RouteShell, record: Incoming, error: Exception) -> None:
    LOG.warning("%s at %d is passed over: %s", record.topic, record.offset, error)


def _stumble(_: Reading, what: str, why: str) -> None:
    raise TypeError(f"{what}: {why}")


def _telling(place: Callable[[Progress, int, int], Place]) -> Callable[[Progress, int, int], Place]:
    def tell(progress: Progress, partition: int, offset: int) -> Place:
        expected = progress.expected(partition)
        if 0 <= expected < offset:
            LOG.warning("records %d-%d of partition %d were skipped", expected, offset - 1, partition)
        return place(progress, partition, offset)

    return tell


FROM_SCENARIOS = {mutant.name: mutant.patch for mutant in mutants.MUTANTS}
MUTANTS: Mapping[str, Callable[[], AbstractContextManager[Any]]] = {
    "repeat a call without a reply": lambda: patch.object(effects, "_call_and_tell", _and_again),
    "records skipped after a rebalance": lambda: _as_faust_is("frozen-fetch", "own-offsets", "guard"),
    "resume before the seek": lambda: _as_faust_is("seek-first", "own-offsets", "guard"),
    "a lie of one agent is believed": _believed,
    "an unreadable record is passed over": lambda: patch.object(RouteShell, "_bury", _pass_over),
    "a foreign text ends a worker": lambda: patch.object(Reading, "_missed", _stumble),
    "stock Faust": lambda: _as_faust_is("frozen-fetch", "seek-first", "own-offsets", "guard"),
    **FROM_SCENARIOS,
}
"""By name: those of `tests.mutants`, and some that only real processes can make."""


def main() -> int:
    """Be `kasugai`, with a mistake."""
    name = sys.argv.pop(1)
    with MUTANTS[name]():
        return kasugai()


if __name__ == "__main__":
    sys.exit(main())
