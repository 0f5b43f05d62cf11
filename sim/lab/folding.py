"""Makes the log of a story with many hosts readable: what is said of many at the same second becomes one line.

`suspect c01 (first-sighting)` to `suspect c20 (first-sighting)` become `suspect c01..c20 (first-sighting)`; the
census is folded alike. Stories of up to ten hosts are left as they are.
"""

import re

WIDE = 10
"""Stories with more hosts than this are folded."""

_NAME = re.compile(r"\b([a-z]+)(\d+)\b")


def fold(lines: list[str]) -> list[str]:
    """Return the lines with those that differ in one host's name only put together, where the first of them stood."""
    groups: dict[str, list[tuple[str, str]]] = {}
    order: list[str] = []
    for line in lines:
        match = _host_in(line)
        key = line if match is None else f"{line[: match.start()]}\0{line[match.end() :]}"
        if key not in groups or match is None:
            order.append(key)
        if match is not None:
            groups.setdefault(key, []).append((match[1], match[2]))
    return [key.replace("\0", _ranges(groups[key])) if "\0" in key else key for key in order]


def _host_in(line: str) -> re.Match[str] | None:
    """Return the one name with a number that the line holds."""
    found = [] if ".." in line else list(_NAME.finditer(line))
    return found[0] if len(found) == 1 else None


def _ranges(names: list[tuple[str, str]]) -> str:
    """Return `c01..c20 c31` for these names in their order."""
    found: list[list[tuple[str, str]]] = []
    for head, number in sorted(set(names)):
        last = found[-1][-1] if found else ("", "")
        if last[0] == head and int(number) == int(last[1]) + 1:
            found[-1].append((head, number))
        else:
            found.append([(head, number)])
    return " ".join(_range(run) for run in found)


def _range(run: list[tuple[str, str]]) -> str:
    first, last = "".join(run[0]), "".join(run[-1])
    return first if len(run) == 1 else f"{first}..{last}" if len(run) > 2 else f"{first} {last}"
