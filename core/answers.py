"""Does Nova answer evacuate calls more slowly the more of them it has at hand? A line through the answers tells.

Single answers vary fourfold on an idle Nova (nova.md: 60-250 ms), so neither two answers nor the medians of two rounds
can be compared; a line through all of them can be trusted from sixteen on. It knows no window and no clock.
"""

from collections.abc import Sequence
from statistics import linear_regression, median

from kasugai.core.timing import Millis

TOLERATED = 2.2
"""How much longer the last call may take to be answered than the first, by the line. On the simulated two-core Nova
sixteen calls come to 3, twenty-five to 5; on one that congestion does not slow, less than 1 run in 100 comes here."""
OUTLIER = 3
"""An answer counts as no slower than so many times the median: one stuck call is no slow Nova."""

Answer = tuple[int, Millis]
"""Which of the owner's calls it was (1: the first), and how long Nova took to accept it."""


def slow_down(answers: Sequence[Answer]) -> bool:
    """Return whether the line through at least two answers rises by more than is tolerated."""
    most = OUTLIER * median(took for _, took in answers)
    places = [place for place, _ in answers]
    slope, base = linear_regression(places, [min(took, most) for _, took in answers])
    first, last = base + slope * min(places), base + slope * max(places)
    return last > TOLERATED * first
