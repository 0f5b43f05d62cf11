"""Does Nova answer evacuate calls more slowly the more of them it has at hand? A line through the answers tells.

Single answers vary fourfold on an idle Nova (nova.md: 60-250 ms), so neither two answers nor the medians of two rounds
can be compared; a line through all of them can be trusted from sixteen on. It knows no window and no clock.
"""

from collections.abc import Sequence
from statistics import StatisticsError, correlation, linear_regression, median

from kasugai.core.words.timing import Millis

SURE = 2.5
"""How many standard errors the line's rise must measure (Student's t). The rise itself is asked for: how it compares
with the answers' length depends on the road to Nova, which is a part of each of them (ADR 10)."""
TOLERATED = 1.4
"""A rise is nobody's business while the last call is answered within so many times the first one's time, by the
line."""
OUTLIER = 3
"""An answer counts as no slower than so many times the median: one stuck call is no slow Nova."""

Answer = tuple[int, Millis]
"""Which of the owner's calls it was (1: the first), and how long Nova took to accept it."""


def slow_down(answers: Sequence[Answer]) -> bool:
    """Return whether the line through at least three answers surely rises, and by more than is tolerated."""
    most = OUTLIER * median(took for _, took in answers)
    places = [place for place, _ in answers]
    times = [min(took, most) for _, took in answers]
    try:
        alike = correlation(places, times)
    except StatisticsError:
        return False  # all took the same time
    if alike <= 0 or alike**2 * (len(answers) - 2) < SURE**2 * (1 - alike**2):
        return False
    slope, base = linear_regression(places, times)
    return base + slope * max(places) > TOLERATED * (base + slope * min(places))
