"""Steps of the operator's own: found among the installed packages, asked and let act, whatever they do.

Whatever one raises concerns its own step: a look that raises says `impossible`, an act that raises has failed. That
goes for SystemExit too: libraries that were written for commands end their process where they should raise.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Collection, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final, TypeVar

from kasugai.core.recovering.look import CustomState, CustomView
from kasugai.core.recovering.steps.custom_step import about, key_of
from kasugai.core.words.incident import Open
from kasugai.core.words.visible import shortened, visible
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.ports import (
    CloudAway,
    CloudRefused,
    CloudUnsure,
    CustomStep,
    CustomSteps,
    NoDoor,
    StepFailed,
)

GROUP: Final = "kasugai.steps"
"""The entry points' group: a name, and what makes the step when it is called without arguments."""

LOOK = 30.0
"""Seconds that one may take to say whether its state holds."""

LONGEST = 300
"""Characters of what a step says that are kept."""

T = TypeVar("T")

NO_STEPS: CustomSteps = MappingProxyType({})

RAISED: Final = (Exception, SystemExit)
"""What a stranger's code may end with and the worker goes on."""


class BadStep(Exception):
    """An installed step cannot be used. One line that names it and says what is wrong."""


def installed() -> CustomSteps:
    """Return the steps of all installed packages by name. BadStep for one that cannot be imported or made, or where two
    packages bring one of the same name."""
    found: dict[str, CustomStep] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        if point.name in found:
            raise BadStep(
                f"the step {point.name!r} is brought by two packages ({_place(point)} is one): remove one"
            )
        found[point.name] = _made(point)
    return MappingProxyType(found)


def _made(point: EntryPoint) -> CustomStep:
    try:
        step = point.load()()
    except RAISED as error:  # whatever a stranger's module does when it is imported
        raise BadStep(
            f"the step {point.name!r} ({_place(point)}) cannot be used: {last_line(error)}; mend or remove that package"
        ) from error
    for verb in ("look", "act"):
        if not asyncio.iscoroutinefunction(getattr(step, verb, None)):
            raise BadStep(
                f"the step {point.name!r} ({_place(point)}) has no coroutine {verb!r}: see docs/custom-steps.md"
            )
    return step  # type: ignore[no-any-return]  # it has both verbs


def _place(point: EntryPoint) -> str:
    package = point.dist.name if point.dist is not None else "?"
    return f"{point.value} of {package}"


async def ask(steps: CustomSteps, order: Open, keys: Collection[str]) -> Mapping[str, CustomView]:
    """Return what the steps of these keys say of their states, by key."""
    if not keys:
        return MappingProxyType({})
    names = {key_of(name): name for name in steps}
    views = await asyncio.gather(*(_ask(steps, order, key, names.get(key)) for key in sorted(keys)))
    return MappingProxyType(dict(zip(sorted(keys), views, strict=True)))


async def _ask(steps: CustomSteps, order: Open, key: str, name: str | None) -> CustomView:
    at = monotonic_ms()
    if name is None:
        detail = f"this worker has no such step: install the package that brings it (entry point {GROUP})"
        return CustomView(state=CustomState.IMPOSSIBLE, at=at, detail=detail)
    limit = asyncio.timeout(LOOK)
    try:
        async with limit:
            state, said = await _contained(steps[name].look(about(order)))
        return CustomView(state=CustomState(state), at=at, detail=_cut(str(said)))
    except StepFailed as failed:
        return CustomView(state=CustomState.IMPOSSIBLE, at=at, detail=str(failed))
    except RAISED as error:  # a stranger's code: its trouble is its own step's
        detail = f"its look took longer than {LOOK:.0f} s" if limit.expired() else last_line(error)
        return CustomView(state=CustomState.IMPOSSIBLE, at=at, detail=detail)


async def act(name: str, payload: Mapping[str, str], steps: CustomSteps) -> None:
    """Let a step act. NoDoor when this worker does not have it, StepFailed when it raises; what it says in the words of
    Nova's port (CloudRefused, CloudAway, CloudUnsure) means the same as there."""
    step = steps.get(name)
    if step is None:
        raise NoDoor(
            f"this worker has no step {name!r}: install the package that brings it (entry point {GROUP})"
        )
    try:
        await _contained(step.act(payload))
    except (CloudAway, CloudRefused, CloudUnsure, StepFailed, TimeoutError):
        raise
    except RAISED as error:  # a stranger's code: its trouble is its own step's
        raise StepFailed(last_line(error)) from error


async def _contained(work: Awaitable[T]) -> T:
    """Return what a step answers. What it raises that would end more than itself is an error of its own: SystemExit,
    and a cancellation that is none of ours (of something that it waits for)."""
    try:
        return await work
    except (asyncio.CancelledError, SystemExit) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise StepFailed(last_line(error)) from error


def last_line(error: BaseException) -> str:
    """Return the last line of an error's traceback, fit to be shown."""
    lines = [line for line in "".join(traceback.format_exception_only(error)).splitlines() if line.strip()]
    return _cut(lines[-1].strip() if lines else type(error).__name__)


def _cut(text: str) -> str:
    return shortened(visible(text), LONGEST)
