"""In how many ways a scenario is played: as written, with every record twice, with records of different partitions
reordered, with the worker and with correlate dying at each of their effects.

Under all of them the census must be the one that the scenario allows and no invariant may break.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kasugai.sim.lab.folding import WIDE
from kasugai.sim.lab.grammar import Scenario, names
from kasugai.sim.lab.laboratory import Variant
from kasugai.sim.lab.mortal import Death, Effect, When
from kasugai.sim.lab.runner import Run, play, play_deaths

EXHAUSTIVE = 6
"""Up to so many guests every effect is a place to die; larger scenarios take every tenth."""
STRIDE = 10
LONG, LONG_STRIDE = 600.0, 3
"""Stories of more than ten minutes, which are mostly waiting, take every third effect."""
WIDE_STRIDE = 100
"""Stories of many hosts say the same of each of them: every hundredth effect."""
FEW = 12
"""Stories of guests and processes that fail are many, short and alike: some so many effects, and of few guests every
call."""
ABOUT_FEW = (("crash",), ("stall",), ("process",), ("alarm",), ("report", "instance"))
"""How the lines begin that make such a story."""
FIRST, LAST = 10, 5
"""So many effects of one name are places to die, from the beginning and from the end of a run."""
CLOCK = "row ~clock"
FIRST_TICKS, LAST_TICKS = 4, 2
"""So many of the ticks that changed nothing but the time."""
SAME = 0.05
"""Seconds: a death behind one effect and a death before the next that follows within so little are the same death, for
nothing but the acknowledgement lies between; only the first is played."""
SEEDS = (1, 2, 3)
"""Seeds of the reorderings."""
WIRES = (0.0, 17.0, 34.9)
"""Seconds that a dead worker's call stays on the wire: from none to the client's time-out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A variant that did not end as it should."""

    variant: Variant
    problems: tuple[str, ...]
    run: Run


def of_records() -> tuple[Variant, ...]:
    """Return the variants about records: duplicated and reordered."""
    shuffled = tuple(Variant(name=f"reordered, seed {seed}", shuffle=seed) for seed in SEEDS)
    return (Variant(name="every record twice", twice=True), *shuffled)


def of_worker_deaths(scenario: Scenario, base: Run) -> Iterator[Variant]:
    """Yield the variants in which the worker dies at an effect of the run as written. A call that it has sent goes on
    without it, and may stay on the wire for as long as the client would have waited. At every other effect its
    successor knows that it is dead, and does not wait for its lease to end."""
    for death, name in _deaths(scenario, base.worker_effects):
        for wire in WIRES if name.startswith("call") and death.when is When.AFTER else WIRES[:1]:
            late = f", {wire:g} s on the wire" if wire else ""
            succeeds = death.index % 2 == 0
            back = ", and is back" if succeeds else ""
            yield Variant(
                name=f"worker dies {death.when} effect {death.index} ({name}){late}{back}",
                worker_death=death,
                succeeds=succeeds,
                wire=wire,
            )


def of_correlate_deaths(scenario: Scenario, base: Run) -> Iterator[Variant]:
    """Yield the variants in which correlate dies at a publish or a row write of the run as written."""
    for death, name in _deaths(scenario, base.correlate_effects):
        yield Variant(
            name=f"correlate dies {death.when} effect {death.index} ({name})", correlate_death=death
        )


def _deaths(scenario: Scenario, effects: tuple[Effect, ...]) -> Iterator[tuple[Death, str]]:
    """Yield where to die, with the name of the effect."""
    taken = _telling(effects, _indexes(scenario, effects))
    for index in sorted(taken):
        effect = effects[index - 1]
        if index - 1 not in taken or effect.at - effects[index - 2].at > SAME:
            yield Death(index, When.BEFORE), effect.name
        yield Death(index, When.AFTER), effect.name


def _telling(effects: tuple[Effect, ...], indexes: Iterable[int]) -> set[int]:
    """An effect that a long wait repeats (a tick's clock, `working`) finds the same state each time: of those with one
    name some are taken from both ends."""
    places: dict[str, list[int]] = {}
    for index in indexes:
        places.setdefault(effects[index - 1].name, []).append(index)
    return {index for name, found in places.items() for index in _ends(name, found)}


def _ends(name: str, found: list[int]) -> list[int]:
    first, last = (FIRST_TICKS, LAST_TICKS) if name == CLOCK else (FIRST, LAST)
    return [*found[:first], *found[-last:]]


def _indexes(scenario: Scenario, effects: tuple[Effect, ...]) -> Iterable[int]:
    count = len(effects)
    if hosts(scenario) > WIDE:
        return range(1, count + 1, WIDE_STRIDE)
    if _is_about_few(scenario):
        places = range(1, count + 1, max(1, -(-count // FEW)))
        calls = [index for index, effect in enumerate(effects, 1) if effect.name.startswith("call")]
        return places if guests(scenario) > EXHAUSTIVE else sorted({*places, *calls})
    small = LONG_STRIDE if scenario.end > LONG else 1
    return range(1, count + 1, small if guests(scenario) <= EXHAUSTIVE else STRIDE)


def _is_about_few(scenario: Scenario) -> bool:
    return any(event.words[: len(begin)] == begin for event in scenario.script for begin in ABOUT_FEW)


def problems(scenario: Scenario, run: Run) -> tuple[str, ...]:
    """Return what is wrong with a run: broken invariants, a census that the scenario does not allow."""
    allowed = {scenario.census, *(ending.strip("\n") for ending in scenario.endings)}
    wrong = () if run.census in allowed else (f"census:\n{run.census}",)
    return (*run.broken, *wrong)


def failures(scenario: Scenario, variants: Iterable[Variant]) -> Iterator[Failure]:
    """Play the variants, each from its beginning, and yield those that fail."""
    for variant in variants:
        run = play(scenario, variant)
        if wrong := problems(scenario, run):
            yield Failure(variant=variant, problems=wrong, run=run)


def failures_of_deaths(scenario: Scenario, deaths: Iterable[Variant]) -> Iterator[Failure]:
    """Play variants in which somebody dies, all from one run, and yield those that fail."""

    def judge(run: Run) -> tuple[tuple[str, ...], Run] | None:
        wrong = problems(scenario, run)
        return (wrong, run) if wrong else None

    for variant, found in play_deaths(scenario, deaths, judge):
        if found is not None:
            yield Failure(variant=variant, problems=found[0], run=found[1])


def hosts(scenario: Scenario) -> int:
    """Return how many hosts the scenario has."""
    return sum(len(names(line.words[1])) for line in scenario.cloud if line.words[0] == "host")


def guests(scenario: Scenario) -> int:
    """Return how many guests the scenario's hosts run."""
    return sum(
        len(line.words[line.words.index("runs") + 1 :]) for line in scenario.cloud if "runs" in line.words
    )
