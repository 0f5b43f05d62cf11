"""How long words may be and how large numbers: what all who let something in agree upon.

Rows, verdicts and orders repeat what others said; what no broker takes any more would end correlate, again and again.
Which field has which bound is said where records are read (`schemas/bounds.py`).
"""

LONGEST = 255
"""Bytes of a name that rows repeat (a host's, an observer's, an episode's, a segment's id), and characters of every
other name, as in Nova and in Masakari's API."""
LONGEST_TEXT = 2_000
"""Characters of what is said to people: a reason, a detail."""
LONGEST_PAGE = 65_535
"""Characters of a description, as in Masakari's database."""
HIGHEST = 2**53 - 1
"""The highest count, version or epoch: every JSON reader and Redis' Lua still count it exactly."""
LATEST = 253_402_300_799_999
"""Milliseconds since 1970 of the last moment that a calendar has: the end of the year 9999."""


def bytes_of(name: str) -> int:
    """Return how many bytes a name takes in a record."""
    return len(name) if name.isascii() else len(name.encode())


def cut(text: str, most: int = LONGEST_TEXT) -> str:
    """Return the beginning of a text that has more than `most` characters, with a mark that there was more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
