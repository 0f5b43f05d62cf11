"""What `kasugai sim detect` prints: one line for each thing that is measured, with its limits."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TypeVar

from kasugai.cli.terminal import data
from kasugai.sim.lab.detecting import confirm, trouble

LIMITS = {True: (5.0, 10.0), False: (10.0, 20.0)}
"""Seconds from power loss to confirmed, with a BMC and without: median, and what one of a hundred exceeds."""

HANDED = 4
"""So many runs are handed to a process at a time."""

T = TypeVar("T")


def confirmed(seeds: Iterable[int], *, has_bmc: bool, parallel: int = 1) -> bool:
    """Print how soon a host that lost power is confirmed, and return whether a limit is missed. `parallel`: by so many
    processes, which changes nothing else."""
    took = sorted(_each(partial(confirm, has_bmc=has_bmc), seeds, parallel))
    if not took:
        return False
    half, nearly_all = took[(len(took) - 1) // 2], took[(len(took) * 99 - 1) // 100]
    limits = LIMITS[has_bmc]
    data(
        f"power loss to confirmed, {'with a BMC   ' if has_bmc else 'without a BMC'}  {len(took):,} runs  "
        f"p50 {half:.1f} s (limit {limits[0]:.0f})  p99 {nearly_all:.1f} s (limit {limits[1]:.0f})  "
        f"longest {took[-1]:.1f} s"
    )
    return half > limits[0] or nearly_all > limits[1]


def fenced(seeds: Iterable[int], *, parallel: int = 1) -> bool:
    """Print how many living hosts were fenced while this and that failed, and return whether any was."""
    runs, hosts = Counter[str](), Counter[str]()
    for found in _each(trouble, seeds, parallel):
        runs[found.kind] += 1
        hosts[found.kind] += found.fenced
    for kind, count in sorted(runs.items()):
        data(f"living hosts fenced, {kind:<12}  {count:,} runs  {hosts[kind]} (limit 0)")
    return hosts.total() > 0


def _each(play: Callable[[int], T], seeds: Iterable[int], parallel: int) -> Iterator[T]:
    """Yield what comes of each seed, in their order."""
    if parallel <= 1:
        yield from map(play, seeds)
        return
    with ProcessPoolExecutor(parallel) as processes:
        yield from processes.map(play, seeds, chunksize=HANDED)
