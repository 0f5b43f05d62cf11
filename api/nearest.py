"""Which known name was most likely meant by an unknown one: another case, short against FQDN, a slip. Pure."""

import difflib
from collections.abc import Iterable

ALIKE = 0.75
"""How much of a name must be there for a slip of the pen."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name that was most likely meant; empty when none is near.

    Of several hosts with one short name none is taken for the one that was meant: that would be a guess.
    """
    by_case = {each.casefold(): each for each in sorted(known)}
    wanted = name.casefold()
    if wanted in by_case:
        return by_case[wanted]
    same = [each for folded, each in by_case.items() if _are_one_host(folded, wanted)]
    if same:
        return same[0] if len(same) == 1 else ""
    found = difflib.get_close_matches(wanted, by_case, 1, ALIKE)
    return by_case[found[0]] if found else ""


def _are_one_host(one: str, other: str) -> bool:
    """Whether one of two different names is the other without its domain."""
    return one.startswith(f"{other}.") or other.startswith(f"{one}.")
