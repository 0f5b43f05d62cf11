"""Runs a scenario under virtual time and says what came of it."""

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from kasugai.schemas.codec import remembering
from kasugai.sim.lab.forking import CHILD, Fork
from kasugai.sim.lab.grammar import Scenario
from kasugai.sim.lab.laboratory import Branches, Lab, Variant
from kasugai.sim.lab.mortal import Effect
from kasugai.sim.lab.recording import write
from kasugai.sim.lab.stage import build
from kasugai.sim.lab.verbs import perform
from kasugai.sim.loop import run
from kasugai.workers.custom import NO_STEPS
from kasugai.workers.ports import CustomSteps

T = TypeVar("T")

GRACE = 1200.0
"""Seconds that a variant may go on after the script's end to come to rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of it."""

    log: str
    broken: tuple[str, ...]
    """Violated invariants."""
    worker_effects: tuple[Effect, ...]
    """The workers' effects: where they could have died."""
    correlate_effects: tuple[Effect, ...]
    requests: int

    @property
    def census(self) -> str:
        """Where everything is at the end."""
        return self.log.rsplit("\n\n", 1)[-1].strip("\n")


AS_WRITTEN = Variant()


def play(scenario: Scenario, variant: Variant = AS_WRITTEN, custom_steps: CustomSteps = NO_STEPS) -> Run:
    """Play a scenario once, with workers that have these steps of the operator's own. The same scenario and variant
    give the same run in every process."""
    with _in_silence(), _without_collecting(), remembering():
        return run(_play(scenario, variant, custom_steps))


def play_deaths(
    scenario: Scenario, deaths: Iterable[Variant], judge: Callable[[Run], T], worth: float = CHILD
) -> list[tuple[Variant, T]]:
    """Play variants in which somebody dies, from one run as written where it took `worth` seconds of a core up to
    there, and return what `judge` makes of each run (a value that pickles). Each goes as `play` would have it go.
    Raises BranchLost if one could not be played."""
    fork = Fork(judge, worth)
    fork.plan(deaths)
    try:
        with _in_silence(), _without_collecting(), remembering():
            fork.end(run(_play(scenario, AS_WRITTEN, NO_STEPS, fork.at)))
    except BaseException:
        fork.fail()
        raise
    return [*fork.ended, *((variant, judge(play(scenario, variant))) for variant in fork.early)]


def record(scenario: Scenario, file: IO[bytes]) -> Run:
    """Play a scenario as written, and write what was said, decided and done into `file`: a recording."""
    with _in_silence(), _without_collecting(), remembering():
        return run(
            _play(scenario, AS_WRITTEN, NO_STEPS, ended=lambda lab: write(lab.broker, lab.timing, file))
        )


def quietly(main: Coroutine[Any, Any, T]) -> T:
    """Run something under virtual time, as stories are played."""
    with _in_silence(), _without_collecting(), remembering():
        return run(main)


@contextmanager
def _in_silence() -> Iterator[None]:
    """Nobody reads the lines of a simulated process."""
    log = logging.getLogger("kasugai")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """A run is short and nearly all of what it makes lives to its end: the collector would look at it in vain."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


async def _play(
    scenario: Scenario,
    variant: Variant,
    custom_steps: CustomSteps,
    branches: Branches = lambda _who, _index: None,
    ended: Callable[[Lab], None] = lambda _lab: None,
) -> Run:
    lab = Lab(variant=variant, custom_steps=custom_steps, branches=branches)
    build(lab, scenario)
    lab.start()
    loop = asyncio.get_running_loop()
    for event in scenario.script:
        await asyncio.sleep(max(0.0, event.at - loop.time()))
        perform(lab, scenario, event)
    give_up = loop.time() + (0 if lab.variant.name == AS_WRITTEN.name else GRACE)
    while loop.time() < give_up and not lab.is_at_rest():  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(30)
    lab.finish()
    ended(lab)
    return Run(
        log="\n".join(lab.lines) + "\n",
        broken=tuple(lab.invariants.broken),
        worker_effects=tuple(lab.worker_effects.effects),
        correlate_effects=tuple(lab.correlate_effects.effects),
        requests=len(lab.cloud.wire.requests),
    )


def rewrite(scenario: Scenario) -> str:
    """Return the file's text with its log replaced by what happens now."""
    text = scenario.path.read_text()
    head = text.split("\nlog\n", 1)[0].rstrip("\n")
    tail = "".join(f"\nor\n{ending}" for ending in scenario.endings)
    return f"{head}\n\nlog\n{play(scenario).log}{tail}"
