"""When so many hosts have failed that their number itself says something: the arithmetic of storms (ADRs 7 and 32), one
for those who decide and for those who foretell what would be decided."""

from collections.abc import Collection, Iterable, Set


def is_too_many(failed: int, of: int, percent: int) -> bool:
    """Whether so many failed hosts are a storm: more than one, and at least so many percent of `of`."""
    return failed > 1 and failed * 100 >= percent * of


def as_one(crowd: int, sick: Set[str], hosts: Collection[str], domains: Iterable[Set[str]]) -> int:
    """Return for how many `crowd` unhealthy hosts of a segment's `hosts` count where each of these failure domains
    counts as one once all of it is in `sick`. Never one that is more than half of the segment."""
    whole = [members for members in domains if members <= sick and 2 * len(members) <= len(hosts)]
    covered = len(set().union(*whole))
    return min(crowd, crowd - covered + len(whole))
